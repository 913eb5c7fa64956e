//! Every store keeps the same promises: one suite, run over each of them and over HTTP.
//!
//! `suite.rs` and `watch.rs` hold the claims.

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
    storaged_over_memory => crate::http::storaged(std::sync::Arc::new(Memory::new()), ());
    storaged_over_directory => {
        let (store, root) = directory(Publish::Link);
        crate::http::storaged(std::sync::Arc::new(store), root)
    };
}
