//! A directory store whose calls all run on one thread.
//!
//! strace counts the calls it injects faults into per thread: so the N-th of a run is one call, not one of
//! each thread.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel, sync_channel};
use std::thread;

use vectord::error::{Error, Result};
use vectord::store::{Capabilities, Directory, Key, Page, Publish, Put, Replace, Store};

/// Calls of `openat`, `read` and `write` that the thread makes before it is a store: no other thread of the
/// process makes so many, so that faults beyond are the store's.
pub const BEFORE: usize = 100;

type Call = Box<dyn FnOnce(&Directory) + Send>;

#[derive(Debug)]
pub struct OneThread {
    calls: Sender<Call>,
    url: String,
}

impl OneThread {
    pub fn open(root: PathBuf, publish: Publish) -> Result<Self> {
        let (calls, asked) = channel::<Call>();
        let (opened, answer) = sync_channel(1);
        thread::spawn(move || {
            for _ in 0..BEFORE {
                let mut null = OpenOptions::new().read(true).write(true).open("/dev/null").unwrap();
                null.write_all(b"x").unwrap();
                assert_eq!(null.read(&mut [0]).unwrap(), 0);
            }
            match Directory::open_with(root, publish) {
                Ok(store) => {
                    opened.send(Ok(store.url())).unwrap();
                    for call in asked {
                        call(&store);
                    }
                }
                Err(error) => opened.send(Err(error)).unwrap(),
            }
        });
        Ok(Self { calls, url: answer.recv().unwrap()? })
    }

    fn ask<T: Send + 'static>(&self, call: impl FnOnce(&Directory) -> T + Send + 'static) -> T {
        let (reply, answer) = sync_channel(1);
        self.calls.send(Box::new(move |store| reply.send(call(store)).unwrap())).unwrap();
        answer.recv().unwrap()
    }
}

impl Store for OneThread {
    fn put_if_absent(&self, key: &Key, bytes: &[u8]) -> Put {
        let (key, bytes) = (key.clone(), bytes.to_vec());
        self.ask(move |store| store.put_if_absent(&key, &bytes))
    }

    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>> {
        let key = key.clone();
        self.ask(move |store| store.get(&key))
    }

    fn size(&self, key: &Key) -> Result<Option<u64>> {
        let key = key.clone();
        self.ask(move |store| store.size(&key))
    }

    fn list(&self, prefix: &str, start_after: Option<&str>, limit: usize) -> Result<Page> {
        let (prefix, start_after) = (prefix.to_owned(), start_after.map(str::to_owned));
        self.ask(move |store| store.list(&prefix, start_after.as_deref(), limit))
    }

    fn delete(&self, key: &Key) -> Result<()> {
        let key = key.clone();
        self.ask(move |store| store.delete(&key))
    }

    fn replace(&self, key: &Key, bytes: &[u8]) -> Replace {
        let (key, bytes) = (key.clone(), bytes.to_vec());
        self.ask(move |store| store.replace(&key, &bytes))
    }

    fn refuses_writes(&self) -> Option<Error> {
        self.ask(Directory::refuses_writes)
    }

    fn url(&self) -> String {
        self.url.clone()
    }

    fn capabilities(&self) -> Capabilities {
        self.ask(Directory::capabilities)
    }
}
