//! The web pages of a third-party app: its Connect link, and where the browser comes back to.

use std::net::{SocketAddr, TcpListener};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, http::header::LOCATION, web,
};

use crate::support::encode;

/// A running site of an app, on a port of its own.
pub struct AppPage {
    address: SocketAddr,
    handle: ServerHandle,
}

impl AppPage {
    /// Starts one.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = HttpServer::new(|| App::new().default_service(web::to(answer)))
            .workers(1)
            .disable_signals()
            .shutdown_timeout(0)
            .listen(listener)
            .unwrap()
            .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { address, handle }
    }

    /// Where the browser comes back to.
    pub fn back(&self) -> String {
        format!("http://{}/back", self.address)
    }

    /// An address that sends the browser on to another origin, `elsewhere`.
    pub fn hop(&self) -> String {
        format!("http://{}/hop", self.address)
    }

    /// Where `hop` leads: another name of the same machine.
    pub fn elsewhere(&self) -> String {
        format!("http://localhost:{}/back", self.address.port())
    }

    /// A page with a link to `url`.
    pub fn link_to(&self, url: &str) -> String {
        format!("http://{}/connect?{}", self.address, encode(url))
    }

    /// A page whose policy lets its form go nowhere else; the form's answer leads to `url`.
    pub fn strict_form_to(&self, url: &str) -> String {
        format!("http://{}/strict?{}", self.address, encode(url))
    }
}

impl Drop for AppPage {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn answer(request: HttpRequest) -> HttpResponse {
    let query = percent_encoding::percent_decode_str(request.query_string());
    let url = query.decode_utf8().unwrap().replace('&', "&amp;");
    let mut html = HttpResponse::Ok();
    html.content_type("text/html; charset=utf-8");
    match request.path() {
        "/connect" => {
            html.body(format!("<h1>The app</h1><a id=connect href=\"{url}\">Connect</a>"))
        }
        "/hop" => {
            let port = request.app_config().local_addr().port();
            let on = format!("http://localhost:{port}/back?{}", request.query_string());
            HttpResponse::Found().insert_header((LOCATION, on)).finish()
        }
        "/strict" => {
            html.insert_header(("Content-Security-Policy", "form-action 'self'")).body(format!(
                "<form method=post action=\"/leave?{}\"><button>Go</button></form>",
                request.query_string()
            ))
        }
        "/leave" => HttpResponse::SeeOther().insert_header((LOCATION, url)).finish(),
        _ => html.body(
            "<title>no script</title><h1>Back at the app</h1>\
             <script>document.title = 'script runs'</script>",
        ),
    }
}
