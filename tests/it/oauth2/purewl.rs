//! Tokens the `PureWL` way.

use appgrant::domain::permissions::Permissions::ReadWrite;
use reqwest::Method;
use serde_json::json;

use super::program::{ORDERS, Program, key, told};
use crate::support::{Question, TestApp};

const PATH: &str = "/auth/v1/accessToken";

fn pair(program: &Program) -> String {
    format!("{}:{}", program.id, program.secret.as_deref().unwrap())
}

#[tokio::test]
async fn a_secret_gets_a_pair_and_a_refresh_token_the_next() {
    let app = TestApp::start().await;
    let program = key(&app, ReadWrite).await;
    let browser = app.browser();
    let user = app.user("max").await.id;
    let secret = pair(&program);
    let first = told(browser.post(PATH, &[("grantType", "secret"), ("secretKey", &secret)]).await);
    assert_eq!(first.status, 200, "{}", first.body);
    let header = json!({ "code": 1, "message": "success", "response_code": 1 });
    assert_eq!(first.body["header"], header);
    let body = &first.body["body"];
    assert_eq!(body["expiry"], 3_600);
    assert_eq!(
        (&body["resellerId"], &body["resellerUid"]),
        (&json!(program.key_id), &json!(user.to_string()))
    );
    let refresh = body["refreshToken"].as_str().unwrap();
    let json_body = json!({ "grantType": "refresh", "refreshToken": refresh });
    let second = told(browser.send(browser.request(Method::POST, PATH).json(&json_body)).await);
    assert_eq!(second.status, 200, "{}", second.body);
    for answer in [&first, &second] {
        let token = answer.body["body"]["accessToken"].as_str().unwrap();
        let said = Question::forwarded("POST", ORDERS).with("X-AccessToken", token).ask(&app).await;
        assert_eq!(said.status, 204, "{}", said.body);
    }
}

#[tokio::test]
async fn the_secret_alone_needs_its_key_beside_it() {
    let app = TestApp::start().await;
    let program = key(&app, ReadWrite).await;
    let browser = app.browser();
    let fields = [("grantType", "secret"), ("secretKey", program.secret.as_deref().unwrap())];
    let with = browser.post_with(PATH, &fields, ("x-consumer-key", &program.id)).await;
    assert_eq!(with.status, 200, "{}", with.body);
    assert_eq!(browser.post(PATH, &fields).await.status, 400);
}

#[tokio::test]
async fn failures_come_in_the_same_envelope() {
    let app = TestApp::start().await;
    let program = key(&app, ReadWrite).await;
    let browser = app.browser();
    let wrong = format!("{}:cs_wrong", program.id);
    for (fields, status) in [
        (vec![("grantType", "secret"), ("secretKey", &*wrong)], 401),
        (vec![("grantType", "secret"), ("secretKey", ":")], 401),
        (vec![("grantType", "secret")], 400),
        (vec![("grantType", "other")], 400),
        (vec![], 400),
        (vec![("grantType", "refresh"), ("refreshToken", "agrt_x")], 401),
        (vec![("grantType", "refresh")], 400),
    ] {
        let answer = told(browser.post(PATH, &fields).await);
        assert_eq!(answer.status, status, "{fields:?} {}", answer.body);
        let header = &answer.body["header"];
        assert_eq!((&header["code"], &header["response_code"]), (&json!(0), &json!(0)));
        assert!(header["message"].as_str().is_some_and(|text| !text.is_empty()));
        assert_eq!(answer.body["body"], json!({}));
    }
    for body in ["", "{", "[]", "{\"grantType\":1}", "{\"grantType\":{}}"] {
        let request =
            browser.request(Method::POST, PATH).header("content-type", "application/json");
        let answer = told(browser.send(request.body(body)).await);
        assert_eq!((answer.status, &answer.body["header"]["code"]), (400, &json!(0)), "{body}");
    }
    for method in [Method::GET, Method::PUT, Method::DELETE, Method::OPTIONS] {
        let answer = told(browser.send(browser.request(method.clone(), PATH)).await);
        assert_eq!((answer.status, answer.answer.header("allow")), (405, "POST"), "{method}");
        let message = &answer.body["header"]["message"];
        let header = json!({ "code": 0, "message": message, "response_code": 0 });
        assert_eq!(answer.body, json!({ "header": header, "body": {} }), "{method}");
        assert!(message.as_str().unwrap().contains("POST"), "{message}");
    }
    let head = browser.send(browser.request(Method::HEAD, PATH)).await;
    assert_eq!((head.status, head.header("allow"), &*head.body), (405, "POST", ""));
}

#[tokio::test]
async fn a_refresh_token_of_a_registered_app_is_not_taken_here() {
    use appgrant::service::oauth2::AppKind;
    let app = TestApp::start().await;
    let program = super::program::registered(&app, AppKind::Public, ReadWrite).await;
    let max = app.logged_in("max").await;
    let pair = program.redeem(&program.approved_by(&max, &[]).await).await;
    let token = pair.text("refresh_token");
    let fields = [("grantType", "refresh"), ("refreshToken", &*token)];
    assert_eq!(app.browser().post(PATH, &fields).await.status, 401);
    assert_eq!(program.refresh(&token).await.status, 200);
}
