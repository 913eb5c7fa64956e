//! Rows by a list of ids: got, or deleted.
//!
//! A single row by its path is in `items.rs`.

use super::answer;
use super::body::JsonText;
use super::items;
use super::list::list;
use super::live::{Answer, Live, blocking};
use crate::error::{Error, Result};

const LIMIT: usize = 8 << 20;

pub(super) async fn get(Live(live): Live, JsonText(text): JsonText<LIMIT>) -> Answer {
    blocking(move || {
        let ids = ids(&text)?;
        let ids: Vec<_> = ids.iter().map(String::as_str).collect();
        let seq = live.seq()?;
        let found = live.get(&ids)?;
        Ok(answer::rows(seq, found.iter().flatten()))
    })
    .await
}

pub(super) async fn delete(Live(live): Live, JsonText(text): JsonText<LIMIT>) -> Answer {
    blocking(move || Ok(items::deleted(live.delete(&ids(&text)?)?))).await
}

fn ids(text: &[u8]) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    let count = list(text, "ids", |_, id: String| {
        ids.push(id);
        Ok(())
    });
    count?.map(|_| ids).ok_or_else(|| Error::invalid("ids is missing: give a list of strings"))
}
