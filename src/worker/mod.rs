//! Loops that bring the world to what the database says. Each wakes by timer and by nudge, takes one
//! item at a time under a lease, and can be stopped at any moment.

pub mod delivery;
pub mod key_changes;
pub mod last_uses;
pub mod listener;
pub mod upkeep;
