//! Who calls this program.

use std::path::Path;

/// Returns who calls this program, for people.
pub(crate) fn who() -> String {
    let user = std::env::var_os("USER").and_then(|user| user.into_string().ok());
    let user = user.filter(|user| !user.is_empty()).unwrap_or_else(|| "anonymous".to_owned());
    let host = std::fs::read_to_string(Path::new("/proc/sys/kernel/hostname")).ok();
    let host = host.or_else(|| std::env::var_os("HOSTNAME")?.into_string().ok());
    match host.as_deref().map(str::trim) {
        Some(host) if !host.is_empty() => format!("{user}@{host}"),
        Some(_) | None => user,
    }
}
