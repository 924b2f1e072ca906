//! The command line `lockstep`.

fn main() {}
