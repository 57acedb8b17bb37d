//! Named points at which the crash tests stop the process.
//!
//! Compiled in by the feature `fault-points`, which only this crate's tests and examples switch on; in
//! a release binary [`point`] is empty. A process told to stop at a point announces it on standard
//! error and then waits there to be killed.

/// Stops here if this point was named in the environment.
#[cfg(feature = "fault-points")]
#[expect(clippy::disallowed_methods, reason = "the crash tests name the point in the environment")]
pub async fn point(name: &str) {
    if std::env::var("FAULT_POINT").is_ok_and(|wanted| wanted == name) {
        eprintln!("stopped at {name}");
        std::future::pending::<()>().await;
    }
}

/// Nothing, outside of tests.
#[cfg(not(feature = "fault-points"))]
pub async fn point(_name: &str) {}
