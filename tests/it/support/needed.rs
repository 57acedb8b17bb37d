//! What a test needs besides Rust, and what is said where that is missing.

use std::{
    io::{Write, stderr},
    process::{Command, Stdio},
};

/// Whether that command succeeds; if not, says past the test harness, which would hide it, that `what`
/// is not tested here. In continuous integration it is a failure.
pub fn needed(what: &str, check: &mut Command) -> Option<()> {
    let check = check.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    if check.status().is_ok_and(|status| status.success()) {
        return Some(());
    }
    let program = check.get_program().to_string_lossy();
    let arguments: Vec<_> = check.get_args().map(|argument| argument.to_string_lossy()).collect();
    let missing = format!("`{program} {}` fails here", arguments.join(" "));
    assert!(std::env::var_os("CI").is_none(), "{what} cannot be tested: {missing}");
    let _ = writeln!(stderr(), "\n*** SKIPPED, NOT TESTED: {what}: {missing} ***\n");
    None
}
