//! The process as the machine sees it: memory, time, open files.
//!
//! Invariants:
//!
//! * What the machine does not tell is left out.

use std::fs;

/// Ticks of a second in which Linux tells times of processes, on all its machines.
const TICKS: u64 = 100;

/// Bytes in what `/proc` calls kB.
const KIB: u64 = 1024;

/// The process as the machine sees it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Process {
    /// Memory that it has, in bytes.
    pub(super) resident: Option<u64>,
    /// Addresses that it has, in bytes.
    pub(super) virtual_memory: Option<u64>,
    /// Time that it has computed, in hundredths of a second.
    pub(super) computed: Option<u64>,
    /// Files and connections that are open.
    pub(super) open_files: Option<u64>,
}

impl Process {
    /// Reads it off `/proc`.
    pub(super) fn read() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let files = fs::read_dir("/proc/self/fd").ok().map(Iterator::count);
        Self {
            resident: kibibytes(&status, "VmRSS:"),
            virtual_memory: kibibytes(&status, "VmSize:"),
            computed: computed(&stat),
            open_files: files.and_then(|count| u64::try_from(count).ok()),
        }
    }
}

/// Returns the number of bytes behind a name.
fn kibibytes(status: &str, name: &str) -> Option<u64> {
    let told = status.lines().find_map(|line| line.strip_prefix(name))?;
    told.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(KIB)
}

/// Returns the time that a process has computed, for itself and in the system.
fn computed(stat: &str) -> Option<u64> {
    // The name of the program stands in brackets, and may contain anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let (user, system) = (fields.next()?.parse::<u64>(), fields.next()?.parse::<u64>());
    let ticks = user.ok()?.checked_add(system.ok()?)?;
    ticks.checked_mul(100)?.checked_div(TICKS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_proc_tells_is_read_whatever_the_name_of_the_program() {
        let stat = "7 (a) b) c) S 1 2 3 4 5 6 7 8 9 10 1200 34 0 0 20 0 1 0 5";
        assert_eq!(computed(stat), Some(1234));
        assert_eq!(kibibytes("VmSize:\t 10 kB\nVmRSS:\t  2 kB\n", "VmRSS:"), Some(2048));
        assert_eq!((computed(""), kibibytes("", "VmRSS:")), (None, None));
    }
}
