//! What people change about licenses. Each change is guarded by the version that the decision was based on.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{
    Conn, idempotency, license_activations, license_products, license_settings, license_terms,
    license_tokens,
};
use crate::{
    db::{
        DbError,
        license_outcomes::{LicenseInsert, NewLicense},
        outcomes::{OnceMade, Remembered, ToRemember},
        schema::{license_uses as uses, licenses as table},
    },
    domain::{
        licenses::{License, LicenseTerms},
        sealed::Sealed,
        timestamp::Timestamp,
    },
};

/// Makes a license.
pub async fn create(
    conn: &mut Conn,
    now: Timestamp,
    new: NewLicense,
) -> Result<LicenseInsert, DbError> {
    license_settings::hold(conn).await?;
    // Before the product, which a license that is here already must neither make nor contradict.
    let there = table::table.filter(table::lookup.eq(&new.lookup[..])).select(table::id);
    if let Some(id) = there.first(conn).await.optional()? {
        return Ok(LicenseInsert::Taken(id));
    }
    let with_product = match product_of(conn, &new).await? {
        Ok(made) => made,
        Err(missing) => return Ok(missing),
    };
    let terms = &new.terms;
    let row = (
        table::lookup.eq(&new.lookup[..]),
        table::sealed.eq(new.sealed.as_ref().map(Sealed::as_bytes)),
        table::beginning.eq(&new.beginning),
        table::number.eq(new.number),
        table::sku.eq(&terms.sku),
        table::customer.eq(&terms.customer),
        table::email.eq(&terms.email),
        table::cart_token.eq(&terms.cart_token),
        table::expires_at.eq(terms.expires_at.map(Timestamp::as_millis)),
        table::activation_limit.eq(terms.activation_limit),
        table::domain_limit.eq(terms.domain_limit),
        table::offline.eq(terms.offline.map(|offline| offline.to_string())),
        table::created_at.eq(now.as_millis()),
        table::revoked_at.eq(new.revoked.then_some(now.as_millis())),
    );
    let insert = diesel::insert_into(table::table).values(row).on_conflict_do_nothing();
    let id: Option<i64> = insert.returning(table::id).get_result(conn).await.optional()?;
    let Some(id) = id else {
        return Ok(LicenseInsert::Taken(there.first(conn).await?));
    };
    let row = (uses::license_id.eq(id), uses::last_activation.eq(0));
    diesel::insert_into(uses::table).values(row).execute(conn).await?;
    license_terms::add(conn, id, &license_terms::of(terms)).await?;
    license_activations::bring(conn, now, id, &new.activations).await?;
    license_settings::pass_number(conn, new.number).await?;
    Ok(LicenseInsert::Made { id, with_product })
}

/// Sees that there is the product of a license: whether it was made, or what is wrong.
async fn product_of(
    conn: &mut Conn,
    new: &NewLicense,
) -> Result<Result<bool, LicenseInsert>, DbError> {
    if let Some(product) = &new.product
        && license_products::create(conn, product.clone()).await?
    {
        return Ok(Ok(true));
    }
    let there = license_products::find(conn, &new.terms.sku).await?;
    Ok(match (there, &new.product) {
        (None, _) => Err(LicenseInsert::NoProduct),
        (Some(there), Some(told)) if there.is_contradicted_by(told) => {
            Err(LicenseInsert::OtherProduct)
        }
        _ => Ok(false),
    })
}

/// Makes a license as [`create`] does, once for a named request.
pub async fn create_once(
    conn: &mut Conn,
    now: Timestamp,
    new: NewLicense,
    once: Option<ToRemember>,
) -> Result<OnceMade<LicenseInsert>, DbError> {
    let Some(ToRemember { request, seal }) = once else {
        return Ok(OnceMade::Now(create(conn, now, new).await?));
    };
    match idempotency::begin(conn, now, &request).await? {
        Remembered::Nothing => {}
        Remembered::Answered(answer) => return Ok(OnceMade::Before(answer)),
        Remembered::Another => return Ok(OnceMade::Another),
    }
    let made = create(conn, now, new).await?;
    match made {
        LicenseInsert::Made { id, .. } => idempotency::answer(conn, &request, &seal(id)).await?,
        _ => idempotency::take_back(conn, &request).await?,
    }
    Ok(OnceMade::Now(made))
}

/// Makes several, each for itself; what became of each, in their order.
pub async fn create_several(
    conn: &mut Conn,
    now: Timestamp,
    new: Vec<NewLicense>,
) -> Result<Vec<LicenseInsert>, DbError> {
    let mut made = Vec::with_capacity(new.len());
    for license in new {
        made.push(create(conn, now, license).await?);
    }
    Ok(made)
}

/// Changes a license that is still as it was seen, and whose product is there; whether it was.
pub async fn change(conn: &mut Conn, seen: License, terms: LicenseTerms) -> Result<bool, DbError> {
    if terms.sku != seen.terms.sku {
        license_settings::hold(conn).await?;
        if license_products::find(conn, &terms.sku).await?.is_none() {
            return Ok(false);
        }
    }
    let values = (
        table::sku.eq(&terms.sku),
        table::customer.eq(&terms.customer),
        table::email.eq(&terms.email),
        table::cart_token.eq(&terms.cart_token),
        table::expires_at.eq(terms.expires_at.map(Timestamp::as_millis)),
        table::activation_limit.eq(terms.activation_limit),
        table::domain_limit.eq(terms.domain_limit),
        table::offline.eq(terms.offline.map(|offline| offline.to_string())),
        table::version.eq(seen.version + 1),
    );
    let unchanged = table::table.find(seen.id).filter(table::version.eq(seen.version));
    if diesel::update(unchanged).set(values).execute(conn).await? == 0 {
        return Ok(false);
    }
    let (old, new) = (license_terms::of(&seen.terms), license_terms::of(&terms));
    license_terms::exchange_words(conn, seen.id, &old, &new).await?;
    Ok(true)
}

/// Takes a license back; whether it was not taken back before. Its tokens are dead from then on.
pub async fn revoke(conn: &mut Conn, now: Timestamp, id: i64) -> Result<bool, DbError> {
    let live = table::table.find(id).filter(table::revoked_at.is_null());
    let values = (table::revoked_at.eq(now.as_millis()), table::version.eq(table::version + 1));
    if diesel::update(live).set(values).execute(conn).await? == 0 {
        return Ok(false);
    }
    license_tokens::end_all(conn, id).await?;
    Ok(true)
}

/// Gives a license again; whether it had been taken back. The tokens it had stay dead.
pub async fn restore(conn: &mut Conn, now: Timestamp, id: i64) -> Result<bool, DbError> {
    let over = table::table.find(id).filter(table::revoked_at.is_not_null());
    let values = (table::revoked_at.eq(None::<i64>), table::version.eq(table::version + 1));
    if diesel::update(over).set(values).execute(conn).await? == 0 {
        return Ok(false);
    }
    let own = diesel::update(uses::table.find(id));
    own.set(uses::tokens_from.eq(now.as_millis())).execute(conn).await?;
    license_tokens::end_all(conn, id).await?;
    Ok(true)
}
