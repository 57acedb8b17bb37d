//! Lists of licenses: a walk along one index, the newest first, which ends after a bounded number of steps.

use diesel::{dsl::exists, prelude::*, sql_types::Bool};
use diesel_async::RunQueryDsl;

use super::{Backend, Conn, license_terms, licenses};
use crate::{
    db::{
        DbError,
        license_outcomes::LicensePage,
        schema::{license_activations as activations, license_terms as terms, licenses as table},
        word_index::Gathered,
    },
    domain::{
        licenses::{Find, LicenseQuery, LicenseState},
        search::Search,
        timestamp::Timestamp,
    },
};

/// How many licenses a walk passes, and a word leads to, at most.
const WALK: i64 = 5_000;

/// How many words a beginning may stand for.
const WORDS: usize = 20;

type Condition = Box<dyn BoxableExpression<table::table, Backend, SqlType = Bool>>;

/// A page of licenses.
pub async fn page(
    conn: &mut Conn,
    now: Timestamp,
    query: &LicenseQuery,
    limit: usize,
) -> Result<LicensePage, DbError> {
    let below = query.before.unwrap_or(i64::MAX);
    let (gathered, words) = match &query.find {
        Some(Find::Words(search)) => match by_words(conn, search, below).await? {
            Some((gathered, others)) => (Some(gathered), others),
            None => return Ok(LicensePage::default()),
        },
        Some(Find::Domain(domain)) => (Some(on_domain(conn, domain, below).await?), Vec::new()),
        Some(Find::Number(_)) | None => (None, Vec::new()),
    };
    let floor = match &gathered {
        Some(gathered) => gathered.floor,
        None => floor(conn, query, below).await?,
    };
    let mut rows = table::table.select(table::id).into_boxed::<Backend>();
    for condition in along(query, below) {
        rows = rows.filter(condition);
    }
    if let Some(state) = query.state {
        rows = rows.filter(is(state, now));
    }
    if let Some(Gathered { ids, .. }) = gathered {
        rows = rows.filter(table::id.eq_any(ids));
    } else if let Some(floor) = floor {
        rows = rows.filter(table::id.ge(floor));
    }
    for beginning in words {
        rows = rows.filter(has_one_of(beginning));
    }
    let most = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
    let mut ids: Vec<i64> = rows.order(table::id.desc()).limit(most).load(conn).await?;
    let has_more = ids.len() > limit;
    ids.truncate(limit);
    let next = if has_more { ids.last().copied() } else { floor };
    let licenses = licenses::by_ids(conn, &ids).await?;
    Ok(LicensePage { licenses, next, walked_far: !has_more && floor.is_some() })
}

/// Where a walk along an index must end, if it could pass more licenses.
async fn floor(conn: &mut Conn, query: &LicenseQuery, below: i64) -> Result<Option<i64>, DbError> {
    if query.state.is_none() {
        return Ok(None);
    }
    let mut rows = table::table.select(table::id).into_boxed::<Backend>();
    for condition in along(query, below) {
        rows = rows.filter(condition);
    }
    Ok(rows.order(table::id.desc()).offset(WALK).first(conn).await.optional()?)
}

/// What leads along an index.
fn along(query: &LicenseQuery, below: i64) -> Vec<Condition> {
    let mut all: Vec<Condition> = vec![Box::new(table::id.lt(below))];
    match (&query.find, &query.sku) {
        (Some(Find::Number(number)), sku) => {
            all.push(Box::new(table::number.eq(*number)));
            all.extend(sku.clone().map(is_of));
        }
        (Some(_), sku) => all.extend(sku.clone().map(is_of)),
        (None, Some(sku)) => all.push(Box::new(table::sku.eq(sku.clone()))),
        (None, None) => {}
    }
    all
}

/// Of that product, looked at on the way: written so that no index fits, as `key_list` does.
fn is_of(sku: String) -> Condition {
    Box::new(table::sku.concat("").eq(sku))
}

fn is(state: LicenseState, now: Timestamp) -> Condition {
    let ends = table::expires_at.assume_not_null();
    match state {
        LicenseState::Revoked => Box::new(table::revoked_at.is_not_null()),
        LicenseState::Expired => {
            Box::new(table::revoked_at.is_null().and(ends.le(now.as_millis())))
        }
        LicenseState::Active => Box::new(
            table::revoked_at
                .is_null()
                .and(table::expires_at.is_null().or(ends.gt(now.as_millis()))),
        ),
    }
}

/// The licenses with the rarest of the words, and the other words; nothing if a word is nowhere.
async fn by_words(
    conn: &mut Conn,
    search: &Search,
    below: i64,
) -> Result<Option<(Gathered, Vec<Vec<String>>)>, DbError> {
    let mut words = Vec::new();
    for beginning in search.beginnings() {
        words.push(license_terms::beginning_with(conn, beginning, None, WORDS).await?);
    }
    let mut rarest: Option<(usize, Gathered)> = None;
    for (number, beginning) in words.iter().enumerate() {
        let most = (WALK, usize::try_from(WALK).unwrap_or(usize::MAX));
        let found = license_terms::gather(conn, beginning, below, most).await?;
        if found.ids.is_empty() {
            return Ok(None);
        }
        if rarest.as_ref().is_none_or(|(_, least)| found.ids.len() < least.ids.len()) {
            rarest = Some((number, found));
        }
    }
    Ok(rarest.map(|(number, found)| {
        words.swap_remove(number);
        (found, words)
    }))
}

/// The licenses that are activated on a domain.
async fn on_domain(conn: &mut Conn, domain: &str, below: i64) -> Result<Gathered, DbError> {
    let ids: Vec<i64> = activations::table
        .filter(activations::domain.eq(domain))
        .filter(activations::license_id.lt(below))
        .order(activations::license_id.desc())
        .limit(WALK)
        .select(activations::license_id)
        .load(conn)
        .await?;
    let mut all = Gathered::default();
    let is_cut = i64::try_from(ids.len()).is_ok_and(|count| count == WALK);
    all.take(ids, is_cut);
    Ok(all.finish(usize::try_from(WALK).unwrap_or(usize::MAX)))
}

fn has_one_of(words: Vec<String>) -> Condition {
    Box::new(exists(
        terms::table.filter(terms::license_id.eq(table::id)).filter(terms::term.eq_any(words)),
    ))
}
