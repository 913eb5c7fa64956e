//! The `vectord` command.

fn main() {
    std::process::exit(vectord::cli::run(std::env::args_os()));
}
