//! What a consent page's buttons write: once, whoever presses how often.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Conn, key_terms, keys, oauth, replacements, sessions};
use crate::{
    db::{
        DbError,
        outcomes::{Approval, ApproveOutcome, Decided},
        schema::{consents, deliveries, grants},
    },
    domain::{
        consent::{Consent, Decision, REMEMBERED},
        delivery::{DeliveryState, GIVE_UP_AFTER, Kind},
        search,
        timestamp::Timestamp,
    },
};

/// Writes grant, key and sealed delivery, unless this page was decided before, or another page of the
/// same question was approved a moment ago (two tabs, a reload): then gives that.
pub async fn approve(
    conn: &mut Conn,
    now: Timestamp,
    new: Approval,
) -> Result<ApproveOutcome, DbError> {
    // Also locks the session's row on PostgreSQL: one decision at a time in one session.
    if !sessions::touch(conn, now, &new.session_hash).await? {
        return Ok(ApproveOutcome::SessionEnded);
    }
    if let Some(earlier) = earlier(conn, &new.consent.id).await? {
        return Ok(ApproveOutcome::Decided(earlier));
    }
    let recent = recent_grant(conn, now, &new.consent.question).await?;
    if let Some(grant_id) = recent.filter(|id| new.again_after.as_ref() != Some(id)) {
        return Ok(ApproveOutcome::Decided(Decided::approved(grant_id)));
    }
    write_all(conn, now, new).await.map(ApproveOutcome::Decided)
}

async fn write_all(conn: &mut Conn, now: Timestamp, new: Approval) -> Result<Decided, DbError> {
    insert_grant(conn, now, &new).await?;
    if !use_up(conn, now, &new.consent, Decision::Approved, Some(&new.grant_id)).await? {
        // Decided between the two statements, which only PostgreSQL lets happen: undo the grant.
        diesel::delete(grants::table.find(&new.grant_id)).execute(conn).await?;
        return earlier(conn, &new.consent.id).await?.ok_or(DbError::Corrupt("consents.id"));
    }
    let key_id = keys::insert(conn, now, &new).await?;
    let app = (new.request.app_name.as_str(), &*new.request.callback_url.host());
    let terms = search::terms(&new.description, &new.ending, Some(app));
    key_terms::add(conn, key_id, &terms).await?;
    let Approval { grant_id, delivery_id, seal, seal_secret, replaces, .. } = new;
    replacements::note(conn, &grant_id, replaces).await?;
    if let Some(seal) = seal_secret {
        oauth::keep_secret(conn, key_id, &seal(key_id)).await?;
    }
    let row = (
        deliveries::id.eq(delivery_id),
        deliveries::kind.eq(Kind::Keys.as_str()),
        deliveries::grant_id.eq(&grant_id),
        deliveries::key_id.eq(key_id),
        deliveries::state.eq(DeliveryState::Waiting.as_str()),
        deliveries::sealed.eq(seal(key_id).as_bytes().to_vec()),
        deliveries::attempts.eq(0),
        deliveries::failures.eq(0),
        deliveries::due_at.eq(now.as_millis()),
        deliveries::give_up_at.eq(now.plus(GIVE_UP_AFTER).as_millis()),
        deliveries::created_at.eq(now.as_millis()),
    );
    diesel::insert_into(deliveries::table).values(row).execute(conn).await?;
    Ok(Decided::approved(grant_id))
}

/// Notes a denial, unless this page was decided before: then gives that.
pub async fn deny(conn: &mut Conn, now: Timestamp, consent: &Consent) -> Result<Decided, DbError> {
    if use_up(conn, now, consent, Decision::Denied, None).await? {
        return Ok(Decided { decision: Decision::Denied, grant_id: None });
    }
    earlier(conn, &consent.id).await?.ok_or(DbError::Corrupt("consents.id"))
}

/// The grant that the same question made in the last minutes, unless its delivery failed.
pub async fn recent_grant(
    conn: &mut Conn,
    now: Timestamp,
    question: &[u8],
) -> Result<Option<String>, DbError> {
    let alive = [DeliveryState::Waiting, DeliveryState::Sending, DeliveryState::Delivered];
    Ok(consents::table
        .inner_join(deliveries::table.on(consents::grant_id.eq(deliveries::grant_id.nullable())))
        .filter(deliveries::kind.eq(Kind::Keys.as_str()))
        .filter(consents::question.eq(question))
        .filter(consents::decided_at.gt(now.minus(REMEMBERED).as_millis()))
        .filter(deliveries::state.eq_any(alive.map(DeliveryState::as_str)))
        .order(consents::decided_at.desc())
        .select(deliveries::grant_id)
        .first(conn)
        .await
        .optional()?)
}

pub(super) async fn earlier(conn: &mut Conn, consent_id: &str) -> Result<Option<Decided>, DbError> {
    let row: Option<(String, Option<String>)> = consents::table
        .find(consent_id)
        .select((consents::decision, consents::grant_id))
        .first(conn)
        .await
        .optional()?;
    let Some((decision, grant_id)) = row else {
        return Ok(None);
    };
    let decision = Decision::parse(&decision).ok_or(DbError::Corrupt("consents.decision"))?;
    Ok(Some(Decided { decision, grant_id }))
}

/// Writes the page's decision if it has none; whether it had none.
pub(super) async fn use_up(
    conn: &mut Conn,
    now: Timestamp,
    consent: &Consent,
    decision: Decision,
    grant_id: Option<&str>,
) -> Result<bool, DbError> {
    let row = (
        consents::id.eq(&consent.id),
        consents::question.eq(&consent.question),
        consents::decision.eq(decision.as_str()),
        consents::grant_id.eq(grant_id),
        consents::decided_at.eq(now.as_millis()),
    );
    let insert = diesel::insert_into(consents::table).values(row).on_conflict_do_nothing();
    Ok(insert.execute(conn).await? == 1)
}

async fn insert_grant(conn: &mut Conn, now: Timestamp, new: &Approval) -> Result<(), DbError> {
    let request = &new.request;
    let row = (
        grants::id.eq(&new.grant_id),
        grants::app_name.eq(&request.app_name),
        grants::user_id.eq(&request.user_id),
        grants::return_url.eq(request.return_url.url().text()),
        grants::callback_url.eq(request.callback_url.url().text()),
        grants::callback_host.eq(request.callback_url.host()),
        grants::scope.eq(request.scope.as_str()),
        grants::state.eq(&request.state),
        grants::approved_by.eq(new.approved_by),
        grants::created_at.eq(now.as_millis()),
        grants::events_url.eq(request.events_url.as_ref().map(|events| events.url().text())),
        grants::user_start.eq(replacements::start_of(&request.user_id)),
    );
    diesel::insert_into(grants::table).values(row).execute(conn).await?;
    Ok(())
}
