//! Memory of this process, as the system counts it.
//!
//! Source: Linux manual, `proc_pid_status(5)`. On other systems the figures are 0.

/// Returns the resident memory, in bytes.
pub(crate) fn now() -> u64 {
    field("VmRSS:")
}

/// Returns the greatest resident memory so far, in bytes.
pub(crate) fn peak() -> u64 {
    field("VmHWM:")
}

fn field(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
        .map_or(0, |kibibytes| kibibytes * 1024)
}
