//! What holds for all licenses: one row.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use crate::{
    db::{DbError, schema::license_settings as table},
    domain::{
        licenses::{ErrorFormat, LicenseSettings, Origins, PageUrl, StoreCode},
        timestamp::Timestamp,
        token_life::TokenLife,
    },
};

/// The number of the row.
const ROW: i64 = 1;

/// The highest number that numbers go on from. A key that comes from elsewhere may have any behind its dash.
const HIGHEST: i64 = 1_000_000_000_000;

#[derive(Queryable, Selectable)]
#[diesel(table_name = table)]
struct SettingsRow {
    store_code: String,
    previous_code: Option<String>,
    previous_until: Option<i64>,
    needs_token: i64,
    token_seconds: i64,
    errors_by_code: i64,
    errors_in_status: i64,
    localhost_is_free: i64,
    origins: String,
    page_url: String,
    version: i64,
}

/// Makes the row with that store code unless it is there; whether it was made.
pub async fn begin(conn: &mut Conn, code: StoreCode) -> Result<bool, DbError> {
    let row = (table::id.eq(ROW), table::store_code.eq(code.as_str()));
    let insert = diesel::insert_into(table::table).values(row).on_conflict_do_nothing();
    Ok(insert.execute(conn).await? == 1)
}

/// The settings.
pub async fn get(conn: &mut Conn) -> Result<LicenseSettings, DbError> {
    let row = table::table.find(ROW).select(SettingsRow::as_select());
    let row: Option<SettingsRow> = row.first(conn).await.optional()?;
    settings(row.ok_or(DbError::Corrupt("license_settings"))?)
}

/// Writes settings over those that were seen; whether they were still as they were seen.
pub async fn change(conn: &mut Conn, new: LicenseSettings) -> Result<bool, DbError> {
    let seen = table::table.find(ROW).filter(table::version.eq(new.version));
    let (previous_code, previous_until) = new.previous.unzip();
    let values = (
        table::store_code.eq(new.store_code.as_str()),
        table::previous_code.eq(previous_code.as_ref().map(StoreCode::as_str)),
        table::previous_until.eq(previous_until.map(Timestamp::as_millis)),
        table::needs_token.eq(i64::from(new.needs_token)),
        table::token_seconds.eq(new.token_life.seconds()),
        table::errors_by_code.eq(i64::from(new.errors == ErrorFormat::Code)),
        table::errors_in_status.eq(i64::from(new.errors_in_status)),
        table::localhost_is_free.eq(i64::from(new.localhost_is_free)),
        table::origins.eq(new.origins.to_lines()),
        table::page_url.eq(new.page_url.as_str()),
        table::version.eq(new.version + 1),
    );
    Ok(diesel::update(seen).set(values).execute(conn).await? == 1)
}

/// The next number for a license.
pub async fn next_number(conn: &mut Conn) -> Result<i64, DbError> {
    let row = diesel::update(table::table.find(ROW));
    let next = row.set(table::last_number.eq(table::last_number + 1));
    Ok(next.returning(table::last_number).get_result(conn).await?)
}

/// Holds the row until the transaction ends: licenses are made one after the other, so that two who make
/// several of several products never wait for each other; and no product goes away meanwhile.
pub(super) async fn hold(conn: &mut Conn) -> Result<(), DbError> {
    diesel::update(table::table.find(ROW)).set(table::id.eq(ROW)).execute(conn).await?;
    Ok(())
}

/// Numbers up to that one are taken, unless it is one that nobody counts up to.
pub(super) async fn pass_number(conn: &mut Conn, number: i64) -> Result<(), DbError> {
    if number > HIGHEST {
        return Ok(());
    }
    let row = table::table.find(ROW).filter(table::last_number.lt(number));
    diesel::update(row).set(table::last_number.eq(number)).execute(conn).await?;
    Ok(())
}

fn settings(row: SettingsRow) -> Result<LicenseSettings, DbError> {
    let code = |text: &str| {
        StoreCode::parse(text).map_err(|_| DbError::Corrupt("license_settings.store_code"))
    };
    let previous = match (row.previous_code, row.previous_until) {
        (Some(old), Some(until)) => Some((code(&old)?, Timestamp::from_millis(until))),
        _ => None,
    };
    let life = TokenLife::of(row.token_seconds);
    Ok(LicenseSettings {
        store_code: code(&row.store_code)?,
        previous,
        needs_token: row.needs_token != 0,
        token_life: life.ok_or(DbError::Corrupt("license_settings.token_seconds"))?,
        errors: if row.errors_by_code != 0 { ErrorFormat::Code } else { ErrorFormat::Property },
        errors_in_status: row.errors_in_status != 0,
        localhost_is_free: row.localhost_is_free != 0,
        origins: Origins::parse(&row.origins)
            .map_err(|_| DbError::Corrupt("license_settings.origins"))?,
        page_url: PageUrl::parse(&row.page_url)
            .ok_or(DbError::Corrupt("license_settings.page_url"))?,
        version: row.version,
    })
}
