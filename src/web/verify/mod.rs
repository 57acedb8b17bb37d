//! `/verify`: a proxy asks whether a request to the store's API may pass (contract §7).
//!
//! Answers 204, or 401 and 403 in WooCommerce's words. Never: a page, a template, a log line at
//! `info`; this runs before every request to the store.

mod answer;
mod forwarded;
mod heard;

use std::net::IpAddr;

use actix_web::{
    Error, HttpRequest, HttpResponse,
    dev::{ServiceRequest, ServiceResponse, fn_service},
    http::header::HeaderName,
    web::{self, Data, ServiceConfig},
};
use ipnet::IpNet;
use tracing::Instrument as _;

use super::{client_address, request_id::RequestId, request_span, visitor::App};
use crate::{
    domain::{
        api_query::ApiQuery,
        api_request::{ApiRequest, Authorization, Origin, SaidSite},
        presented,
        refusal::{Refusal, Wish},
    },
    service::verify,
    telemetry::{Judged, Source, traces},
};
use answer::Refused;
use forwarded::Unasked;
use heard::{Heard, Said};

/// Where it stands.
pub const PATH: &str = "/verify";

/// Registers [`PATH`]. Not as a route with a handler: what actix does around those, for all that a handler
/// may want, is not needed here and shows in a profile.
pub fn configure(config: &mut ServiceConfig, app: &Data<App>, prefix: &str) {
    at(config, app, format!("{prefix}{PATH}"));
}

/// Registers all below [`PATH`]. Apart, since that is compared by a regular expression, and what comes later
/// waits for it.
pub fn configure_below(config: &mut ServiceConfig, app: &Data<App>, prefix: &str) {
    at(config, app, format!("{prefix}{PATH}/{{path:.*}}"));
}

fn at(config: &mut ServiceConfig, app: &Data<App>, path: String) {
    let app = app.clone();
    let service = fn_service(move |request| verify(request, app.clone()));
    config.service(web::service(path).finish(service));
}

/// Judges the request a proxy asks about.
async fn verify(request: ServiceRequest, app: Data<App>) -> Result<ServiceResponse, Error> {
    let answer = match at_once(request.request(), &app) {
        Some(answer) => answer,
        None => Box::pin(slowly(request.request(), &app)).await,
    };
    Ok(request.into_response(answer))
}

/// The answer, if it needs no waiting.
fn at_once(request: &HttpRequest, app: &App) -> Option<HttpResponse> {
    match Question::read(request, app) {
        Ok(question) => {
            let verdict = verify::at_once(&app.services, &question.asks)?;
            Some(question.answered(|| app.ids.next(), verdict))
        }
        Err(refused) => Some(unasked(app, app.ids.next(), refused)),
    }
}

/// The long way has a span: what is logged on it carries the request's id.
async fn slowly(request: &HttpRequest, app: &App) -> HttpResponse {
    let id = app.ids.next();
    let is_proxy = client_address::is_from_proxy(request, &app.site.load().trusted_proxies);
    let span = request_span::begin(&id.0, request.headers(), is_proxy);
    let answer = asked_slowly(request, app, id).instrument(span.clone()).await;
    if traces::trace_id(&span).is_some() {
        let status = answer.status().as_u16();
        request_span::end(&span, request.method(), Some(PATH), status);
    }
    answer
}

async fn asked_slowly(request: &HttpRequest, app: &App, id: RequestId) -> HttpResponse {
    let question = match Question::read(request, app) {
        Ok(question) => question,
        Err(refused) => return unasked(app, id, refused),
    };
    match verify::verify(&app.services, &question.asks).await {
        Ok(verdict) => question.answered(|| id, verdict),
        Err(error) => answer::unavailable(id, &error, question.bodiless),
    }
}

/// The answer to what is no question.
fn unasked(app: &App, id: RequestId, refused: Refused) -> HttpResponse {
    let judged = Judged::Refused(refused.refusal.why());
    app.services.metrics.verdicts.count(Source::Memory, judged);
    answer::refused(id, refused, false)
}

/// What a proxy asks.
struct Question<'a> {
    asks: ApiRequest<'a>,
    /// Whether the proxy has no use for a body.
    bodiless: bool,
    /// Whether the store gets the credentials too.
    keeps_credentials: bool,
}

impl<'a> Question<'a> {
    fn read(request: &'a HttpRequest, app: &App) -> Result<Self, Refused> {
        let site = app.site.load();
        let (proxies, prefix) = (&site.trusted_proxies, site.public_url.prefix());
        let heard = Heard::gather(request.headers());
        let is_proxy = client_address::is_from_proxy(request, proxies);
        let asked = forwarded::read(request, &heard, is_proxy, prefix)
            .map_err(|unasked| refuse_to_judge(&heard, unasked))?;
        let stranger = Origin { secure: false, host: None };
        let asks = ApiRequest {
            method: asked.method,
            path: asked.path,
            query: ApiQuery::read(asked.query),
            method_override: method_override(heard.method_override),
            authorization: authorization(heard.authorization),
            token_header: authorization(heard.access_token),
            origin: if is_proxy { forwarded::origin(&heard) } else { stranger },
            site: SaidSite {
                origin: site_of(heard.origin),
                referer: site_of(heard.referer),
                named: named_site(request, site.client_domain_header.as_ref()),
            },
            client: client(request, &heard, is_proxy, proxies),
            agent: heard.agent.text(),
        };
        Ok(Self { asks, bodiless: asked.bodiless, keeps_credentials: site.keep_credentials })
    }

    fn answered(&self, id: impl FnOnce() -> RequestId, verdict: verify::Verdict) -> HttpResponse {
        match verdict {
            verify::Verdict::Allowed(pass) => {
                answer::allowed(Some(pass.identity()), self.keeps_credentials)
            }
            verify::Verdict::Anonymous => answer::allowed(None, self.keeps_credentials),
            verify::Verdict::Refused(refusal) => {
                let wish = Wish::of(self.asks.method, self.asks.path);
                let bearer = matches!(self.asks.authorization, Authorization::One(header)
                    if presented::bearer(header).is_some());
                let refused = Refused { refusal, wish, bodiless: self.bodiless };
                answer::refused(id(), refused, bearer)
            }
        }
    }
}

fn refuse_to_judge(heard: &Heard<'_>, unasked: Unasked) -> Refused {
    let refusal = match unasked {
        Unasked::NoRequest => Refusal::NoRequest,
        Unasked::Contradiction => Refusal::AmbiguousRequest,
        Unasked::Unreadable => Refusal::AmbiguousPath,
    };
    Refused { refusal, wish: Wish::List, bodiless: heard.original_uri != Said::Nothing }
}

/// Who sent the request: the usual case is one address that a proxy names.
fn client(request: &HttpRequest, heard: &Heard<'_>, is_proxy: bool, proxies: &[IpNet]) -> IpAddr {
    let named = heard.forwarded_for.text().filter(|_| is_proxy);
    let named: Option<IpAddr> = named.and_then(|text| text.parse().ok());
    named.map_or_else(|| client_address::of(request, proxies), |named| named.to_canonical())
}

/// One that is no text, or two of them, override with no method at all.
fn method_override(said: Said<'_>) -> Option<&str> {
    (said != Said::Nothing).then(|| said.text().unwrap_or_default())
}

/// What says which site sent a request; what says so unclearly names none.
fn site_of(said: Said<'_>) -> Option<&str> {
    (said != Said::Nothing).then(|| said.text().unwrap_or_default())
}

/// The header of the operator's choice, looked at only if there is one.
fn named_site<'a>(request: &'a HttpRequest, name: Option<&HeaderName>) -> Option<&'a str> {
    let mut said = request.headers().get_all(name?);
    let first = said.next()?;
    let text = str::from_utf8(first.as_bytes()).ok().filter(|_| said.next().is_none());
    Some(text.unwrap_or_default())
}

fn authorization(said: Said<'_>) -> Authorization<'_> {
    match said {
        Said::Nothing => Authorization::Absent,
        said => said.text().map_or(Authorization::Unclear, Authorization::One),
    }
}
