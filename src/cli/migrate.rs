//! `appgrant migrate`: brings the database to this version's schema.

use super::{CliError, startup};
use crate::config::{Settings, Values};

pub(super) async fn run(values: &Values) -> Result<(), CliError> {
    let settings = Settings::read(values)?;
    let applied = startup::migrate(&startup::open(&settings)?).await?;
    for name in &applied {
        println!("applied {name}");
    }
    if applied.is_empty() {
        println!("the schema is up to date");
    }
    Ok(())
}
