//! A file of any length: it is read row by row, and memory does not grow with it.

use std::{
    io::{Read, Write},
    process::{ChildStdin, Stdio},
    time::Duration,
};

use tokio::time::Instant;

use super::{Exported, export::HEADER};
use crate::support::{PASSWORD, Process};

/// The most memory a process had, in KiB.
fn most_memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn feed(input: &mut ChildStdin, ids: std::ops::Range<usize>) {
    let nonces = "x".repeat(300);
    for id in ids {
        let row = Exported::new(id, "read").row();
        input.write_all(row.replace("a:2:", &nonces).as_bytes()).unwrap();
    }
    input.flush().unwrap();
}

#[test]
fn a_hundred_thousand_rows_need_no_more_memory_than_twenty_thousand() {
    let folder = tempfile::tempdir().unwrap();
    let add = ["user", "add", "ada", "--role", "admin", "--password-stdin"];
    assert_eq!(Process::run(folder.path(), &add, PASSWORD).0, 0);
    let began = Instant::now();
    let mut child = Process::spawn(
        folder.path(),
        &["key", "import", "-", "--owner", "ada", "--dry-run"],
        Stdio::piped(),
    );
    let mut input = child.stdin.take().unwrap();
    input.write_all(HEADER.as_bytes()).unwrap();
    // What was written has been read but for what a pipe holds.
    feed(&mut input, 0..20_000);
    let before = most_memory(child.id());
    feed(&mut input, 20_000..100_000);
    let after = most_memory(child.id());
    drop(input);
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(said, "100000 rows: 100000 would be taken, 0 already here, 0 skipped\n");
    // The file grew by 50 MB; 16 bytes a row tell repeated keys.
    assert!(after - before < 16 * 1024, "{before} KiB, then {after} KiB");
    assert!(began.elapsed() < Duration::from_mins(2), "{:?}", began.elapsed());
}

#[test]
fn thousands_are_taken_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let add = ["user", "add", "ada", "--role", "admin", "--password-stdin"];
    assert_eq!(Process::run(folder.path(), &add, PASSWORD).0, 0);
    let keys: Vec<_> = (0..3_000).map(|id| Exported::new(id, "read")).collect();
    let text = super::table(&keys);
    let cheap = [("APPGRANT_SECRET_HASH", "m=8,t=1")];
    std::fs::write(folder.path().join("keys.tsv"), text).unwrap();
    let import = ["key", "import", "keys.tsv", "--owner", "ada"];
    for says in [
        "3000 rows: 3000 taken, 0 already here, 0 skipped\n",
        "3000 rows: nothing to take, 3000 already here, 0 skipped\n",
    ] {
        let (code, said, error) = Process::run_with(folder.path(), &cheap, &import);
        assert_eq!((code, said.as_str(), error.as_str()), (0, says, ""));
    }
    let (_, list, _) = Process::run(folder.path(), &["key", "list"], "");
    assert_eq!(list.lines().count(), 3_000);
    let ids: Vec<u64> =
        list.lines().map(|line| line.split('\t').next().unwrap().parse().unwrap()).collect();
    assert!(ids.windows(2).all(|two| two[0] > two[1]), "newest first, each once");
}
