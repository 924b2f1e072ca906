//! Processes that are ended together: a group, or a process alone.

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

/// Processes that are ended together. Whoever names them must not have waited for the process yet:
/// its id may be another's then.
#[derive(Clone, Copy, Debug)]
pub struct Processes {
    leader: Pid,
    are_a_group: bool,
}

impl Processes {
    /// Returns the group that a process leads: it, and what it has started. `None` if there can be
    /// no process with this id.
    pub fn led_by(process: u32) -> Option<Self> {
        Some(Self { leader: pid(process)?, are_a_group: true })
    }

    /// Returns a process alone; `None` if there can be none with this id.
    pub fn only(process: u32) -> Option<Self> {
        Some(Self { leader: pid(process)?, are_a_group: false })
    }

    /// Kills them at once.
    pub fn kill(self) {
        self.send(Signal::KILL);
    }

    /// Asks them to end, as service managers do.
    pub fn terminate(self) {
        self.send(Signal::TERM);
    }

    /// Asks them to end, as ctrl-C does.
    pub fn interrupt(self) {
        self.send(Signal::INT);
    }

    fn send(self, signal: Signal) {
        let result = if self.are_a_group {
            kill_process_group(self.leader, signal)
        } else {
            kill_process(self.leader, signal)
        };
        // They may have ended by themselves, which is as well.
        tracing::trace!(processes = ?self, ?signal, ?result, "sent a signal");
    }
}

fn pid(process: u32) -> Option<Pid> {
    i32::try_from(process).ok().and_then(Pid::from_raw)
}
