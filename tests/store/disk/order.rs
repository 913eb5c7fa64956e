//! The order of the calls is what survives the loss of power, and no test can pull the plug: so the calls
//! are read. When something is acknowledged, no file was written and no name given since its fsync.

use std::collections::{BTreeSet, HashMap};

use vectord::store::{Key, Publish};

use super::child;
use super::strace::{may_trace, traced};

/// What would be lost if the power went now.
#[derive(Debug, Default)]
struct Volatile {
    files: BTreeSet<String>,
    /// Directories with a name that was given since their fsync.
    directories: BTreeSet<String>,
    names: usize,
    acknowledged: usize,
}

impl Volatile {
    /// Follows one call, `name(arguments) = 0`.
    fn call(&mut self, line: &str, root: &str) {
        let Some((name, arguments)) = line.split_once('(') else { return };
        // With -y a descriptor is followed by its path: `5</vectors/docs/log>`; an unnamed file's is
        // `/vectors/docs/log/#117`, and unlike any other.
        let paths: Vec<_> = arguments
            .split('<')
            .skip(1)
            .filter_map(|rest| rest.split('>').next())
            .filter(|path| path.starts_with(root))
            .map(str::to_owned)
            .collect();
        if line.contains(") = -1 ") {
            return;
        }
        match (name, paths.as_slice()) {
            ("write", [file]) => drop(self.files.insert(file.clone())),
            ("write", []) if arguments.contains("\"ack ") => {
                assert!(self.files.is_empty() && self.directories.is_empty(), "{line}: {self:?}");
                self.acknowledged += 1;
            }
            ("fsync", [path]) => {
                self.files.remove(path);
                self.directories.remove(path);
            }
            // What waits there for its name is garbage after a crash.
            ("mkdirat", [_]) if arguments.contains(Key::RESERVED) => {}
            ("mkdirat" | "linkat" | "renameat2", [.., directory]) => {
                assert!(
                    self.files.is_empty(),
                    "{line}: it has a name before its bytes are durable: {self:?}"
                );
                self.directories.insert(directory.clone());
                self.names += 1;
            }
            (_, _) => {}
        }
    }
}

fn assert_in_order(publish: Publish) {
    if !may_trace() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let calls = "trace=write,fsync,mkdirat,linkat,renameat2";
    let (output, trace) = traced(root.path(), publish, &["-y", "-s", "16", "-e", calls]);
    child::assert_passed(&output);
    let mut volatile = Volatile::default();
    // A call that another thread's came into is told in two parts.
    let mut begun: HashMap<&str, &str> = HashMap::new();
    for line in trace.lines() {
        let (thread, call) = line.trim_start().split_once(' ').unwrap();
        let call = call.trim_start();
        if let Some(part) = call.strip_suffix(" <unfinished ...>") {
            begun.insert(thread, part);
        } else if let Some((_, rest)) =
            call.strip_prefix("<... ").and_then(|call| call.split_once(" resumed>"))
        {
            volatile.call(&format!("{}{rest}", begun.remove(thread).unwrap()), root.path().to_str().unwrap());
        } else {
            volatile.call(call, root.path().to_str().unwrap());
        }
    }
    // The create, 4 batches, 3 checkpoints, the close; each but the last gives at least one name.
    assert_eq!(volatile.acknowledged, 9, "{trace}");
    assert!(volatile.names >= 8, "{trace}");
}

#[test]
fn nothing_is_acknowledged_before_it_is_durable() {
    assert_in_order(Publish::Link);
}

#[test]
fn nothing_is_acknowledged_before_it_is_durable_where_files_are_renamed() {
    assert_in_order(Publish::Rename);
}
