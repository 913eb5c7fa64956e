//! TLS: what is served over it, what is refused, and a certificate that is read again. `config check` beside it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::Certificate;
use reqwest::blocking::Client;
use rustix::process::Signal;

use crate::service::{Service, client, send, vectord};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls").join(name)
}

/// A client that trusts the tests' authority, with a connection of its own.
fn trusting() -> Client {
    drop(client());
    let authority = Certificate::from_pem(&std::fs::read(data("ca.pem")).unwrap()).unwrap();
    let builder = Client::builder().tls_certs_only([authority]).timeout(Duration::from_secs(60));
    builder.tls_info(true).build().unwrap()
}

/// The certificate that the service shows.
fn shown(service: &Service) -> Vec<u8> {
    let answer = trusting().get(format!("{}/livez", service.url)).send().unwrap();
    let info = answer.extensions().get::<reqwest::tls::TlsInfo>().unwrap();
    info.peer_certificate().unwrap().to_vec()
}

#[test]
fn what_is_served_over_tls_is_served_over_nothing_else() {
    let mut command = vectord(&["serve", "--store", "memory:", "--bind", "127.0.0.1:0"]);
    command.arg("--tls-cert").arg(data("one.pem")).arg("--tls-key").arg(data("one.key"));
    let service = Service::start(command);
    assert!(service.url.starts_with("https://127.0.0.1:"), "{}", service.url);
    let answer = trusting().get(format!("{}/vectors/index", service.url)).send().unwrap();
    assert_eq!(answer.status(), 200);
    let stranger = client().get(format!("{}/livez", service.url)).send();
    assert!(stranger.is_err(), "whoever does not trust the authority does not talk to it");
    // What is no handshake ends, and others are answered meanwhile.
    let mut plain = TcpStream::connect(service.url.strip_prefix("https://").unwrap()).unwrap();
    plain.write_all(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    plain.read_to_end(&mut answer).ok();
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    assert_eq!(trusting().get(format!("{}/livez", service.url)).send().unwrap().status(), 200);
}

#[test]
fn sighup_reads_the_certificate_again_and_a_bad_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let install = |name: &str| {
        std::fs::copy(data(&format!("{name}.pem")), &cert).unwrap();
        std::fs::copy(data(&format!("{name}.key")), &key).unwrap();
    };
    install("one");
    let mut command = vectord(&["serve", "--store", "memory:", "--bind", "127.0.0.1:0"]);
    command.env("VECTORD_TLS_CERT", &cert).env("VECTORD_TLS_KEY", &key);
    let service = Service::start(command);
    let said = |what: &str, times: usize| {
        while service.said().matches(what).count() < times {
            std::thread::sleep(Duration::from_millis(10));
        }
    };
    let first = shown(&service);
    install("two");
    assert_eq!(shown(&service), first, "nobody has said so yet");
    service.signal(Signal::HUP);
    said("read again", 1);
    let second = shown(&service);
    assert_ne!(first, second);
    std::fs::write(&cert, "no certificate").unwrap();
    service.signal(Signal::HUP);
    said("stays as it was", 1);
    assert_eq!(shown(&service), second);
    assert!(service.terminate().success());
}

#[test]
fn files_that_are_no_certificate_are_named() {
    let (one, two, key) = (data("one.pem"), data("two.key"), data("one.key"));
    let none = data("README.md");
    for (cert, key, says) in [
        (Some(&one), Some(&two), "do not go together"),
        (Some(&none), Some(&key), "README.md"),
        (Some(&one), Some(&none), "README.md"),
        (Some(&one), None, "tls_key"),
        (None, Some(&key), "tls_cert"),
    ] {
        let mut command = vectord(&["serve", "--store", "memory:", "--bind", "127.0.0.1:0"]);
        for (flag, file) in [("--tls-cert", cert), ("--tls-key", key)] {
            if let Some(file) = file {
                command.arg(flag).arg(file);
            }
        }
        let output = command.output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(1) && said.contains(says), "{says}: {said}");
    }
}

#[test]
fn config_check_tells_what_is_in_force_and_where_it_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vectord.toml");
    let sha256 = "0123456789abcdef".repeat(4);
    let text = format!(
        "[vectord]\nstore = '/srv/v'\nbind = '127.0.0.1:1'\nquota_bytes = 5\nstor = 1\n\
         keys = [{{ role = 'read', sha256 = '{sha256}' }}]\n[vectord.limits]\nreads = 7\n[log]\nformat = 'json'\n"
    );
    std::fs::write(&file, text).unwrap();
    let mut command =
        vectord(&["config", "check", "--bind", "0.0.0.0:2", "--config", file.to_str().unwrap()]);
    let output = command.env("VECTORD_STORE", "/srv/w").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let file = file.display();
    for line in [
        "store = /srv/w  (VECTORD_STORE)\n".to_owned(),
        "bind = 0.0.0.0:2  (flag)\n".to_owned(),
        format!("keys = 1 read, 0 write, 0 admin  ({file})\n"),
        "tls = none  (default)\n".to_owned(),
        "7 reads and 256 writes at once, a store of 5 bytes".to_owned(),
        "log = info  (default)\n".to_owned(),
        format!("log format = json  ({file})\n"),
        "[vectord] stor is a key that nothing reads\n".to_owned(),
    ] {
        assert!(said.contains(&line), "{line}: {said}");
    }
    assert!(output.status.code() == Some(1) && !said.contains(&sha256), "{said}");

    assert_eq!(vectord(&["config", "check"]).output().unwrap().status.code(), Some(0));
    for wrong in
        [&["--bind", "0.0.0.0:2"][..], &["--keys", "read:1"], &["--log", "loud"], &["--log-format", "xml"]]
    {
        let output = vectord(&[&["config", "check"], wrong].concat()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{wrong:?}");
    }
}

#[test]
fn the_configuration_in_the_readme_is_that_of_the_defaults() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let block = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vectord.toml");
    std::fs::write(&file, block).unwrap();
    let check = |args: &[&str]| {
        let output = vectord(&[&["config", "check"], args].concat()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8(output.stderr).unwrap());
        let said = String::from_utf8(output.stdout).unwrap();
        let values = said.lines().map(|line| line.rsplit_once("  (").unwrap().0.to_owned());
        values.filter(|line| !line.starts_with("keys")).collect::<Vec<_>>()
    };
    assert_eq!(check(&["--config", file.to_str().unwrap()]), check(&[]));
}

#[test]
fn a_line_is_logged_for_each_request_and_tells_no_secret() {
    let (words, key) = vectord::server::Key::generate(vectord::server::Role::Admin, Some("ops")).unwrap();
    let args =
        ["serve", "--store", "memory:", "--bind", "127.0.0.1:0", "--log", "debug", "--log-format", "json"];
    let mut command = vectord(&args);
    command.env("VECTORD_KEYS", format!("admin:{}:ops", key.sha256()));
    let service = Service::start(command);
    let body = r#"{"name":"docs","dimension":2}"#;
    send(service.request("GET", "/vectors/index?secret=1").bearer_auth(&words));
    let request = service.request("POST", "/vectors/index").bearer_auth(&words).body(body);
    let answer = send(request.header("Content-Type", "application/json").header("X-Request-Id", "r-7"));
    assert_eq!(answer.status, 201, "{}", answer.text);
    let said = service.said();
    let lines: Vec<serde_json::Value> =
        said.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let line = lines.iter().find(|line| line["request_id"] == "r-7").expect(&said);
    assert_eq!((&line["method"], &line["route"]), (&"POST".into(), &"/vectors/index".into()));
    assert_eq!((&line["status"], &line["key"]), (&201.into(), &"ops".into()), "{line}");
    assert!(line["ms"].is_f64() && line["bytes_in"] == body.len(), "{line}");
    assert!(!said.contains(&words) && !said.contains("secret"), "{said}");
}
