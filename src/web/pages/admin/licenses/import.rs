//! Licenses that come from elsewhere, as a CSV file. It is looked at first, and only a file that was looked at
//! is imported: the form then carries a tag of exactly this content, which is not kept here between the two.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Payload};
use askama::Template;
use data_encoding::BASE64URL_NOPAD;
use subtle::ConstantTimeEq;

use super::{
    Tab, TabLink,
    report::{File, Report},
    upload,
};
use crate::{
    service::licenses,
    web::{
        errors::{self, WebError},
        pages::admin::{
            frame::{Frame, Section, field, user},
            refusal::not_allowed,
            wrong::sentence,
        },
        respond::{self, Forms},
        visitor::Visitor,
    },
};

#[derive(Template)]
#[template(path = "admin/licenses/import.html")]
struct Page<'a> {
    frame: Frame<'a>,
    tabs: Vec<TabLink>,
    keys_readable: bool,
    /// Why the file cannot be read, if it cannot.
    broken: Option<String>,
    report: Option<Report>,
    /// Whether the file is another than the one that was looked at before.
    is_other: bool,
    /// The tag of the file that was looked at; empty if none was.
    checked: String,
}

/// What there is to tell after a file was sent.
#[derive(Default)]
struct Told {
    broken: Option<String>,
    report: Option<Report>,
    is_other: bool,
    checked: String,
}

/// Shows the forms of import and export.
pub async fn show(visitor: Visitor) -> Result<HttpResponse, WebError> {
    if !user(&visitor)?.role.may_manage_licenses() {
        return Err(not_allowed("only admins and managers import and export licenses"));
    }
    page(&visitor, Told::default())
}

/// Takes a file.
pub async fn take(request: HttpRequest, payload: Payload) -> HttpResponse {
    let answer = async {
        let mut visitor = upload::sender(request.clone()).await?;
        // Whoever may not is refused, and written down, before anything is read.
        licenses::may_import(&visitor.services, &visitor.caller()).await?;
        let content = upload::read(&mut visitor, payload).await?;
        let told = take_file(&visitor, content).await?;
        page(&visitor, told)
    };
    answer.await.unwrap_or_else(|error: WebError| errors::render(&request, &error))
}

async fn take_file(visitor: &Visitor, content: upload::Content) -> Result<Told, WebError> {
    let tag = tag(visitor, &content);
    let wants_import = field(visitor, "act") == "import";
    let was_checked: bool = tag.as_bytes().ct_eq(field(visitor, "checked").as_bytes()).into();
    if content.is_empty() {
        let broken = Some("Choose a file; this one is empty.".to_owned());
        return Ok(Told { broken, ..Told::default() });
    }
    let file = match File::whole(content).await {
        Ok(file) => file,
        Err(error) => {
            let broken = Some(sentence(&format!("the file cannot be read: {error}")));
            return Ok(Told { broken, ..Told::default() });
        }
    };
    let is_dry = !(wants_import && was_checked);
    let report = Report::of(&visitor.services, &visitor.caller(), file, is_dry).await?;
    Ok(Told {
        checked: if is_dry && report.taken > 0 { tag } else { String::new() },
        report: Some(report),
        is_other: wants_import && !was_checked,
        broken: None,
    })
}

/// What only this content, looked at in this session, gives.
fn tag(visitor: &Visitor, content: &[u8]) -> String {
    let session = visitor.session.as_ref().map(|session| session.id.as_bytes());
    let parts = [b"license import looked at", session.unwrap_or_default(), content];
    BASE64URL_NOPAD.encode(&visitor.services.keyring.form_tag(&parts))
}

fn page(visitor: &Visitor, told: Told) -> Result<HttpResponse, WebError> {
    let status =
        if told.broken.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let page = Page {
        frame: Frame::of(visitor, Section::Licenses)?,
        tabs: super::tabs(visitor, Tab::Transfer),
        keys_readable: visitor.services.licenses.keys_readable,
        broken: told.broken,
        report: told.report,
        is_other: told.is_other,
        checked: told.checked,
    };
    respond::page(status, &page, Forms::Stay)
}
