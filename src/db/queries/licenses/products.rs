//! What is sold under a SKU.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::{Conn, license_settings};
use crate::{
    db::{
        DbError,
        license_outcomes::ProductDeletion,
        schema::{license_products as table, licenses},
    },
    domain::licenses::Product,
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = table)]
pub(super) struct ProductRow {
    sku: String,
    name: String,
    download_name: String,
    download_url: String,
    desktop: i64,
    version: i64,
}

impl From<ProductRow> for Product {
    fn from(row: ProductRow) -> Self {
        Self {
            sku: row.sku,
            name: row.name,
            download_name: row.download_name,
            download_url: row.download_url,
            desktop: row.desktop != 0,
            version: row.version,
        }
    }
}

/// The product of that SKU.
pub async fn find(conn: &mut Conn, sku: &str) -> Result<Option<Product>, DbError> {
    let row = table::table.find(sku).select(ProductRow::as_select());
    let row: Option<ProductRow> = row.first(conn).await.optional()?;
    Ok(row.map(Product::from))
}

/// Products in the order of their SKUs: those after that one.
pub async fn list(
    conn: &mut Conn,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<Product>, DbError> {
    let rows: Vec<ProductRow> = table::table
        .filter(table::sku.gt(after.unwrap_or_default()))
        .order(table::sku)
        .limit(limit)
        .select(ProductRow::as_select())
        .load(conn)
        .await?;
    Ok(rows.into_iter().map(Product::from).collect())
}

/// Makes a product unless there is one of its SKU; whether it was made.
pub async fn create(conn: &mut Conn, new: Product) -> Result<bool, DbError> {
    let row = (
        table::sku.eq(&new.sku),
        table::name.eq(&new.name),
        table::download_name.eq(&new.download_name),
        table::download_url.eq(&new.download_url),
        table::desktop.eq(i64::from(new.desktop)),
    );
    let insert = diesel::insert_into(table::table).values(row).on_conflict_do_nothing();
    Ok(insert.execute(conn).await? == 1)
}

/// Changes a product that is still as it was seen; whether it was.
pub async fn change(conn: &mut Conn, new: Product) -> Result<bool, DbError> {
    let seen = table::table.find(&new.sku).filter(table::version.eq(new.version));
    let values = (
        table::name.eq(&new.name),
        table::download_name.eq(&new.download_name),
        table::download_url.eq(&new.download_url),
        table::desktop.eq(i64::from(new.desktop)),
        table::version.eq(new.version + 1),
    );
    Ok(diesel::update(seen).set(values).execute(conn).await? == 1)
}

/// Whether there are licenses of a product.
pub async fn is_used(conn: &mut Conn, sku: &str) -> Result<bool, DbError> {
    let of_it = licenses::table.filter(licenses::sku.eq(sku)).select(licenses::id);
    let one: Option<i64> = of_it.first(conn).await.optional()?;
    Ok(one.is_some())
}

/// Deletes a product that no license is of.
pub async fn delete(conn: &mut Conn, sku: String) -> Result<ProductDeletion, DbError> {
    // Whoever makes a license, or gives one another product, holds this too.
    license_settings::hold(conn).await?;
    if is_used(conn, &sku).await? {
        return Ok(ProductDeletion::InUse);
    }
    let deleted = diesel::delete(table::table.find(sku)).execute(conn).await?;
    Ok(if deleted == 1 { ProductDeletion::Deleted } else { ProductDeletion::Unknown })
}
