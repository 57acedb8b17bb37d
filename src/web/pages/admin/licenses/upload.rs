//! A form with a file: its fields as those of any other form, and what stands in the file.
//!
//! The session is asked for before anything is read, so that nobody but people of the store sends files here.
//! Never: a file on a disk of ours, or more of one in memory than [`LARGEST`].

use std::time::Duration;

use actix_multipart::{Field, Multipart};
use actix_web::{HttpRequest, http::StatusCode, web::Bytes, web::Payload};
use futures_util::StreamExt;
use tokio::time::timeout;
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

use crate::{
    domain::parameters::Parameters,
    web::{
        errors::{Told, WebError},
        visitor::Visitor,
    },
};

/// The largest file, in bytes.
pub const LARGEST: usize = 8 * 1024 * 1024;

/// The largest of the other fields, in bytes.
const LARGEST_FIELD: usize = 4 * 1024;

/// How many fields are read.
const MOST_FIELDS: usize = 16;

/// How much of a body is passed over, so that a browser hears why its file is not taken.
const PASSED_OVER: usize = 64 * 1024 * 1024;

/// How long a browser may take to send it.
const SLOWEST: Duration = Duration::from_mins(2);

/// A file's content.
pub type Content = Zeroizing<Vec<u8>>;

/// Who sends a form with a file, for the permission to be asked before it is read.
///
/// # Errors
/// If nobody is logged in, or another site sends it.
pub async fn sender(request: HttpRequest) -> Result<Visitor, WebError> {
    let visitor = Visitor::of(request, &Bytes::new()).await?;
    visitor.session.as_ref().ok_or(WebError::LoginNeeded)?;
    if visitor.is_foreign() { Err(WebError::FormExpired) } else { Ok(visitor) }
}

/// Reads the form; the visitor has its fields then.
///
/// # Errors
/// If it is no form of ours, too large or too slow.
pub async fn read(visitor: &mut Visitor, payload: Payload) -> Result<Content, WebError> {
    let kind = visitor.request.headers().get("content-type").and_then(|kind| kind.to_str().ok());
    if !kind.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("multipart/form-data")) {
        return Err(WebError::FormExpired);
    }
    let parts = Multipart::new(visitor.request.headers(), payload);
    let form = timeout(SLOWEST, read_parts(parts)).await.map_err(|_| WebError::BrokenForm)??;
    visitor.parameters = Parameters::read([form.fields.as_bytes()]);
    visitor.form_session()?;
    if form.is_too_large {
        return Err(too_large());
    }
    Ok(form.content)
}

fn too_large() -> WebError {
    WebError::Told(Told {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        title: "The file is too large",
        message: "At most 8 MiB are taken here. Send it in parts, each with the line of column names, or \
                  use “appgrant license import” on the server."
            .to_owned(),
    })
}

/// A form that was read.
struct Form {
    fields: Zeroizing<String>,
    content: Content,
    is_too_large: bool,
}

async fn read_parts(mut parts: Multipart) -> Result<Form, WebError> {
    let mut fields = Serializer::new(String::new());
    let mut content = Content::default();
    let (mut count, mut is_too_large, mut passed_over) = (0, false, 0);
    while let Some(part) = parts.next().await {
        let part = part.map_err(|_| WebError::BrokenForm)?;
        count += 1;
        let name = part.name().filter(|_| count <= MOST_FIELDS).ok_or(WebError::BrokenForm)?;
        let name = name.to_owned();
        let is_file = name == "file";
        let most = if is_file { LARGEST } else { LARGEST_FIELD };
        let (value, too_much) = read_part(part, most).await?;
        passed_over += too_much;
        is_too_large |= too_much > 0;
        if passed_over > PASSED_OVER {
            return Err(too_large());
        }
        if is_file {
            content = value;
        } else {
            fields.append_pair(&name, str::from_utf8(&value).map_err(|_| WebError::BrokenForm)?);
        }
    }
    Ok(Form { fields: Zeroizing::new(fields.finish()), content, is_too_large })
}

/// The value of a part, and by how much it is too large.
async fn read_part(mut part: Field, most: usize) -> Result<(Content, usize), WebError> {
    let (mut value, mut too_much) = (Content::default(), 0);
    while let Some(piece) = part.next().await {
        let piece = piece.map_err(|_| WebError::BrokenForm)?;
        let fits = piece.len().min(most - value.len());
        value.extend_from_slice(&piece[..fits]);
        too_much += piece.len() - fits;
        if too_much > PASSED_OVER {
            return Err(too_large());
        }
    }
    Ok((value, too_much))
}
