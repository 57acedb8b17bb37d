//! What operators see: metrics, traces and log lines, of the real program.

mod collector;
mod hostile;
mod log;
mod metrics;
mod pages;
mod scrape;
mod secrets;
mod story;
mod traces;
