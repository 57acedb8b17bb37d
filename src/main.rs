//! The `appgrant` program: everything is in the library, see `appgrant::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    appgrant::cli::run()
}
