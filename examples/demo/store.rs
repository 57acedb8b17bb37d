//! The store: an API of one address, which asks AppGrant about every request.

use std::{net::TcpListener, sync::Arc};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    http::header::AUTHORIZATION,
    web::{Data, get},
};
use appgrant::{
    domain::api_request::{ApiRequest, Authorization},
    service::{Services, verify},
};
use serde_json::json;

use crate::Outcome;

/// Starts the store; gives the address of its orders.
pub fn start(services: Arc<Services>, listener: TcpListener) -> Outcome<String> {
    let url = format!("http://{}/wp-json/wc/v3/orders", listener.local_addr()?);
    let services = Data::from(services);
    let server = HttpServer::new(move || {
        App::new().app_data(services.clone()).route("/wp-json/wc/v3/orders", get().to(orders))
    });
    tokio::spawn(server.workers(1).disable_signals().listen(listener)?.run());
    Ok(url)
}

async fn orders(request: HttpRequest, services: Data<Services>) -> HttpResponse {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let asked = ApiRequest {
        authorization: header.map_or(Authorization::Absent, Authorization::One),
        ..ApiRequest::over_tls(request.method().as_str(), request.path(), request.query_string())
    };
    let verdict = verify::verify(&services, &asked).await;
    match verdict.as_ref().map(verify::Verdict::identity) {
        Ok(Ok(identity)) => {
            let key = identity.map(|identity| identity.key_id);
            HttpResponse::Ok().json(json!([
                { "id": 1001, "status": "processing", "total": "24.00", "seen_by_key": key },
                { "id": 1002, "status": "completed", "total": "7.50", "seen_by_key": key },
            ]))
        }
        Ok(Err(refusal)) => HttpResponse::Unauthorized().json(json!({
            "code": "woocommerce_rest_cannot_view",
            "message": "Sorry, you cannot list resources.",
            "data": { "status": 401, "reason": refusal.reason() },
        })),
        Err(error) => HttpResponse::ServiceUnavailable().body(error.to_string()),
    }
}
