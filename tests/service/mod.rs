//! `vectord serve` and `vectord storaged` as processes of their own, and what a client of them needs.
//!
//! Each service takes a free port and is found by the line it announces itself with.

#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test binary uses its part, and fails where it is surprised"
)]

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use reqwest::blocking::{Client, RequestBuilder};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A command of the real binary that sees nothing of the tests' environment.
pub fn vectord(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_vectord"));
    for name in [
        "VECTORD_STORE",
        "VECTORD_BIND",
        "VECTORD_KEYS",
        "VECTORD_STORE_KEY",
        "VECTORD_STORAGED_BIND",
        "VECTORD_STORAGED_KEYS",
        "VECTORD_TLS_CERT",
        "VECTORD_TLS_KEY",
        "VECTORD_CONFIG",
        "VECTORD_HOSTS",
        "VECTORD_LOG",
        "VECTORD_LOG_FORMAT",
    ] {
        command.env_remove(name);
    }
    command.args(args).stdin(Stdio::null());
    command
}

/// A running service. Dropping it kills it.
pub struct Service {
    child: Child,
    /// Kept open: the service may write to it.
    _stdout: BufReader<ChildStdout>,
    log: TempDir,
    /// `http://127.0.0.1:port`.
    pub url: String,
    /// The first lines on standard output.
    pub announced: [String; 2],
    client: Client,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Answer {
    /// The body as JSON, `null` if there is none.
    pub fn json(&self) -> Value {
        if self.text.is_empty() { Value::Null } else { serde_json::from_str(&self.text).expect(&self.text) }
    }

    /// The JSON body of a success.
    pub fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.text);
        self.json()
    }

    /// The detail of a problem, after checking its form.
    pub fn problem(&self, status: u16, code: &str) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.headers["content-type"], "application/problem+json", "{}", self.text);
        let document = self.json();
        assert_eq!((&document["status"], &document["code"]), (&status.into(), &code.into()), "{document}");
        assert_eq!(document["type"], "about:blank");
        assert_eq!(document["request_id"], self.headers["x-request-id"].to_str().unwrap());
        assert!(document["title"].is_string() && document["retryable"].is_boolean(), "{document}");
        assert!(["known", "unknown"].contains(&document["outcome"].as_str().unwrap()), "{document}");
        document["detail"].as_str().unwrap().to_owned()
    }
}

/// Asks a request.
pub fn send(request: RequestBuilder) -> Answer {
    try_send(request).expect("the service answers")
}

/// Asks a request of a service that may be killed meanwhile.
pub fn try_send(request: RequestBuilder) -> Option<Answer> {
    let response = request.send().ok()?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Some(Answer { status, headers, text: response.text().ok()? })
}

/// A client of its own, for a thread.
pub fn client() -> Client {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        rustls::crypto::ring::default_provider().install_default().ok();
    }
    Client::builder().tls_certs_only([]).timeout(Duration::from_secs(120)).build().expect("a plain client")
}

impl Service {
    /// Starts `vectord serve` on `store`.
    pub fn serve(store: &str) -> Self {
        Self::start(vectord(&["serve", "--store", store, "--bind", "127.0.0.1:0"]))
    }

    /// Starts `vectord storaged` on `dir`.
    pub fn storaged(dir: &Path) -> Self {
        Self::start(vectord(&["storaged", "--dir", dir.to_str().unwrap(), "--bind", "127.0.0.1:0"]))
    }

    /// Starts a command that announces itself.
    pub fn start(mut command: Command) -> Self {
        let log = tempfile::tempdir().unwrap();
        let stderr = File::create(log.path().join("stderr")).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(stderr).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let announced = [(); 2].map(|()| {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        });
        let url = announced[0].rsplit(' ').next().unwrap().to_owned();
        let service = Self { child, _stdout: stdout, log, url, announced, client: client() };
        let found = service.url.contains("://127.0.0.1:");
        assert!(found, "not announced: {:?}; {}", service.announced, service.said());
        service
    }

    /// What it wrote to standard error.
    pub fn said(&self) -> String {
        std::fs::read_to_string(self.log.path().join("stderr")).unwrap()
    }

    /// A request of any method.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        self.client.request(method.parse().unwrap(), format!("{}{path}", self.url))
    }

    /// GETs `path`.
    pub fn get(&self, path: &str) -> Answer {
        send(self.request("GET", path))
    }

    /// POSTs JSON to `path`.
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.post_text(path, &body.to_string())
    }

    /// POSTs text as JSON to `path`.
    pub fn post_text(&self, path: &str, body: &str) -> Answer {
        send(self.request("POST", path).header("Content-Type", "application/json").body(body.to_owned()))
    }

    /// DELETEs `path`.
    pub fn delete(&self, path: &str) -> Answer {
        send(self.request("DELETE", path))
    }

    /// Creates an index.
    pub fn create(&self, name: &str, dimension: usize, distance: &str) {
        let body = json!({"name": name, "dimension": dimension, "distance": distance});
        assert_eq!(self.post("/vectors/index", &body).status, 201);
    }

    /// Waits until every index was tried, and returns what `/readyz` says.
    pub fn loaded(&self) -> Answer {
        let begun = Instant::now();
        loop {
            let answer = self.get("/readyz");
            if !answer.text.contains("being loaded") {
                return answer;
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "{}", answer.text);
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// The most memory that it had resident, in bytes.
    pub fn peak_memory(&self) -> usize {
        self.memory("VmHWM:")
    }

    /// Memory that it has resident, in bytes.
    pub fn resident_memory(&self) -> usize {
        self.memory("VmRSS:")
    }

    fn memory(&self, what: &str) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() << 10
    }

    /// Kills it as `kill -9` does.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, and waits until it has.
    pub fn terminate(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.child.wait().unwrap()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A place where indexes are kept while services come and go.
pub struct Place {
    folder: TempDir,
    storaged: Option<Service>,
}

impl Place {
    /// A directory.
    pub fn directory() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), storaged: None }
    }

    /// A directory behind `vectord storaged`.
    pub fn storaged() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storaged = Some(Service::storaged(folder.path()));
        Self { folder, storaged }
    }

    /// Starts a service on it.
    pub fn serve(&self) -> Service {
        match &self.storaged {
            Some(storaged) => Service::serve(&storaged.url),
            None => Service::serve(self.folder.path().to_str().unwrap()),
        }
    }

    /// The files of index `name`, sorted, with their sizes.
    pub fn files(&self, name: &str) -> Vec<(PathBuf, u64)> {
        let mut folders = vec![self.folder.path().join("_vectors").join(name)];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let entry = entry.unwrap();
                if entry.path().is_dir() {
                    folders.push(entry.path());
                } else {
                    files.push((entry.path(), entry.metadata().unwrap().len()));
                }
            }
        }
        files.sort();
        files
    }
}

/// `n` vectors that differ, the same in every run.
pub fn vectors(n: usize, dimension: usize) -> Vec<Vec<f32>> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..n).map(|_| (0..dimension).map(|_| next()).collect()).collect()
}

/// Lets this process open as many connections as it may.
pub fn more_descriptors() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
}

/// How long a loop may take, if the run is a long one.
pub fn soak() -> Option<Duration> {
    std::env::var("VECTORD_SOAK").ok()?.parse().ok().map(Duration::from_secs)
}
