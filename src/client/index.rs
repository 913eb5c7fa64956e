//! One index of a service, and what it is.
//!
//! Reading is in `read.rs` and `search.rs`, writing in `write.rs`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::Url;
use serde::Deserialize;

use super::call::Call;
use super::link::Link;
use crate::error::Result;
use crate::index::{Distance, Params};

/// An index of a service; clones are the same.
#[derive(Clone)]
pub struct RemoteIndex {
    pub(super) at: Arc<Place>,
}

/// Where it is, and what is known of it here.
pub(super) struct Place {
    pub(super) link: Arc<Link>,
    pub(super) name: String,
    pub(super) params: Params,
    /// The last entry of the log that a write through this handle, or one that it goes on from, made: its reads see
    /// it, whichever process answers.
    wrote: AtomicU64,
}

/// How fresh a read must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fresh {
    /// Strong, or bounded; the service's own default where it is not said.
    pub strong: Option<bool>,
    /// An entry of the log that the read must see. What was written through the same handle it sees anyway.
    pub min_seq: Option<u64>,
}

/// An index as the service describes it.
#[derive(Deserialize)]
pub(super) struct Described {
    params: Told,
    pub(super) length: usize,
    pub(super) seq: u64,
    /// The index chose its `ef_search` by itself.
    #[serde(default)]
    ef_search_automatic: bool,
}

/// Parameters as a service tells them.
#[derive(Deserialize)]
struct Told {
    dimension: u32,
    m: u32,
    /// The value in force.
    ef_search: u32,
    distance: String,
}

impl Described {
    /// What the index was created with.
    pub(super) fn created_with(&self) -> Result<Params> {
        let Told { dimension, m, ef_search, ref distance } = self.params;
        let ef_search = (!self.ef_search_automatic).then_some(ef_search);
        let params = Params { dimension, m, ef_search, distance: Distance::parse(distance)? };
        params.check()?;
        Ok(params)
    }
}

impl RemoteIndex {
    pub(super) fn new(link: Arc<Link>, name: &str, params: Params, wrote: u64) -> Self {
        let (name, wrote) = (name.to_owned(), AtomicU64::new(wrote));
        Self { at: Arc::new(Place { link, name, params, wrote }) }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.at.name
    }

    /// What it was created with.
    pub fn params(&self) -> Params {
        self.at.params
    }

    /// The address of its service.
    pub fn service(&self) -> &str {
        self.at.link.place()
    }

    pub(super) fn url<'a>(&'a self, rest: impl IntoIterator<Item = &'a str>) -> Url {
        self.at.link.url(["index", self.name()].into_iter().chain(rest))
    }

    /// The same, for a read that is as fresh as `fresh` says.
    pub(super) fn url_fresh<'a>(&'a self, rest: impl IntoIterator<Item = &'a str>, fresh: Fresh) -> Url {
        let mut url = self.url(rest);
        let Fresh { strong, min_seq } = fresh;
        if let Some(seq) = self.min_seq(min_seq) {
            url.query_pairs_mut().append_pair("min_seq", &seq.to_string());
        }
        if let Some(strong) = strong {
            url.query_pairs_mut().append_pair("consistency", if strong { "strong" } else { "bounded" });
        }
        url
    }

    /// The entry that a read must see: what was asked for, and what was written here.
    pub(super) fn min_seq(&self, asked: Option<u64>) -> Option<u64> {
        let wrote = self.last_written();
        asked.max((wrote > 0).then_some(wrote))
    }

    /// The last entry of the log that was written here; 0 for none.
    pub fn last_written(&self) -> u64 {
        self.at.wrote.load(Ordering::Relaxed)
    }

    /// Notes a write, made here or through a handle that this one goes on from in another process: reads see it.
    pub fn wrote(&self, seq: u64) {
        self.at.wrote.fetch_max(seq, Ordering::Relaxed);
    }

    pub(super) fn described(&self, fresh: Fresh) -> Result<Described> {
        self.at.link.ask(&Call::get(self.url_fresh([], fresh)))
    }

    /// Living rows.
    pub fn len(&self) -> Result<usize> {
        Ok(self.described(Fresh::default())?.length)
    }

    /// Whether no row lives.
    pub fn is_empty(&self) -> Result<bool> {
        Ok(self.len()? == 0)
    }

    /// The last entry of the log that the service's reads see.
    pub fn seq(&self) -> Result<u64> {
        Ok(self.described(Fresh::default())?.seq)
    }

    /// Living rows, and the last entry that the service's reads see.
    pub fn now(&self) -> Result<(usize, u64)> {
        let Described { length, seq, .. } = self.described(Fresh::default())?;
        Ok((length, seq))
    }

    /// Has the service look for what other processes wrote, and returns the seq.
    pub fn refresh(&self) -> Result<u64> {
        Ok(self.described(Fresh { strong: Some(true), min_seq: None })?.seq)
    }
}
