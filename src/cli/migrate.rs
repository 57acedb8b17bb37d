//! `appgrant migrate`: brings the database to this version's schema.

use super::CliError;
use crate::{
    config::{Settings, Values},
    db::Db,
};

pub(super) async fn run(values: &Values) -> Result<(), CliError> {
    let settings = Settings::read(values)?;
    let applied = Db::open(&settings.database_url)?.migrate().await?;
    for name in &applied {
        println!("applied {name}");
    }
    if applied.is_empty() {
        println!("the schema is up to date");
    }
    Ok(())
}
