//! Query strings, read as strictly as bodies: what a route does not know is refused.
//!
//! Those of a route stand beside it; here are the ones that several share.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Query};
use axum::http::Uri;
use axum::http::request::Parts;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

use super::problem::Problem;
use super::state::AppState;
use crate::error::{Error, Result};
use crate::registry::{Consistency, Freshness};

/// The query string as a `T`.
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<Arc<AppState>> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<AppState>) -> Result<Self, Problem> {
        Ok(Self(asked(&parts.uri)?))
    }
}

/// The query string of `uri`. `InvalidArgument` names the field at fault.
pub(super) fn asked<T: DeserializeOwned>(uri: &Uri) -> Result<T> {
    let Query(asked) = Query::try_from_uri(uri).map_err(|error| {
        let text = error.body_text();
        let why = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
        Error::invalid(format!("the query string is not what this route takes: {why}"))
    })?;
    Ok(asked)
}

/// Of a route that takes none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// Of a read that takes nothing else.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Fresh {
    /// The `seq` of a write that the answer has to see
    #[param(nullable = false)]
    min_seq: Option<u64>,
    /// `strong`: see every write that was answered before; `bounded`, as it is without: be at most about two seconds behind
    #[param(nullable = false, pattern = "^(strong|bounded)$")]
    consistency: Option<String>,
}

impl Fresh {
    pub(super) fn freshness(&self) -> Result<Freshness> {
        freshness(self.min_seq, self.consistency.as_deref())
    }
}

/// How fresh a read is to be, as it was written.
pub(super) fn freshness(min_seq: Option<u64>, consistency: Option<&str>) -> Result<Freshness> {
    Ok(Freshness { consistency: consistency.map(Consistency::parse).transpose()?, min_seq })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Freshness> {
        asked::<Fresh>(&format!("/x?{query}").parse().unwrap())?.freshness()
    }

    #[test]
    fn what_is_wrong_in_a_query_string_is_named() {
        let (consistency, min_seq) = (Some(Consistency::Strong), Some(7));
        assert_eq!(read("min_seq=7&consistency=strong").unwrap(), Freshness { consistency, min_seq });
        assert_eq!(read("").unwrap(), Freshness::default());
        for (query, says) in [
            ("min_seq=x", "min_seq: invalid digit"),
            ("min_seq=-1", "min_seq: invalid digit"),
            ("seq=7", "unknown field `seq`, expected `min_seq` or `consistency`"),
            ("min_seq=1&min_seq=2", "duplicate field `min_seq`"),
            ("consistency=weak", "\"strong\" or \"bounded\""),
        ] {
            let error = read(query).unwrap_err().to_string();
            assert!(error.contains(says), "{query}: {error}");
        }
        assert!(asked::<Nothing>(&"/x?a=1".parse().unwrap()).is_err());
        assert!(asked::<Nothing>(&"/x".parse().unwrap()).is_ok());
    }
}
