//! Who asks, and whether they may: the layer around every route, and the one of each route.
//!
//! The outer one refuses whoever shows no key, for routes that are not there too, so that nobody finds out which
//! are. The inner one compares the key's role with what the route needs. Keys themselves are in `keys.rs`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::admission::Admission;
use super::hosts::Hosts;
use super::keys::{Key, Keys};
use super::problem::Problem;
use super::routes::{Need, Route};
use crate::error::{Error, ErrorKind};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// The keys that are asked for, and the paths that are open without one.
#[derive(Debug, Default)]
pub(super) struct Guard {
    keys: Keys,
    hosts: Hosts,
    exact: Vec<String>,
    below: Vec<String>,
}

impl Guard {
    /// Open is what the table says. An open route with a parameter lets everybody in below its beginning; what is there
    /// and is not open is refused by [`permit`].
    pub(super) fn new(keys: Keys, hosts: Hosts, table: &[Route]) -> Arc<Self> {
        let (mut exact, mut below) = (Vec::new(), Vec::new());
        for Route { method: _, path, need: _ } in table.iter().filter(|route| route.need == Need::Open) {
            match path.split_once('{') {
                None => exact.push(path.clone()),
                Some((start, _)) => below.push(start.to_owned()),
            }
        }
        Arc::new(Self { keys, hosts, exact, below })
    }

    fn is_open(&self, path: &str) -> bool {
        self.exact.iter().any(|open| open == path) || self.below.iter().any(|open| path.starts_with(open))
    }
}

/// Who asks.
#[derive(Debug, Clone)]
pub(super) enum Caller {
    /// No key is asked for.
    Anyone,
    /// A key is, and this path is open without.
    Nobody,
    /// The holder of a key.
    Holder(Arc<Key>),
}

impl Caller {
    /// The key's name, for the log.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Anyone | Self::Nobody => None,
            Self::Holder(key) => Some(key.name()),
        }
    }
}

/// The layer around every route: finds out who asks.
pub(super) async fn authenticate(
    State(guard): State<Arc<Guard>>,
    mut request: Request,
    next: Next,
) -> Response {
    let caller = match who(&guard, &request) {
        Ok(caller) => caller,
        Err(refusal) => return refusal.into_response(),
    };
    request.extensions_mut().insert(caller.clone());
    let mut response = next.run(request).await;
    response.extensions_mut().insert(caller);
    response
}

fn who(guard: &Guard, request: &Request) -> Result<Caller, Refusal> {
    let is_open = guard.is_open(request.uri().path());
    if guard.keys.is_empty() {
        return match request {
            _ if is_open => Ok(Caller::Anyone),
            _ if is_from_elsewhere(request.headers()) => {
                Err(keyless("so pages of other sites may not use it"))
            }
            _ if !guard.hosts.is_meant(request) => Err(keyless(
                "so it answers to addresses and to localhost alone: name what else it is called by in the setting hosts",
            )),
            _ => Ok(Caller::Anyone),
        };
    }
    if is_open {
        return Ok(Caller::Nobody);
    }
    let shown = shown(request.headers());
    match shown.and_then(|shown| guard.keys.find(shown)) {
        Some(key) => Ok(Caller::Holder(Arc::clone(key))),
        None => Err(unknown(shown.is_some())),
    }
}

/// Whether a browser sends it for a page of another site: where no key is asked for, such a page could otherwise write
/// to a service of its reader's own machine.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    headers.get(SEC_FETCH_SITE).is_some_and(|value| value.as_bytes() == b"cross-site")
}

/// The key that a request shows: `Authorization: Bearer KEY`, else `X-Api-Key: KEY`.
fn shown(headers: &HeaderMap) -> Option<&[u8]> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| {
        let (scheme, words) = value.as_bytes().split_at_checked("Bearer ".len())?;
        scheme.eq_ignore_ascii_case(b"Bearer ").then(|| words.trim_ascii())
    });
    bearer.or_else(|| headers.get(X_API_KEY).map(|value| value.as_bytes().trim_ascii()))
}

/// Why a caller is not let in, and what it is asked for in the header WWW-Authenticate.
struct Refusal {
    error: Error,
    challenge: &'static str,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = Problem::from(self.error).into_response();
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(self.challenge));
        response
    }
}

fn keyless(consequence: &str) -> Refusal {
    let error = Error::permission_denied(format!("this service asks for no key, {consequence}"));
    Refusal { error, challenge: "Bearer realm=\"vectord\"" }
}

fn unknown(is_shown: bool) -> Refusal {
    let (message, challenge) = if is_shown {
        (
            "this service does not know the key that was sent",
            "Bearer realm=\"vectord\", error=\"invalid_token\"",
        )
    } else {
        ("this service asks for a key: send the header Authorization: Bearer KEY", "Bearer realm=\"vectord\"")
    };
    Refusal { error: Error::new(ErrorKind::Unauthenticated, message), challenge }
}

/// The layer of a route that needs `need`. Without the outer layer nothing but what is open is answered.
pub(super) async fn permit(State(need): State<Need>, request: Request, next: Next) -> Response {
    if let Err(refusal) = check(need, request.extensions().get()) {
        return refusal.into_response();
    }
    let Some(admission) = request.extensions().get::<Arc<Admission>>().cloned() else {
        return next.run(request).await;
    };
    match admission.admit(need, request.headers()).await {
        Ok(room) => admission.visit(need, room, next.run(request)).await,
        Err(refusal) => refusal.into_response(),
    }
}

fn check(need: Need, caller: Option<&Caller>) -> Result<(), Refusal> {
    let Some(least) = need.role() else { return Ok(()) };
    match caller {
        Some(Caller::Anyone) => Ok(()),
        Some(Caller::Holder(key)) if key.role() >= least => Ok(()),
        Some(Caller::Holder(key)) => {
            let (least, role) = (least.name(), key.role().name());
            let message = format!("this needs a key of the role {least}, and yours is {role}");
            let challenge = "Bearer realm=\"vectord\", error=\"insufficient_scope\"";
            Err(Refusal { error: Error::permission_denied(message), challenge })
        }
        Some(Caller::Nobody) | None => Err(unknown(false)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_from_either_header() {
        for (name, value, expected) in [
            ("authorization", "Bearer k", Some("k")),
            ("authorization", "bearer  k ", Some("k")),
            ("authorization", "Basic k", None),
            ("authorization", "Bearer", None),
            ("x-api-key", "k", Some("k")),
        ] {
            let headers = [(HeaderName::from_static(name), HeaderValue::from_static(value))];
            let headers = headers.into_iter().collect();
            assert_eq!(shown(&headers), expected.map(str::as_bytes), "{name}: {value}");
        }
    }

    #[test]
    fn where_no_key_is_asked_for_pages_of_other_sites_are_kept_out() {
        let table = [Route { method: "GET", path: "/livez".to_owned(), need: Need::Open }];
        let guard = Guard::new(Keys::default(), Hosts::default(), &table);
        for (path, site, lets_in) in [
            ("/vectors/index", "cross-site", false),
            ("/vectors/index", "same-origin", true),
            ("/vectors/index", "none", true),
            ("/livez", "cross-site", true),
        ] {
            let request = Request::get(path).header(SEC_FETCH_SITE, site).body(axum::body::Body::empty());
            assert_eq!(who(&guard, &request.unwrap()).is_ok(), lets_in, "{path} {site}");
        }
    }

    #[test]
    fn only_what_the_table_calls_open_is_open() {
        let route = |path: &str, need| Route { method: "GET", path: path.to_owned(), need };
        let table = [
            route("/livez", Need::Open),
            route("/ui/{file}", Need::Open),
            route("/vectors/{name}", Need::Read),
        ];
        let guard = Guard::new(Keys::default(), Hosts::default(), &table);
        for (path, open) in [
            ("/livez", true),
            ("/livez/", false),
            ("//livez", false),
            ("/livez%2f", false),
            ("/ui/app.js", true),
            ("/ui", false),
            ("/uix", false),
            ("/vectors/livez", false),
            ("/", false),
        ] {
            assert_eq!(guard.is_open(path), open, "{path}");
        }
    }
}
