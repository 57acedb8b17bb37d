//! `appgrant migrate`: brings the database to this version's schema.

use super::{CliError, output::print_line, startup};
use crate::config::{Settings, Values};

pub(super) async fn run(values: &Values) -> Result<(), CliError> {
    let settings = Settings::read(values)?;
    let db = startup::open(&settings)?;
    let applied = startup::migrate(&db).await?;
    db.check().await?;
    for name in &applied {
        print_line(format!("applied {name}"))?;
    }
    if applied.is_empty() {
        print_line("the schema is up to date")?;
    }
    Ok(())
}
