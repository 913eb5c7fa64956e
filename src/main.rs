//! The `vectord` command.

fn main() {}
