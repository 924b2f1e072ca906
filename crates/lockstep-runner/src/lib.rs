//! Drives the core for real: committer, outside calls, timers, recovery.
