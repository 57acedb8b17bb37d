//! `/openapi.json`: the description is served, checked in, and complete.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::Program;
use crate::support::TestApp;

fn described() -> Value {
    serde_json::to_value(appgrant::web::api_description()).unwrap()
}

/// Renew it with `RENEW=1 cargo test --test it api::description`.
#[test]
fn docs_openapi_json_is_the_description_of_this_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    let fresh = appgrant::web::api_description().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("RENEW").is_some() {
        fs::write(&path, &fresh).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == fresh,
        "docs/openapi.json is not what the code describes; renew it with \
         `RENEW=1 cargo test --test it api::description` and look at the difference"
    );
}

#[tokio::test]
async fn it_is_served_with_the_address_of_this_store() {
    let app = TestApp::with(&[("PUBLIC_URL", "{url}/shop")]).await;
    let served = Program::of(&app, "ada").await.get("/openapi.json").await.is(200);
    assert_eq!(served["openapi"], "3.1.0");
    assert_eq!(served["servers"], json!([{ "url": format!("{}/shop", app.url) }]));
    assert_eq!(served["paths"], described()["paths"]);
}

#[test]
fn every_operation_is_described_whole() {
    let api = described();
    let mut ids = std::collections::BTreeSet::new();
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let place = format!("{method} {path}");
            assert!(operation["summary"].as_str().is_some_and(|text| text.len() > 5), "{place}");
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{place}");
            let responses = operation["responses"].as_object().unwrap();
            for status in ["400", "401", "422", "503"] {
                let content = &responses[status]["content"]["application/problem+json"];
                assert_eq!(content["schema"]["$ref"], "#/components/schemas/Problem", "{place}");
            }
            for (status, response) in responses {
                let text = response["description"].as_str().unwrap();
                assert!(text.len() > 2, "{place} {status}");
                let success = status.starts_with('2') && status != "204";
                assert!(!success || response["content"].is_object(), "{place} {status}");
            }
            for parameter in operation["parameters"].as_array().into_iter().flatten() {
                assert!(parameter["description"].is_string(), "{place} {parameter}");
            }
        }
    }
    assert_eq!(ids.len(), 61);
    for (name, schema) in api["components"]["schemas"].as_object().unwrap() {
        assert!(schema["description"].is_string(), "{name}");
        for (member, described) in schema["properties"].as_object().into_iter().flatten() {
            let text = described.to_string();
            let told = text.contains("\"description\":") || described["$ref"].is_string();
            assert!(told, "{name}.{member}: {described}");
        }
    }
    let schemes = api["components"]["securitySchemes"].as_object().unwrap();
    assert_eq!(schemes.keys().collect::<Vec<_>>(), ["session", "token"]);
}
