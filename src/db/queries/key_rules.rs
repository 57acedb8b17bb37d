//! What keys are bound to; a key without a row has the defaults.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Conn, key_edits};
use crate::{
    db::{DbError, schema::key_rules},
    domain::{
        key_rules::{AllowedDomains, AllowedNetworks, Environment, KeyRules},
        token_life::TokenLife,
    },
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = key_rules)]
pub(super) struct RulesRow {
    sandbox: i64,
    token_seconds: Option<i64>,
    domains: String,
    networks: String,
    tokens_over: i64,
}

impl RulesRow {
    pub(super) fn into_rules(self) -> Result<KeyRules, DbError> {
        let corrupt = DbError::Corrupt;
        let life = |seconds| TokenLife::of(seconds).ok_or(corrupt("key_rules.token_seconds"));
        let sandbox = self.sandbox != 0;
        Ok(KeyRules {
            environment: if sandbox { Environment::Sandbox } else { Environment::Production },
            token_life: self.token_seconds.map(life).transpose()?,
            domains: AllowedDomains::parse(&self.domains)
                .map_err(|_| corrupt("key_rules.domains"))?,
            networks: AllowedNetworks::parse(&self.networks)
                .map_err(|_| corrupt("key_rules.networks"))?,
            tokens_over: self.tokens_over,
        })
    }
}

/// The rules of a key.
pub async fn of(conn: &mut Conn, key_id: i64) -> Result<KeyRules, DbError> {
    let row = key_rules::table.find(key_id).select(RulesRow::as_select());
    let row: Option<RulesRow> = row.first(conn).await.optional()?;
    row.map_or(Ok(KeyRules::default()), RulesRow::into_rules)
}

/// Gives a live key these rules in place of `seen`; whether it still had those and was its owner's. What was
/// ended stays ended.
pub async fn put(
    conn: &mut Conn,
    (key_id, owner_id): (i64, i64),
    seen: KeyRules,
    new: KeyRules,
) -> Result<bool, DbError> {
    if !key_edits::hold_live(conn, (key_id, owner_id)).await? {
        return Ok(false);
    }
    hold(conn, key_id).await?;
    if of(conn, key_id).await? != seen {
        return Ok(false);
    }
    let values = (
        key_rules::sandbox.eq(i64::from(new.environment == Environment::Sandbox)),
        key_rules::token_seconds.eq(new.token_life.map(TokenLife::seconds)),
        key_rules::domains.eq(new.domains.to_string()),
        key_rules::networks.eq(new.networks.to_string()),
    );
    diesel::update(key_rules::table.find(key_id)).set(values).execute(conn).await?;
    Ok(true)
}

/// Ends all tokens up to that number.
pub(super) async fn end_tokens(conn: &mut Conn, key_id: i64, upto: i64) -> Result<(), DbError> {
    hold(conn, key_id).await?;
    let older = key_rules::table.find(key_id).filter(key_rules::tokens_over.lt(upto));
    diesel::update(older).set(key_rules::tokens_over.eq(upto)).execute(conn).await?;
    Ok(())
}

/// Makes sure that there is a row, and locks it until the transaction ends.
pub(super) async fn hold(conn: &mut Conn, key_id: i64) -> Result<(), DbError> {
    let row = (
        key_rules::key_id.eq(key_id),
        key_rules::sandbox.eq(0),
        key_rules::domains.eq(""),
        key_rules::networks.eq(""),
        key_rules::tokens_over.eq(0),
    );
    diesel::insert_into(key_rules::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(conn)
        .await?;
    let held = diesel::update(key_rules::table.find(key_id));
    held.set(key_rules::key_id.eq(key_id)).execute(conn).await?;
    Ok(())
}
