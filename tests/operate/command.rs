//! The command: what it announces, where it refuses to listen, and where its settings come from.
//!
//! What it serves stands in tests/http.

use serde_json::json;

use crate::service::{Service, vectord};

#[test]
fn the_service_announces_where_it_is_and_a_command_that_works() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = vectord(&["serve", "--bind", "127.0.0.1:0"]);
    command.current_dir(&folder);
    let service = Service::start(command);
    assert_eq!(service.announced[0], format!("vectord serving ./vectors on {}", service.url));
    assert_eq!(service.announced[1], format!("curl {}/vectors/index", service.url));
    assert!(folder.path().join("vectors").is_dir());
    let storaged = Service::storaged(folder.path());
    let shown = folder.path().display();
    assert_eq!(storaged.announced[0], format!("vectord storaged serving {shown} on {}", storaged.url));
    for (service, command) in [(&service, &service.announced[1]), (&storaged, &storaged.announced[1])] {
        let url = command.strip_prefix("curl ").unwrap();
        assert_eq!(service.get(url.strip_prefix(&service.url).unwrap()).status, 200);
    }
}

#[test]
fn an_address_that_others_can_reach_needs_insecure() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    for args in [
        ["serve", "--store", dir, "--bind", "0.0.0.0:0"],
        ["serve", "--store", dir, "--bind", ":3215"],
        ["storaged", "--dir", dir, "--bind", "[::]:0"],
    ] {
        let output = vectord(&args).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.starts_with("vectord: refusing to listen on") && said.contains("--insecure"), "{said}");
        assert!(output.stdout.is_empty());
    }
    let output = vectord(&["serve", "--sotre", "x"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_go_service_s_configuration_works_and_flags_and_environment_come_first() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lakehouse.toml");
    let text = "[s3]\nendpoint = 'http://localhost:9000'\nbucket = 'b'\nuse_path_style = true\n\
                [storaged]\nbind = '127.0.0.1:0'\n[vectord]\nbind = '127.0.0.1:0'\nstoraged_url = ''\n\
                [catalogd]\nbind = ':3212'\n[log]\nlevel = 'info'\n";
    std::fs::write(&file, text).unwrap();
    let file = file.to_str().unwrap();
    let service = Service::start(vectord(&["serve", "--config", file]));
    assert!(service.announced[0].starts_with("vectord serving memory: on "), "{:?}", service.announced);
    let said = service.said();
    assert_eq!(said.matches("nothing is kept").count(), 1, "{said}");
    assert_eq!(said.matches("[s3]").count(), 1, "{said}");

    let (from_environment, from_flag) = (folder.path().join("e"), folder.path().join("f"));
    let mut command = vectord(&["serve"]);
    command.env("VECTORD_CONFIG", file).env("VECTORD_STORE", &from_environment);
    let service = Service::start(command);
    assert!(service.announced[0].contains(from_environment.to_str().unwrap()), "{:?}", service.announced);
    let mut command = vectord(&["serve", "--config", file, "--store", from_flag.to_str().unwrap()]);
    command.env("VECTORD_STORE", &from_environment);
    let service = Service::start(command);
    assert!(service.announced[0].contains(from_flag.to_str().unwrap()), "{:?}", service.announced);

    let storaged =
        Service::start(vectord(&["storaged", "--dir", from_flag.to_str().unwrap(), "--config", file]));
    assert_eq!(storaged.get("/v1/storage").ok()["keys"], json!([]));
    storaged.get("/nowhere").problem(404, "not_found");
    let missing = storaged.get("/v1/storage/none");
    assert_eq!((missing.status, &missing.json()["code"]), (404, &"not_found".into()));
}

/// What a command that fails says.
fn refused(mut command: std::process::Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    said
}

#[test]
fn an_unknown_log_level_is_refused_wherever_it_stands() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vectord.toml");
    std::fs::write(&file, "[log]\nlevel = 'infoo'\n").unwrap();
    // An address that is refused too, so that the command ends in any case.
    let serve = ["serve", "--store", "memory:", "--bind", "0.0.0.0:0"];
    let flag = vectord(&[&serve[..], &["--log", "infoo"]].concat());
    let mut environment = vectord(&serve);
    environment.env("VECTORD_LOG", "infoo");
    let configured = vectord(&[&serve[..], &["--config", file.to_str().unwrap()]].concat());
    for command in [flag, environment, configured] {
        let said = refused(command);
        let expected = "unknown log level \"infoo\": write error, warn, info, debug or trace";
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn each_command_has_its_own_address() {
    for (command, own, other) in [
        ("serve", ["127.0.0.1:3215]", "VECTORD_BIND"], ["3211]", "VECTORD_STORAGED_BIND"]),
        ("storaged", ["127.0.0.1:3211]", "VECTORD_STORAGED_BIND"], ["3215]", "VECTORD_BIND"]),
    ] {
        let output = vectord(&[command, "--help"]).output().unwrap();
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(own.iter().all(|text| help.contains(text)), "{help}");
        assert!(!other.iter().any(|text| help.contains(text)), "{help}");
    }
    let folder = tempfile::tempdir().unwrap();
    let mut command = vectord(&["storaged", "--dir", folder.path().to_str().unwrap()]);
    // The service's address would be refused.
    command.env("VECTORD_BIND", "0.0.0.0:0").env("VECTORD_STORAGED_BIND", "127.0.0.1:0");
    Service::start(command).get("/v1/storage").ok();
}

#[test]
fn a_command_is_silent_about_the_other_s_keys() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vectord.toml");
    std::fs::write(&file, "[vectord]\nbind = '127.0.0.1:0'\nstor = 'x'\n[storaged]\nroot = 'y'\n").unwrap();
    let args = ["serve", "--store", "memory:", "--config", file.to_str().unwrap()];
    let said = Service::start(vectord(&args)).said();
    assert!(said.contains("[vectord] stor") && !said.contains("[storaged] root"), "{said}");
}

#[test]
fn a_store_that_cannot_be_reached_is_told_with_what_may_be_missing() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let store = format!("http://{free}");
    let said = refused(vectord(&["serve", "--store", &store, "--bind", "127.0.0.1:0"]));
    assert!(said.contains("is `vectord storaged` running there?"), "{said}");
}
