//! The indexes of a service: created, found, listed and deleted.
//!
//! What an index does is in `index.rs` and the files that go on with it.

use std::sync::Arc;

use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::call::{Call, Effect};
use super::index::{Described, RemoteIndex};
use super::link::Link;
use super::settings::Settings;
use crate::error::{Error, ErrorKind, Result};
use crate::frame::check_name;
use crate::index::Params;

/// The indexes of one service; clones are the same.
#[derive(Clone)]
pub struct RemoteRegistry {
    link: Arc<Link>,
}

#[derive(Deserialize)]
struct Names {
    names: Vec<String>,
}

impl RemoteRegistry {
    /// The service at `url`, `http://host:port` or `https://host`, which is asked for its names.
    ///
    /// `Unavailable` if it cannot be reached, `Unauthenticated` or `PermissionDenied` if the key is not right.
    pub fn connect(url: &str, settings: &Settings) -> Result<Self> {
        let registry = Self { link: Arc::new(Link::new(url, settings)?) };
        registry.names()?;
        Ok(registry)
    }

    /// The address of the service.
    pub fn url(&self) -> String {
        self.link.place().to_owned()
    }

    /// Creates the index `name`. `AlreadyExists` if there is one.
    pub fn create(&self, name: &str, params: Params) -> Result<RemoteIndex> {
        check_name(name)?;
        params.check()?;
        let Params { dimension, m, ef_search, distance } = params;
        let mut body = json!({ "name": name, "dimension": dimension, "m": m, "distance": distance.name() });
        if let Some(ef) = ef_search {
            body["ef_search"] = ef.into();
        }
        let call = Call::new(Method::POST, self.link.url(["index"]), Effect::Writes).json(&body);
        let described: Described = self.link.ask(&call)?;
        Ok(RemoteIndex::new(Arc::clone(&self.link), name, params, described.seq))
    }

    /// The index `name`.
    pub fn get(&self, name: &str) -> Result<RemoteIndex> {
        check_name(name).map_err(|_| Error::not_found(format!("no index is named {name:?}")))?;
        let described: Described = self.link.ask(&Call::get(self.link.url(["index", name])))?;
        let params = described.created_with().map_err(|error| self.link.strange(error.message()))?;
        Ok(RemoteIndex::new(Arc::clone(&self.link), name, params, 0))
    }

    /// The index `name`, created if there is none. One of another dimension or distance is `InvalidArgument`,
    /// naming both.
    pub fn get_or_create(&self, name: &str, params: Params) -> Result<RemoteIndex> {
        let index = match self.create(name, params) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => self.get(name)?,
            other => return other,
        };
        let unlike = |error: Error| Error::invalid(format!("index {name:?} {}", error.message()));
        index.params().agree(&params).map_err(unlike)?;
        Ok(index)
    }

    /// Deletes the index `name` and everything in it.
    pub fn delete(&self, name: &str) -> Result<()> {
        check_name(name).map_err(|_| Error::not_found(format!("no index is named {name:?}")))?;
        let call = Call::new(Method::DELETE, self.link.url(["index", name]), Effect::Writes);
        self.link.send(&call).map(drop)
    }

    /// The names of the indexes, sorted.
    pub fn names(&self) -> Result<Vec<String>> {
        let Names { names } = self.link.ask(&Call::get(self.link.url(["index"])))?;
        Ok(names)
    }
}
