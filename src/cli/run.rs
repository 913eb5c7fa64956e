//! The command as a function: the binary and Python's console script call it.
//!
//! It never ends the process: whoever calls it decides what to do with the status.

use std::ffi::OsString;

use clap::Parser;

use super::args::{Cli, Command};
use super::operate::{backup, doctor, export, import, log, recall, repair, verify};
use super::{check, key, serve, storaged};

/// Runs the command `argv` (its first word is the program's name) and returns the exit status: 0, 1 for what
/// went wrong (told on standard error) or a problem that was found (told in the report), 2 for flags that are not understood.
pub fn run(argv: impl IntoIterator<Item = OsString>) -> i32 {
    let cli = match Cli::try_parse_from(argv) {
        Ok(cli) => cli,
        Err(error) => {
            drop(error.print());
            return error.exit_code();
        }
    };
    let done = match &cli.command {
        Command::Serve(flags) => serve::serve(flags).map(|()| true),
        Command::Storaged(flags) => storaged::storaged(flags).map(|()| true),
        Command::Config(flags) => check::config(flags),
        Command::Key(flags) => key::key(flags).map(|()| true),
        Command::Doctor(flags) => doctor::doctor(flags),
        Command::Verify(flags) => verify::verify(flags),
        Command::Recall(flags) => recall::recall(flags),
        Command::Log(flags) => log::log(flags),
        Command::Repair(flags) => repair::repair(flags),
        Command::Backup(flags) => backup::backup(flags),
        Command::Import(flags) => import::import(flags),
        Command::Export(flags) => export::export(flags),
    };
    match done {
        Ok(fine) => i32::from(!fine),
        Err(error) => {
            eprintln!("vectord: {error}");
            1
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_flags_are_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_that_are_not_understood_are_status_2_and_help_is_0() {
        let run = |words: &[&str]| run(words.iter().map(OsString::from));
        assert_eq!(run(&["vectord", "--version"]), 0);
        assert_eq!(run(&["vectord", "serve", "--help"]), 0);
        assert_eq!(run(&["vectord"]), 2);
        assert_eq!(run(&["vectord", "serve", "--prot", "1"]), 2);
        assert_eq!(run(&["vectord", "serve", "--bind", "192.0.2.1:1"]), 1);
    }
}
