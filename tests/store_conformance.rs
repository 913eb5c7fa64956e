//! Every store keeps the same promises: one suite, run over each of them and over HTTP.
//!
//! `suite.rs` holds the claims; the files beside it hold what only one kind of store can promise.

#![allow(
    clippy::unwrap_used,
    reason = "clippy.toml allows it in tests, but does not see that these functions are"
)]

#[path = "store_conformance/directory.rs"]
mod directory;
#[cfg(feature = "server")]
#[path = "store_conformance/http.rs"]
mod http;
#[path = "store_conformance/skip.rs"]
mod skip;
#[cfg(feature = "server")]
#[path = "store_conformance/storaged.rs"]
mod storaged;
#[path = "store_conformance/suite.rs"]
mod suite;
#[path = "store_conformance/watch.rs"]
mod watch;

use vectord::store::{Directory, Memory, Publish, Store};

/// Every claim by its name.
mod claims {
    pub use crate::suite::*;
    pub use crate::watch::*;
}

/// One module of tests per store, one test per claim. `$store` makes a store and what must outlive it.
macro_rules! conforms {
    ($($name:ident => $store:expr;)*) => {$(
        mod $name {
            use super::*;
            conforms!(@claims $store,
                objects_are_created_once_and_read_back
                objects_may_be_empty_or_large
                odd_keys_are_kept_apart
                a_name_is_an_object_or_a_prefix
                listings_are_sorted_and_paged
                prefixes_are_text
                deleted_objects_are_gone_and_may_be_created_again
                one_of_32_racing_creators_wins
                readers_never_see_part_of_an_object
                replacing_is_atomic
                a_watch_hears_of_every_put_below_its_prefixes
                a_watch_can_be_woken_from_another_thread
            );
        }
    )*};
    (@claims $store:expr, $($claim:ident)*) => {$(
        #[test]
        fn $claim() {
            let (store, _keep) = $store;
            claims::$claim(&store as &dyn Store);
        }
    )*};
}

fn directory(publish: Publish) -> (Directory, tempfile::TempDir) {
    let root = tempfile::tempdir().unwrap();
    (Directory::open_with(root.path(), publish).unwrap(), root)
}

conforms! {
    memory => (Memory::new(), ());
    directory_by_link => directory(Publish::Link);
    directory_by_rename => directory(Publish::Rename);
}

#[cfg(feature = "server")]
conforms! {
    storaged_over_memory => http::storaged(std::sync::Arc::new(Memory::new()), ());
    storaged_over_directory => {
        let (store, root) = directory(Publish::Link);
        http::storaged(std::sync::Arc::new(store), root)
    };
}
