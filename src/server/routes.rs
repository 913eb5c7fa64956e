//! The table that routes are made of: each method of each path, and what a caller must be allowed for it.
//!
//! A route cannot be made without saying so, and the table can be read: the test of keys walks it.

use axum::Router;
use axum::handler::Handler;
use axum::middleware;
use axum::routing::{MethodRouter, delete, get, post, put};

use super::auth::permit;
use super::keys::Role;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing: answered without a key, and so it tells nothing of what is stored.
    Open,
    /// To read.
    Read,
    /// To write what takes no room worth a quota.
    Write,
    /// To write what the store keeps.
    Grow,
    /// To make and unmake indexes, and look after them.
    Admin,
}

impl Need {
    /// The least role that is allowed it.
    pub fn role(self) -> Option<Role> {
        match self {
            Self::Open => None,
            Self::Read => Some(Role::Read),
            Self::Write | Self::Grow => Some(Role::Write),
            Self::Admin => Some(Role::Admin),
        }
    }
}

/// One line of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// Such as `GET`, which answers `HEAD` too.
    pub method: &'static str,
    /// Its template, such as `/vectors/index/{name}`.
    pub path: String,
    /// What it asks for.
    pub need: Need,
}

/// Routes under construction.
pub(super) struct Routes<S> {
    router: Router<S>,
    table: Vec<Route>,
}

macro_rules! methods {
    ($($name:ident $method:literal),*) => {$(
        pub(super) fn $name<H: Handler<T, S>, T: 'static>(self, need: Need, path: &str, handler: H) -> Self {
            self.route($method, need, path, $name(handler))
        }
    )*};
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    pub(super) fn new() -> Self {
        Self { router: Router::new(), table: Vec::new() }
    }

    methods!(get "GET", post "POST", put "PUT", delete "DELETE");

    fn route(mut self, method: &'static str, need: Need, path: &str, handler: MethodRouter<S>) -> Self {
        let guarded = handler.route_layer(middleware::from_fn_with_state(need, permit));
        self.router = self.router.route(path, guarded);
        self.table.push(Route { method, path: path.to_owned(), need });
        self
    }

    /// Adds the routes of `inner` below `prefix`.
    pub(super) fn nest(mut self, prefix: &str, inner: Self) -> Self {
        self.router = self.router.nest(prefix, inner.router);
        let below = |route: Route| Route { path: format!("{prefix}{}", route.path), ..route };
        self.table.extend(inner.table.into_iter().map(below));
        self
    }

    /// The router, and the table it was made of.
    pub(super) fn finish(self) -> (Router<S>, Vec<Route>) {
        (self.router, self.table)
    }
}

impl<S> Clone for Routes<S> {
    fn clone(&self) -> Self {
        Self { router: self.router.clone(), table: self.table.clone() }
    }
}
