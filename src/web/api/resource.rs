//! One address of the API with its methods. What it does not know is answered in the API's own form,
//! 405 with `Allow`.

use actix_web::{
    HttpRequest, HttpResponse,
    guard::{self, Guard},
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    web::{self, Payload, route},
};

use super::{
    answer::Answer,
    client::{BodyRoom, Client, USUAL_ROOM},
    problem::Problem,
};

/// An address under construction.
pub struct Resource {
    inner: actix_web::Resource,
    allowed: Vec<&'static str>,
    room: BodyRoom,
}

impl Resource {
    /// The address; methods are added.
    pub fn at(path: &str) -> Self {
        Self { inner: web::resource(path), allowed: Vec::new(), room: USUAL_ROOM }
    }

    /// For methods added after this, bodies of another size.
    pub fn with_room(self, room: BodyRoom) -> Self {
        Self { room, ..self }
    }

    /// GET, and HEAD with it.
    pub fn get<H, F>(self, handler: H) -> Self
    where
        H: Fn(Client) -> F + Clone + 'static,
        F: Future<Output = Answer> + 'static,
    {
        let guard = guard::Any(guard::Get()).or(guard::Head());
        self.with(&["GET", "HEAD"], guard, handler)
    }

    /// GET alone, of what is noted.
    pub fn noted_get<H, F>(self, handler: H) -> Self
    where
        H: Fn(Client) -> F + Clone + 'static,
        F: Future<Output = Answer> + 'static,
    {
        self.with(&["GET"], guard::Get(), handler)
    }

    /// POST.
    pub fn post<H, F>(self, handler: H) -> Self
    where
        H: Fn(Client) -> F + Clone + 'static,
        F: Future<Output = Answer> + 'static,
    {
        self.with(&["POST"], guard::Post(), handler)
    }

    /// PATCH.
    pub fn patch<H, F>(self, handler: H) -> Self
    where
        H: Fn(Client) -> F + Clone + 'static,
        F: Future<Output = Answer> + 'static,
    {
        self.with(&["PATCH"], guard::Patch(), handler)
    }

    /// DELETE.
    pub fn delete<H, F>(self, handler: H) -> Self
    where
        H: Fn(Client) -> F + Clone + 'static,
        F: Future<Output = Answer> + 'static,
    {
        self.with(&["DELETE"], guard::Delete(), handler)
    }

    fn with<H, F>(mut self, methods: &[&'static str], guard: impl Guard + 'static, run: H) -> Self
    where
        H: Fn(Client) -> F + Clone + 'static,
        F: Future<Output = Answer> + 'static,
    {
        self.allowed.extend(methods);
        let room = self.room;
        let handler = move |request: HttpRequest, payload: Payload| {
            let run = run.clone();
            async move {
                let answer =
                    async { run(Client::meet(request.clone(), payload, room).await?).await };
                answer.await.unwrap_or_else(|problem| problem.render(&request))
            }
        };
        self.inner = self.inner.route(route().guard(guard).to(handler));
        self
    }

    /// The finished address.
    pub fn done(self) -> actix_web::Resource {
        let allowed = self.allowed.join(", ");
        self.inner.default_service(route().to(move |request: HttpRequest| {
            let answer = wrong_method(&request, &allowed);
            async move { answer }
        }))
    }
}

fn wrong_method(request: &HttpRequest, allowed: &str) -> HttpResponse {
    let detail = format!("this address knows {allowed}");
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail);
    match HeaderValue::from_str(allowed) {
        Ok(value) => problem.with(header::ALLOW, value).render(request),
        Err(_) => problem.render(request),
    }
}
