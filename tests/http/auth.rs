//! Keys: every route of both services with no key, a wrong one and one of each role; and what needs none.
//!
//! The routes are those of the table that the routers are made of, so that none can be forgotten.

use std::process::Command;

use serde_json::json;
use vectord::server::{Key, Need, Role, Route};

use crate::service::{Answer, Service, send, vectord};

/// A key of each role, the least first, and the list that a service is given.
fn keys() -> ([String; 3], String) {
    let made = Role::ALL.map(|role| Key::generate(role, Some(role.name())).unwrap());
    let list = made.iter().map(|(_, key)| format!("{}:{}:{}", key.role().name(), key.sha256(), key.name()));
    let list = list.collect::<Vec<_>>().join(",");
    (made.map(|(words, _)| words), list)
}

fn serve(list: &str) -> Service {
    let mut command = vectord(&["serve", "--store", "memory:", "--bind", "127.0.0.1:0"]);
    command.env("VECTORD_KEYS", list);
    Service::start(command)
}

fn ask(service: &Service, method: &str, path: &str, key: Option<&str>) -> Answer {
    let request = service.request(method, path);
    send(match key {
        Some(key) => request.header("Authorization", format!("Bearer {key}")),
        None => request,
    })
}

/// Asks every route with every key, and compares.
fn check_table(service: &Service, routes: &[Route], keys: &[String; 3]) {
    let foreign = Key::generate(Role::Admin, None).unwrap().0;
    for Route { method, path, need } in routes {
        let path = path
            .replace("{name}", "nothing")
            .replace("{id}", "x")
            .replace("{*file}", "app.js")
            .replace("{*key}", "k");
        assert!(*need == Need::Open || !path.contains('{'), "{path}: give its parameter a value here");
        let mut methods = vec![*method];
        if *method == "GET" {
            methods.push("HEAD");
        }
        for method in methods {
            let asked = format!("{method} {path}");
            let status = |key: Option<&str>| ask(service, method, &path, key).status;
            let Some(least) = need.role() else {
                assert!(
                    path == "/livez" || path == "/ui" || path.starts_with("/ui/"),
                    "{path} may not be open"
                );
                assert!(![401, 403].contains(&status(None)), "{asked} is open");
                assert!(![401, 403].contains(&status(Some("wrong"))), "{asked} is open");
                continue;
            };
            for key in [None, Some("wrong"), Some(&foreign[..]), Some("")] {
                assert_eq!(status(key), 401, "{asked} with {key:?}");
            }
            for (role, key) in Role::ALL.into_iter().zip(keys) {
                let answered = status(Some(key));
                let refused = [401, 403].contains(&answered);
                assert_eq!(refused, role < least, "{asked} with a key of {role:?}: {answered}");
                assert!(!refused || answered == 403, "{asked}: a known key is not asked for again");
            }
        }
    }
}

#[test]
fn every_route_asks_for_a_key_of_its_role() {
    let (keys, list) = keys();
    let service = serve(&list);
    let routes = vectord::server::routes();
    assert!(routes.len() > 25 && routes.iter().any(|route| route.need == Need::Admin));
    check_table(&service, &routes, &keys);
    let said = service.said();
    assert!(keys.iter().all(|key| !said.contains(key.as_str())), "keys are never logged");
}

#[test]
fn storaged_asks_for_keys_and_its_clients_have_one() {
    let (keys, list) = keys();
    let folder = tempfile::tempdir().unwrap();
    let mut command =
        vectord(&["storaged", "--dir", folder.path().to_str().unwrap(), "--bind", "127.0.0.1:0"]);
    command.env("VECTORD_STORAGED_KEYS", &list);
    let storaged = Service::start(command);
    check_table(&storaged, &vectord::server::storaged::routes(), &keys);

    let serve = |key: Option<&str>| -> Command {
        let mut command = vectord(&["serve", "--store", &storaged.url, "--bind", "127.0.0.1:0"]);
        if let Some(key) = key {
            command.env("VECTORD_STORE_KEY", key);
        }
        command
    };
    let service = Service::start(serve(Some(&keys[1])));
    service.create("kept", 2, "cosine");
    let output = serve(None).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("asks for a key"), "{said}");
}

#[test]
fn nothing_but_what_is_open_is_told_without_a_key() {
    let (keys, list) = keys();
    let service = serve(&list);
    let bare = service.get("/livez");
    assert_eq!((bare.status, bare.text.as_str()), (200, r#"{"status":"ok"}"#));
    for path in
        ["/", "/nowhere", "/vectors", "/livez/", "//livez", "/livez/x", "/uix", "/vectors/index/..%2flivez"]
    {
        for method in ["GET", "POST", "PATCH", "OPTIONS"] {
            let answer = ask(&service, method, path, None);
            answer.problem(401, "unauthenticated");
            assert!(answer.headers["www-authenticate"].to_str().unwrap().starts_with("Bearer "));
        }
        assert_eq!(ask(&service, "GET", path, Some(&keys[0])).status, 404, "{path}");
    }
    // A wrong method tells which are right: to whoever has a key.
    assert_eq!(ask(&service, "PUT", "/vectors/index", None).status, 401);
    assert_eq!(ask(&service, "PUT", "/vectors/index", Some(&keys[0])).status, 405);
}

#[test]
fn without_keys_a_service_answers_to_no_name_that_others_can_have() {
    let start = |more: &[&str]| {
        Service::start(vectord(&[&["serve", "--store", "memory:", "--bind", "127.0.0.1:0"], more].concat()))
    };
    let named =
        |service: &Service, host: &str, path: &str| send(service.request("GET", path).header("Host", host));
    let service = start(&[]);
    assert_eq!(named(&service, "localhost:1", "/vectors/index").status, 200);
    let told = named(&service, "evil.example", "/vectors/index").problem(403, "permission_denied");
    assert!(told.contains("hosts"), "{told}");
    assert_eq!(named(&service, "evil.example", "/livez").status, 200);
    let service = start(&["--hosts", "a.internal,vectors.internal"]);
    assert_eq!(named(&service, "vectors.internal", "/vectors/index").status, 200);
    assert_eq!(named(&service, "evil.example", "/vectors/index").status, 403);
    assert_eq!(named(&start(&["--insecure"]), "evil.example", "/vectors/index").status, 200);
    let (keys, list) = keys();
    let service = serve(&list);
    let request =
        service.request("GET", "/vectors/index").header("Host", "evil.example").bearer_auth(&keys[0]);
    assert_eq!(send(request).status, 200, "who has a key may call it what they like");
}

#[test]
fn a_role_allows_what_it_says_and_no_more() {
    let ([read, write, admin], list) = keys();
    let service = serve(&list);
    let post = |path: &str, key: &str, body: &serde_json::Value| {
        let request = service.request("POST", path).header("Content-Type", "application/json");
        send(request.header("X-Api-Key", key).body(body.to_string()))
    };
    let create = json!({"name": "docs", "dimension": 2});
    let refused = post("/vectors/index", &write, &create);
    let told = refused.problem(403, "permission_denied");
    assert!(told.contains("admin") && told.contains("write"), "{told}");
    assert!(refused.headers["www-authenticate"].to_str().unwrap().contains("insufficient_scope"));
    assert_eq!(post("/vectors/index", &admin, &create).status, 201);
    let rows = json!({"items": [{"id": "a", "vector": [1, 0]}]});
    post("/vectors/index/docs/add", &read, &rows).problem(403, "permission_denied");
    post("/vectors/index/docs/add", &write, &rows).ok();
    assert_eq!(
        post("/vectors/index/docs/search", &read, &json!({"vector": [1, 0]})).ok()["results"][0]["id"],
        "a"
    );
}

#[test]
fn a_large_body_without_a_key_is_refused_unread() {
    let (_, list) = keys();
    let service = serve(&list);
    let request = service.request("POST", "/vectors/index/x/add").body(vec![b' '; 8 << 20]);
    send(request).problem(401, "unauthenticated");
}

#[test]
fn keys_open_an_address_that_others_reach_and_bad_ones_nothing() {
    let (_, list) = keys();
    let mut open = vectord(&["serve", "--store", "memory:", "--bind", "0.0.0.0:0"]);
    open.env("VECTORD_KEYS", &list);
    let mut child =
        open.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    std::io::BufRead::read_line(&mut out, &mut line).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(line.starts_with("vectord serving memory: on http://0.0.0.0:"), "{line}");
    // An empty list is none; the address stays refused.
    for list in ["", "reed:00", "read:00:x"] {
        let mut command = vectord(&["serve", "--store", "memory:", "--bind", "0.0.0.0:0"]);
        let output = command.env("VECTORD_KEYS", list).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{list:?}");
    }
}

#[test]
fn a_printed_key_works_as_its_lines_say() {
    let output = vectord(&["key", "new", "--role", "read", "--name", "web"]).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let words = printed.lines().next().unwrap();
    let section = printed.split("\n\n").find(|part| part.starts_with("[vectord]")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vectord.toml");
    std::fs::write(&file, section).unwrap();
    let args = ["serve", "--store", "memory:", "--bind", "127.0.0.1:0", "--config", file.to_str().unwrap()];
    let configured = Service::start(vectord(&args));
    let list = printed.lines().find_map(|line| line.strip_prefix("VECTORD_KEYS=")).unwrap();
    for service in [configured, serve(list)] {
        assert_eq!(ask(&service, "GET", "/vectors/index", Some(words)).status, 200);
        assert_eq!(ask(&service, "GET", "/vectors/index", None).status, 401);
        assert_eq!(ask(&service, "DELETE", "/vectors/index/x", Some(words)).status, 403);
    }
}
