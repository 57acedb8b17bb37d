//! One request to a page, with what handlers want to know of it: who, with what parameters, from where.

use std::{net::IpAddr, sync::Arc, time::Duration};

use actix_web::{
    HttpRequest,
    http::{Method, header},
    web::{Bytes, Data, Payload},
};
use arc_swap::ArcSwap;
use tokio::time::timeout;

use super::{
    client_address, cookies,
    errors::WebError,
    request_id::{RequestId, RequestIds},
    respond,
    site::Site,
};
use crate::{
    domain::{parameters::Parameters, session::SessionId},
    service::{
        Services,
        caller::{Actor, Caller},
        session::{self, Session},
    },
};

/// The largest form, in bytes.
const LARGEST_FORM: usize = 64 * 1024;

/// How long a client may take to send a form.
const SLOWEST_FORM: Duration = Duration::from_secs(10);

/// What handlers share.
#[derive(Clone)]
pub struct App {
    /// The use cases.
    pub services: Arc<Services>,
    /// The store; exchanged when settings are read anew.
    pub site: Arc<ArcSwap<Site>>,
    /// Names requests.
    pub ids: Arc<RequestIds>,
}

/// A request to a page.
pub struct Visitor {
    /// The use cases.
    pub services: Arc<Services>,
    /// The store.
    pub site: Arc<Site>,
    /// The request itself.
    pub request: HttpRequest,
    /// Query and form parameters, the form winning.
    pub parameters: Parameters,
    /// The session, if logged in.
    pub session: Option<Session>,
}

impl Visitor {
    /// Reads a request: its parameters and its session.
    ///
    /// # Errors
    /// If the form is too large or the database gives no answer.
    pub async fn meet(request: HttpRequest, payload: Payload) -> Result<Self, WebError> {
        let form = read_form(&request, payload).await?;
        Self::of(request, &form).await
    }

    /// Reads a request whose form was read before: its parameters and its session.
    ///
    /// # Errors
    /// If the database gives no answer.
    pub async fn of(request: HttpRequest, form: &Bytes) -> Result<Self, WebError> {
        let App { services, site, .. } = app(&request);
        let site = site.load_full();
        let parameters = Parameters::read([request.query_string().as_bytes(), form.as_ref()]);
        let id = cookies::read(&site, &request, cookies::Name::Session)
            .and_then(|value| SessionId::parse(&value));
        let session = match id {
            Some(id) => session::current(&services, id).await?,
            None => None,
        };
        Ok(Self { services, site, request, parameters, session })
    }

    /// The client's address.
    pub fn address(&self) -> IpAddr {
        client_address::of(&self.request, &self.site.trusted_proxies)
    }

    /// What the browser calls itself.
    pub fn user_agent(&self) -> Option<String> {
        let agent = self.request.headers().get(header::USER_AGENT)?;
        agent.to_str().ok().map(str::to_owned)
    }

    /// Who asks, for use cases that change something.
    pub fn caller(&self) -> Caller {
        let user = self.session.as_ref().map(|session| session.user.clone());
        Caller {
            actor: user.map_or(Actor::Nobody, Actor::User),
            address: Some(self.address()),
            request_id: Some(request_id(&self.request)).filter(|id| !id.is_empty()),
        }
    }

    /// Whether the request is a POST; every other method only looks.
    pub fn posts(&self) -> bool {
        self.request.method() == Method::POST
    }

    /// The hidden field that ties a form to this session; empty without one.
    pub fn form_token(&self) -> String {
        let session = self.session.as_ref();
        session.map(|session| session.id.form_token(&self.services.keyring)).unwrap_or_default()
    }

    /// The session of a form that was shown to it and comes from our own page.
    ///
    /// # Errors
    /// If nobody is logged in, or the form is from elsewhere or from before the login.
    pub fn form_session(&self) -> Result<&Session, WebError> {
        let session = self.session.as_ref().ok_or(WebError::LoginNeeded)?;
        let token = self.parameters.text("form_token").unwrap_or_default();
        let own = session.id.owns_form(&self.services.keyring, token);
        if own && self.posts() && !self.is_foreign() {
            Ok(session)
        } else {
            Err(WebError::FormExpired)
        }
    }

    /// Whether the browser says that another site sent this request.
    pub fn is_foreign(&self) -> bool {
        respond::origin(&self.request, &self.site) == respond::Origin::Foreign
    }
}

/// What handlers share, out of the request.
pub fn app(request: &HttpRequest) -> App {
    let app = request.app_data::<Data<App>>().expect("the server was started with it");
    App::clone(app)
}

/// Whether the client asked for JSON instead of a page.
pub fn wants_json(request: &HttpRequest) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.to_ascii_lowercase().contains("application/json"))
}

/// The request's id, for people who ask for help.
pub fn request_id(request: &HttpRequest) -> String {
    use actix_web::HttpMessage as _;
    request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default()
}

/// The body of a POST with an ordinary form; nothing of any other request.
async fn read_form(request: &HttpRequest, payload: Payload) -> Result<Bytes, WebError> {
    let content_type = request.headers().get(header::CONTENT_TYPE);
    let is_form = content_type.and_then(|value| value.to_str().ok()).is_some_and(|value| {
        value.to_ascii_lowercase().starts_with("application/x-www-form-urlencoded")
    });
    if request.method() != Method::POST || !is_form {
        return Ok(Bytes::new());
    }
    match timeout(SLOWEST_FORM, payload.to_bytes_limited(LARGEST_FORM)).await {
        Ok(Ok(Ok(bytes))) => Ok(bytes),
        Ok(Err(_)) => Err(WebError::FormTooLarge),
        Ok(Ok(Err(_))) | Err(_) => Err(WebError::BrokenForm),
    }
}
