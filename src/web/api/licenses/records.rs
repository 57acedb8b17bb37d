//! Licenses over the API: list, make, look, change.

use super::{
    super::{
        answer::{self, Answer},
        client::Client,
        created,
        members::Members,
        query::Questions,
    },
    body::{self, Said, SaidOfProduct},
    described::{
        CreatedLicenseDescription, LicenseChangeBody, LicenseList, LicenseListParams,
        NewLicenseBody,
    },
};
use crate::{
    domain::licenses::{
        ActivationDomain, Find, LicenseDraft, LicenseQuery, LicenseState, ProductDraft, Wrongs,
    },
    service::licenses::{
        self,
        views::{self, LicenseJson},
    },
};

/// How many licenses a page has, unless told otherwise.
const PAGE: usize = 50;

/// Lists licenses, newest first.
///
/// Everybody who is logged in sees all licenses, without their keys. No list is ever a question about all
/// licenses at once: a page may be cut short (`partial`), and goes on at `next_cursor`.
#[utoipa::path(get, path = "/api/v1/licenses", tag = "licenses", operation_id = "listLicenses",
    params(LicenseListParams),
    responses((status = 200, description = "A page of licenses", body = LicenseList)))]
pub async fn list(client: Client) -> Answer {
    let mut questions = client.questions();
    let typed = questions.text("q");
    let mut query = read(&mut questions);
    let found = typed.as_deref().map(Find::parse);
    if query.find.is_some() && found.is_some() {
        questions.note("domain", "does not go together with q");
    }
    let (limit, cursors) = (questions.limit(PAGE), questions.cursors());
    questions.done()?;
    match found {
        // Signs without a word: no license has them.
        Some(None) => return answer::ok(&LicenseList::empty()),
        Some(find) => query.find = find,
        None => {}
    }
    let (services, caller) = (&client.services, &client.caller);
    let page = licenses::list(services, caller, &query, limit).await?;
    let shown = |license| LicenseJson::of(license, services.now());
    answer::ok(&LicenseList {
        data: page.licenses.into_iter().map(shown).collect(),
        next_cursor: page.next.map(|id| cursors(id.to_string())),
        partial: page.walked_far,
    })
}

fn read(questions: &mut Questions) -> LicenseQuery {
    let domain = questions.value("domain", "must say something, such as shop.example", |text| {
        ActivationDomain::parse(text).map(|domain| domain.as_str().to_owned())
    });
    LicenseQuery {
        find: domain.map(Find::Domain),
        sku: questions.text("sku"),
        state: questions.word("state", views::LicenseState::ALL, LicenseState::parse),
        before: questions.place(|place| place.parse().ok()),
    }
}

/// Makes a license.
///
/// Its key works at once. The answer is the only one that holds the whole key, unless the store keeps keys
/// readable. A product that is not there yet is brought along as `product`; one that is there must not be
/// contradicted. With the header `Idempotency-Key`, sending the same request again within a day gives the same
/// answer and makes nothing.
#[utoipa::path(post, path = "/api/v1/licenses", tag = "licenses", operation_id = "createLicense",
    request_body = NewLicenseBody,
    responses(
        (status = 201, description = "The license, with its whole key", body = CreatedLicenseDescription,
            headers(
                ("Location" = String, description = "Where the license stands"),
                ("Idempotent-Replayed" = String, description = "`true` if an earlier request made it"),
            )),
        (status = 403, description = "You may not make licenses"),
        (status = 409, description = "The product is there, and is another"),
    ))]
pub async fn create(client: Client) -> Answer {
    let mut body = client.members()?;
    let mut draft = LicenseDraft::default();
    Said::read(&mut body).put_into(&mut draft);
    if let Err(Wrongs(wrongs)) = draft.read(client.services.now()) {
        for wrong in wrongs {
            body.note_once(wrong.field, wrong.message);
        }
    }
    let product = product(&mut body, &draft.sku);
    body.finish(Some(()))?;
    let once = client.once()?;
    let wanted = (&draft, product.as_ref());
    let made = licenses::create_once(&client.services, &client.caller, wanted, once).await?;
    created::answer(&client, "/licenses", made)
}

/// The product that a body brings along.
fn product(body: &mut Members, sku: &str) -> Option<ProductDraft> {
    body.within_if_any("product", |inner| {
        let said = SaidOfProduct::read(inner);
        said.note_wrong(inner);
        let mut draft = ProductDraft { sku: sku.to_owned(), ..ProductDraft::default() };
        said.put_into(&mut draft);
        Some(draft)
    })
}

/// One license.
#[utoipa::path(get, path = "/api/v1/licenses/{id}", tag = "licenses", operation_id = "getLicense",
    params(("id" = i64, Path, minimum = 1, description = "The license's number")),
    responses((status = 200, description = "The license", body = LicenseJson)))]
pub async fn show(client: Client) -> Answer {
    client.questions().done()?;
    shown(&client, client.id()?).await
}

/// Changes what a customer bought.
///
/// What is left out stays; null takes away. With `version`, only if nobody changed it since. An end that is
/// over may stay, and may not be set. A change to what it is already changes nothing.
#[utoipa::path(patch, path = "/api/v1/licenses/{id}", tag = "licenses", operation_id = "changeLicense",
    params(("id" = i64, Path, minimum = 1, description = "The license's number")),
    request_body = LicenseChangeBody,
    responses(
        (status = 200, description = "The license as it is now", body = LicenseJson),
        (status = 403, description = "You may not change licenses"),
        (status = 409, description = "Somebody else changed it at the same time, or since that version"),
    ))]
pub async fn change(client: Client) -> Answer {
    let id = client.id()?;
    let mut body = client.members()?;
    let said = Said::read(&mut body);
    let version = body.optional("version", body::version);
    said.note_wrong(&mut body);
    body.finish(Some(()))?;
    let edit = |draft: &mut LicenseDraft| said.put_into(draft);
    licenses::change(&client.services, &client.caller, (id, version), edit).await?;
    shown(&client, id).await
}

/// The license as it is now.
///
/// # Errors
/// If there is none.
pub async fn shown(client: &Client, id: i64) -> Answer {
    let found = licenses::show(&client.services, &client.caller, id).await?;
    answer::ok(&LicenseJson::of(found.license, client.services.now()))
}
