//! What the system knows of this process, under the names that Prometheus' own clients use. Linux tells
//! it in `/proc`; elsewhere only the start is told.

use std::fs;

use prometheus_client::{
    metrics::{counter::ConstCounter, gauge::ConstGauge},
    registry::Registry,
};

use crate::domain::timestamp::Timestamp;

/// The unit of times in `/proc`: 1/100 s on every architecture this runs on (`proc(5)`, `USER_HZ`).
const TICKS: f64 = 100.0;

pub(super) fn register(registry: &mut Registry, started: Timestamp) {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^53")]
    let started = started.as_millis() as f64 / 1000.0;
    let help = "When the process started, in seconds since 1970";
    registry.register("process_start_time_seconds", help, ConstGauge::new(started));
    if let Some(bytes) = resident() {
        let help = "Memory that is really there";
        registry.register("process_resident_memory_bytes", help, ConstGauge::new(bytes));
    }
    if let Some(seconds) = cpu() {
        let help = "Time of all cores, in the program and in the system";
        registry.register("process_cpu_seconds", help, ConstCounter::new(seconds));
    }
    if let Some(count) = open_files() {
        registry.register("process_open_fds", "Open file descriptors", ConstGauge::new(count));
    }
}

fn resident() -> Option<i64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: i64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kibibytes * 1024)
}

fn cpu() -> Option<f64> {
    cpu_of(&fs::read_to_string("/proc/self/stat").ok()?)
}

/// The 14th and 15th field; the second is a name in brackets, which may hold anything.
fn cpu_of(stat: &str) -> Option<f64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11).map(str::parse::<f64>);
    Some((times.next()?.ok()? + times.next()?.ok()?) / TICKS)
}

fn open_files() -> Option<i64> {
    // The one that lists them is open too.
    i64::try_from(fs::read_dir("/proc/self/fd").ok()?.count()).ok().map(|count| count - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_found_behind_any_name() {
        let stat = "7 (a) b (c) R 1 1 1 0 -1 4194560 9 0 0 0 150 50 0 0 20 0 1 0 100 1 1";
        assert_eq!(cpu_of(stat), Some(2.0));
        assert_eq!(cpu_of("nonsense"), None);
    }
}
