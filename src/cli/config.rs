//! `appgrant config`: the settings in force and where each came from; secrets hidden.

use super::{CliError, output::print_line};
use crate::config::{Settings, Shown, Values};

pub(super) fn run(values: &Values, json: bool) -> Result<(), CliError> {
    let shown: Vec<Shown> = values.shown().collect();
    if json {
        let text =
            serde_json::to_string_pretty(&shown).map_err(|e| CliError::new(e.to_string()))?;
        print_line(text)?;
    } else {
        for Shown { name, value, source } in &shown {
            print_line(format!("{name} = {value:?}  ({source})"))?;
        }
    }
    Settings::read(values)?;
    Ok(())
}
