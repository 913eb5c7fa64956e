//! Work that a committer leaves to another thread, so that writes do not wait for it.
//!
//! At most one piece at a time. The thread gives way to others; who drops an [`Aside`] waits for its end.

use std::thread::JoinHandle;

use crate::index::give_way;

/// A thread beside the committer's, or none.
#[derive(Default)]
pub(super) struct Aside {
    thread: Option<JoinHandle<()>>,
}

impl Aside {
    /// Whether something is under way.
    pub(super) fn is_busy(&mut self) -> bool {
        if self.thread.as_ref().is_some_and(JoinHandle::is_finished) {
            self.wait();
        }
        self.thread.is_some()
    }

    /// Starts `work`, after what is under way; answers whether there is a thread for it.
    pub(super) fn start(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> bool {
        self.wait();
        let builder = std::thread::Builder::new().name(format!("checkpoint {name}"));
        let started = builder.spawn(move || {
            give_way();
            work();
        });
        self.thread = started.inspect_err(|error| tracing::warn!(index = name, %error, "no thread")).ok();
        self.thread.is_some()
    }

    /// Waits until nothing is under way.
    pub(super) fn wait(&mut self) {
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("a checkpoint panicked, the log keeps everything");
        }
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        self.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn work_goes_on_beside_its_owner_who_waits_for_it_at_the_end() {
        let mut aside = Aside::default();
        assert!(!aside.is_busy());
        let ((go, gone), (tell, told)) = (channel::<()>(), channel());
        assert!(aside.start("test", move || {
            gone.recv().unwrap();
            tell.send(1).unwrap();
        }));
        assert!(aside.is_busy() && told.try_recv().is_err());
        go.send(()).unwrap();
        drop(aside);
        assert_eq!(told.try_recv(), Ok(1));
    }
}
