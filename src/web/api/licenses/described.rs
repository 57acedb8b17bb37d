//! What clients send about licenses and are answered, for the API's description, as `api/described.rs` has it
//! for everything else. Of what is sent nothing is read into these.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::super::page::pages;
use crate::service::licenses::{
    RowOutcome, TableReport,
    views::{self, ActivationJson, LicenseJson, ProductJson},
};

pages! {
    /// A page of licenses.
    LicenseList of LicenseJson,
    /// A page of a license's activations.
    ActivationList of ActivationJson,
    /// A page of products.
    ProductList of ProductJson,
}

impl LicenseList {
    /// The page of a list of nothing.
    pub fn empty() -> Self {
        Self { data: Vec::new(), next_cursor: None, partial: false }
    }
}

/// Filters of the list of licenses; all that is given must hold.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes")]
pub struct LicenseListParams {
    /// Beginnings of words of SKU, customer or e-mail address; or the number behind the dash of the key, a
    /// shortened key, or a domain it is activated on.
    #[param(nullable = false)]
    pub q: Option<String>,
    /// Of the product of that SKU.
    #[param(nullable = false, example = "pro")]
    pub sku: Option<String>,
    /// Where they are in their life.
    #[param(value_type = Option<views::LicenseState>, nullable = false)]
    pub state: Option<String>,
    /// Activated on that domain; not together with `q`.
    #[param(nullable = false, example = "customer.example")]
    pub domain: Option<String>,
    /// How many licenses a page has.
    #[param(minimum = 1, maximum = 100, nullable = false)]
    pub limit: Option<usize>,
    /// `next_cursor` of the page before, asked with the same filters.
    #[param(nullable = false, pattern = "^[A-Za-z0-9_-]+$")]
    pub cursor: Option<String>,
}

/// A license to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewLicense)]
#[expect(dead_code, reason = "it describes")]
pub struct NewLicenseBody {
    /// The SKU of its product.
    #[schema(min_length = 1, max_length = 100, example = "pro")]
    pub sku: String,
    /// The product, if it is not there yet.
    #[schema(nullable = false)]
    pub product: Option<BroughtProductBody>,
    /// The customer's name.
    #[schema(nullable, max_length = 200, example = "Ada Lovelace")]
    pub customer: Option<String>,
    /// The customer's e-mail address.
    #[schema(nullable, example = "ada@customer.example")]
    pub email: Option<String>,
    /// What the store's cart knows the license by, passed on to programs.
    #[schema(nullable, max_length = 200)]
    pub cart_token: Option<String>,
    /// When it ends: a day (until it is over, in UTC) or an instant, at most a hundred years ahead. No end if
    /// it is left out or null.
    #[schema(nullable, example = "2100-01-31")]
    pub expires_at: Option<String>,
    /// How often it may be activated; any number if it is left out or null.
    #[schema(nullable, minimum = 1, maximum = 1_000_000, example = 5)]
    pub activation_limit: Option<i64>,
    /// On how many domains; any number if it is left out or null.
    #[schema(nullable, minimum = 1, maximum = 1_000_000, example = 1)]
    pub domain_limit: Option<i64>,
    /// In what the time is told for which a program may do without asking; it may not if this is left out or
    /// null.
    #[schema(nullable, value_type = Option<views::OfflineIntervals>)]
    pub offline_interval: Option<String>,
    /// How many of them; not with `unlimited`.
    #[schema(nullable, minimum = 1, maximum = 10_000, example = 7)]
    pub offline_value: Option<i64>,
}

/// A product that is brought along.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BroughtProduct)]
#[expect(dead_code, reason = "it describes")]
pub struct BroughtProductBody {
    /// Its name; the SKU if it is left out.
    #[schema(nullable = false, max_length = 200, example = "Pro edition")]
    pub name: Option<String>,
    /// What its download is called.
    #[schema(nullable, max_length = 200, example = "v1.1.5")]
    pub download_name: Option<String>,
    /// Where its download is: an http or https address.
    #[schema(nullable, max_length = 1_000, example = "https://shop.example/pro-1.1.5.zip")]
    pub download_url: Option<String>,
    /// Whether it runs on desktops, so that activations need no domain; it does not if this is left out.
    #[schema(nullable = false)]
    pub desktop: Option<bool>,
}

/// A license that was just made, with its whole key.
#[derive(Serialize, ToSchema)]
#[schema(as = CreatedLicense)]
pub struct CreatedLicenseDescription {
    #[serde(flatten)]
    pub license: LicenseJson,
    /// The whole key. It cannot be shown again, unless the store keeps keys readable.
    #[schema(pattern = "^[A-Za-z0-9]{26}-[0-9]+$", example = "Cqu62al903ICv40am9nM68Y7o9-32")]
    pub license_key: String,
}

/// What is to be changed; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LicenseChange)]
#[expect(dead_code, reason = "it describes")]
pub struct LicenseChangeBody {
    /// The SKU of a product that is there.
    #[schema(nullable = false, min_length = 1, max_length = 100)]
    pub sku: Option<String>,
    /// The customer's name; null for none.
    #[schema(nullable, max_length = 200)]
    pub customer: Option<String>,
    /// The customer's e-mail address; null for none.
    #[schema(nullable)]
    pub email: Option<String>,
    /// What the store's cart knows the license by; null for nothing.
    #[schema(nullable, max_length = 200)]
    pub cart_token: Option<String>,
    /// When it ends: a day or an instant; null for no end.
    #[schema(nullable)]
    pub expires_at: Option<String>,
    /// How often it may be activated; null for any number. What is activated already stays so.
    #[schema(nullable, minimum = 1, maximum = 1_000_000)]
    pub activation_limit: Option<i64>,
    /// On how many domains; null for any number.
    #[schema(nullable, minimum = 1, maximum = 1_000_000)]
    pub domain_limit: Option<i64>,
    /// In what the time is told for which a program may do without asking; null if it may not.
    #[schema(nullable, value_type = Option<views::OfflineIntervals>)]
    pub offline_interval: Option<String>,
    /// How many of them.
    #[schema(nullable, minimum = 1, maximum = 10_000)]
    pub offline_value: Option<i64>,
    /// `version` of the answer that this is decided upon.
    #[schema(nullable = false, minimum = 0)]
    pub version: Option<i64>,
}

/// Why a license is taken back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LicenseRevocation)]
#[expect(dead_code, reason = "it describes")]
pub struct LicenseRevokeBody {
    /// The reason, for the audit log; cut after 200 characters.
    #[schema(nullable = false, example = "refunded")]
    pub reason: Option<String>,
}

/// A whole license key.
#[derive(Serialize, ToSchema)]
#[schema(as = WholeLicenseKey)]
pub struct WholeKeyJson<'a> {
    /// The key.
    pub license_key: &'a str,
}

/// A product to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewLicenseProduct)]
#[expect(dead_code, reason = "it describes")]
pub struct NewProductBody {
    /// Its stock keeping unit, which programs send. It cannot be changed.
    #[schema(min_length = 1, max_length = 100, example = "pro")]
    pub sku: String,
    /// Its name; the SKU if it is left out.
    #[schema(nullable = false, max_length = 200, example = "Pro edition")]
    pub name: Option<String>,
    /// What its download is called.
    #[schema(nullable, max_length = 200, example = "v1.1.5")]
    pub download_name: Option<String>,
    /// Where its download is: an http or https address.
    #[schema(nullable, max_length = 1_000, example = "https://shop.example/pro-1.1.5.zip")]
    pub download_url: Option<String>,
    /// Whether it runs on desktops, so that activations need no domain; it does not if this is left out.
    #[schema(nullable = false)]
    pub desktop: Option<bool>,
}

/// What is to be changed of a product; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LicenseProductChange)]
#[expect(dead_code, reason = "it describes")]
pub struct ProductChangeBody {
    /// Its name.
    #[schema(nullable = false, max_length = 200)]
    pub name: Option<String>,
    /// What its download is called; null for nothing.
    #[schema(nullable, max_length = 200)]
    pub download_name: Option<String>,
    /// Where its download is; null for nowhere.
    #[schema(nullable, max_length = 1_000)]
    pub download_url: Option<String>,
    /// Whether it runs on desktops, so that activations need no domain.
    #[schema(nullable = false)]
    pub desktop: Option<bool>,
    /// `version` of the answer that this is decided upon.
    #[schema(nullable = false, minimum = 0)]
    pub version: Option<i64>,
}

/// Settings to be changed; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LicenseSettingsChange)]
#[expect(dead_code, reason = "it describes")]
pub struct LicenseSettingsBody {
    /// What programs name the store by: 8 to 64 visible ASCII characters, null for a fresh one. Needs
    /// `overlap_days`.
    #[schema(nullable, min_length = 8, max_length = 64, pattern = "^[!-~]{8,64}$")]
    pub store_code: Option<String>,
    /// For how many days the code before is taken too; 0 ends it at once.
    #[schema(nullable = false, minimum = 0, maximum = 731, example = 30)]
    pub overlap_days: Option<u64>,
    /// Whether the code before shall not be taken any more.
    #[schema(nullable = false)]
    pub end_previous: Option<bool>,
    /// “Enable authorization”: whether programs must get a token first.
    #[schema(nullable = false)]
    pub needs_token: Option<bool>,
    /// “Token expiration”: how many seconds such a token lives: 60 to 315360000, below 0 for no end.
    #[schema(nullable = false, example = 600)]
    pub token_seconds: Option<i64>,
    /// How programs are told what is wrong.
    #[schema(nullable = false, value_type = Option<views::LicenseErrors>)]
    pub errors: Option<String>,
    /// Whether that shows in the HTTP status, as 4xx; else it is 200.
    #[schema(nullable = false)]
    pub errors_in_status: Option<bool>,
    /// Whether the developer's own machine counts against no limit.
    #[schema(nullable = false)]
    pub localhost_is_free: Option<bool>,
    /// Which sites' scripts may ask: origins such as `https://customer.example`, or `*` for all.
    #[schema(nullable = false, max_items = 50, example = json!(["https://customer.example"]))]
    pub origins: Option<Vec<String>>,
    /// Where customers see their licenses, with `{key}` where the key goes; null for no such page.
    #[schema(nullable, max_length = 1_000, example = "https://shop.example/license/?key={key}")]
    pub page_url: Option<String>,
}

/// How a table is taken over.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it describes")]
pub struct ImportParams {
    /// Whether to say what would be taken, and write nothing.
    #[param(nullable = false)]
    pub dry_run: Option<bool>,
}

/// What became of a table's rows.
#[derive(Serialize, ToSchema)]
#[schema(as = LicenseImport)]
pub struct ImportReportJson {
    /// How many rows it has.
    pub rows: u64,
    /// How many are licenses now, or would be.
    pub taken: u64,
    /// How many were licenses before.
    pub already_here: u64,
    /// How many could not be taken.
    pub skipped_count: u64,
    /// Those, at most the first 1000.
    pub skipped: Vec<SkippedRowJson>,
    /// How many that are licenses, now or before, have keys short enough to be guessed: replace them.
    pub guessable_count: u64,
    /// The numbers of those rows, at most the first 100.
    pub guessable: Vec<u64>,
    /// Whether nothing was written.
    pub dry_run: bool,
}

impl ImportReportJson {
    /// A report, and the rows it names.
    pub fn of(report: TableReport, skipped: Vec<SkippedRowJson>, dry_run: bool) -> Self {
        Self {
            rows: report.rows,
            taken: report.taken,
            already_here: report.already_here,
            skipped_count: report.skipped,
            skipped,
            guessable_count: report.guessable,
            guessable: report.guessable_rows,
            dry_run,
        }
    }
}

/// A row that could not be taken.
#[derive(Serialize, ToSchema)]
#[schema(as = SkippedLicenseRow)]
pub struct SkippedRowJson {
    /// Its number: the first one after the columns' names is 1.
    pub row: u64,
    /// What is wrong with it.
    #[schema(example = "license_key is shortened; only whole keys can be imported")]
    pub reason: String,
}

impl From<(u64, RowOutcome)> for SkippedRowJson {
    fn from((row, outcome): (u64, RowOutcome)) -> Self {
        Self { row, reason: outcome.to_string() }
    }
}
