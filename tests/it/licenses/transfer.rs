//! Tables of licenses, in and out: from elsewhere, broken, hostile, and to another installation.

use std::fmt::Write;

use reqwest::Method;
use serde_json::{Value, json};

use super::seller::{asked, made, sent, text};
use crate::{
    api::{Program, Told},
    support::{TestApp, database},
};

const EXPORT: &str = "/api/v1/licenses/export";

fn skipped(report: &Value) -> Vec<(u64, String)> {
    let rows = report["skipped"].as_array().unwrap().iter();
    rows.map(|row| (row["row"].as_u64().unwrap(), text(row, "reason").to_owned())).collect()
}

fn counts(report: &Value) -> [u64; 4] {
    ["rows", "taken", "already_here", "skipped_count"].map(|name| report[name].as_u64().unwrap())
}

#[tokio::test]
async fn an_export_moves_to_another_store_and_programs_notice_nothing() {
    let readable = [("LICENSE_KEYS", "readable")];
    let (old, new) = (TestApp::with(&readable).await, TestApp::with(&readable).await);
    let (max, mia) = (Program::of(&old, "max").await, Program::of(&new, "max").await);
    let product = json!({ "name": "=Pro, “edition”", "download_name": "v1", "download_url": "https://d.example/" });
    let more = json!({
        "product": product, "customer": "+Ada\"; Lovelace", "email": "ada@customer.example",
        "cart_token": "@c", "expires_at": "2100-01-31", "activation_limit": 2, "domain_limit": 2,
        "offline_interval": "days", "offline_value": 7,
    });
    let first = made(&max, more).await;
    let second = made(&max, json!({ "product": {} })).await;
    let key = [("license_key", text(&first, "license_key"))];
    let mut ids = Vec::new();
    for domain in ["one.example", "two.example"] {
        let told = asked(&old, "activate", &[key[0], ("domain", domain)]).await;
        ids.push(told["data"]["activation_id"].to_string());
    }
    max.post("/api/v1/licenses/2/revoke", json!({})).await.is(200);
    let told = max.get(EXPORT).await;
    assert_eq!(told.status, 200);
    assert_eq!(told.header("content-type"), "text/csv; charset=utf-8");
    assert!(told.header("content-disposition").contains("licenses.csv"));
    assert!(told.body.contains("'=Pro") && told.body.contains("'+Ada"), "{}", told.body);

    let dry = sent(&mia, "?dry_run=true", told.body.clone()).await.is(200);
    assert_eq!((counts(&dry), &dry["dry_run"]), ([2, 2, 0, 0], &json!(true)));
    assert_eq!(mia.get("/api/v1/licenses").await.is(200)["data"], json!([]));
    let report = sent(&mia, "", told.body.clone()).await.is(200);
    assert_eq!(counts(&report), [2, 2, 0, 0], "{report}");
    assert_eq!(mia.get(EXPORT).await.body, told.body, "the export of the copy is the same");
    for (at, license) in [(1, &first), (2, &second)] {
        let moved = mia.get(&format!("/api/v1/licenses/{at}")).await.is(200);
        for name in
            ["number", "customer", "email", "cart_token", "expires_at", "product", "offline_value"]
        {
            assert_eq!(moved[name], license[name], "{name}");
        }
    }
    for (id, domain) in ids.iter().zip(["one.example", "two.example"]) {
        let fields = [key[0], ("domain", domain), ("activation_id", id.as_str())];
        let told = asked(&new, "validate", &fields).await;
        assert_eq!(
            (&told["error"], told["data"]["activation_id"].to_string()),
            (&json!(false), id.clone())
        );
        let again = asked(&new, "activate", &fields[..2]).await;
        assert_eq!(again["data"]["activation_id"].to_string(), *id, "the same activation");
    }
    let third = asked(&new, "activate", &[key[0], ("domain", "three.example")]).await;
    assert_eq!(third["error"], true, "the limit moved, too");
    let revoked = [("license_key", text(&second, "license_key")), ("domain", "x.example")];
    assert_eq!(asked(&new, "activate", &revoked).await["error"], true);
    let again = sent(&mia, "", told.body.clone()).await.is(200);
    assert_eq!(counts(&again), [2, 0, 2, 0], "sending it again makes nothing");
    assert_eq!(made(&mia, json!({ "product": {} })).await["number"], 3, "numbers go on");
    let log = mia.get("/api/v1/audit?event=license.imported").await.is(200);
    assert_eq!(log["data"].as_array().unwrap().len(), 2);
    for app in [&old, &new] {
        database::assert_holds_no(&app.database, text(&first, "license_key"));
    }
}

#[tokio::test]
async fn an_export_without_whole_keys_says_so_and_cannot_be_imported() {
    let app = TestApp::start().await;
    let max = Program::of(&app, "max").await;
    assert_eq!(max.get(EXPORT).await.body.lines().count(), 1, "an empty store gives the header");
    let key = text(&made(&max, json!({})).await, "license_key").to_owned();
    let table = max.get(EXPORT).await.body;
    assert!(!table.contains(&key) && table.contains(&format!("{}…-1", &key[..4])), "{table}");
    let report = sent(&max, "", table).await.is(200);
    assert_eq!(counts(&report), [1, 0, 0, 1]);
    assert!(skipped(&report)[0].1.contains("shortened"), "{report}");
    let log = max.get("/api/v1/audit?event=license.exported").await.is(200);
    assert_eq!(log["data"].as_array().unwrap().len(), 2, "each export is noted");
    let head = Told::by(max.request(Method::HEAD, EXPORT)).await;
    assert_eq!(head.status, 405, "what is noted is asked for on purpose");
}

#[tokio::test]
async fn rows_that_cannot_be_taken_are_named_and_the_others_are_taken() {
    let app = TestApp::start().await;
    let max = Program::of(&app, "max").await;
    let table = "License_Key;SKU;product;state;desktop;expires_at;activation_limit;activations;customer;other\n\
        good-1;pro;Pro;;;2020-01-31;5;1519628117:a.example 1519628118:b.example;=cmd();x\n\
        good-2;pro;;expired;;never;unlimited;;;x\n\
        good-1;pro;;;;;;;;twice\n\
        secret;pro;;;;;;;;no key\n\
        Abcd…-7;pro;;;;;;;;shortened\n\
        good-4;;;;;;;;;no product\n\
        good-5;pro;Other;;;;;;;another product\n\
        good-6;pro;;gone;;;;;;no state\n\
        good-7;pro;;;perhaps;;;;;neither yes nor no\n\
        good-8;pro;;;;soon;0;;;two faults\n\
        good-9;pro;;;;;;404:a.example;;no id\n\
        good-10;pro;;;;;;1519628117:a.example 1519628117:b.example;;twice\n\
        good-11;pro\n";
    let dry = sent(&max, "?dry_run=true", table).await.is(200);
    let report = sent(&max, "", table).await.is(200);
    assert_eq!(counts(&report), [13, 2, 1, 10], "{report}");
    assert_eq!(skipped(&dry), skipped(&report), "a dry run tells the same");
    assert_eq!(counts(&dry), counts(&report));
    let expected = [
        (4, "has a dash"),
        (5, "shortened"),
        (6, "sku: is missing"),
        (7, "name or download is another"),
        (8, "state must be"),
        (9, "desktop must be"),
        (10, "expires_at"),
        (11, "pairs like"),
        (12, "twice"),
        (13, "as many columns"),
    ];
    for ((row, reason), (expected_row, part)) in skipped(&report).iter().zip(expected) {
        assert_eq!(*row, expected_row);
        assert!(reason.contains(part), "{row}: {reason}");
    }
    assert!(skipped(&report)[6].1.contains("activation_limit"), "both faults are told");
    assert!(!report.to_string().contains("secret"), "no content of a row: {report}");
    let first = max.get("/api/v1/licenses/1").await.is(200);
    assert_eq!((&first["state"], &first["activations"]), (&json!("expired"), &json!(2)));
    assert_eq!(first["customer"], "=cmd()");
    assert!(max.get(EXPORT).await.body.contains(",'=cmd(),"), "no spreadsheet runs it");
}

#[tokio::test]
async fn one_license_may_bring_very_many_activations() {
    let app = TestApp::start().await;
    let max = Program::of(&app, "max").await;
    let key = "Cqu62al903ICv40am9nM68Y7o9-7";
    let pairs: Vec<_> = (0..40_000).map(|n| format!("{}:s{n}.example", 10_000 + n)).collect();
    let table = format!("license_key,sku,activations\n{key},pro,{}\n", pairs.join(" "));
    let report = sent(&max, "", table.clone()).await.is(200);
    assert_eq!(counts(&report), [1, 1, 0, 0], "{report}");
    let license = max.get("/api/v1/licenses/1").await.is(200);
    assert_eq!((&license["activations"], &license["domains"]), (&json!(40_000), &json!(40_000)));
    for (id, domain) in [("10000", "s0.example"), ("49999", "s39999.example")] {
        let fields = [("license_key", key), ("domain", domain), ("activation_id", id)];
        assert_eq!(asked(&app, "validate", &fields).await["error"], false, "{domain}");
    }
    let another = [("license_key", key), ("domain", "another.example")];
    assert_eq!(asked(&app, "activate", &another).await["error"], true, "there is no room");
}

#[tokio::test]
async fn a_license_that_is_here_already_changes_no_product() {
    let app = TestApp::start().await;
    let max = Program::of(&app, "max").await;
    assert_eq!(counts(&sent(&max, "", "license_key,sku\nabc-1,pro\n").await.is(200)), [1, 1, 0, 0]);
    let table = "license_key,sku,product\nabc-1,new,New\nabc-1,pro,Another name\n";
    for query in ["?dry_run=true", ""] {
        assert_eq!(counts(&sent(&max, query, table).await.is(200)), [2, 0, 2, 0], "{query}");
    }
    max.get("/api/v1/license-products/new").await.is_problem(404, "not_found");
}

#[tokio::test]
async fn what_is_no_table_is_refused_whole() {
    let app = TestApp::start().await;
    let max = Program::of(&app, "max").await;
    let utf16: Vec<u8> =
        "\u{feff}license_key,sku\nabc-1,pro\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut long = b"license_key,sku\nabc-1,pro\nabc-2,\"".to_vec();
    long.resize(2 * 1024 * 1024, b'x');
    let tables: [(Vec<u8>, &str); 7] = [
        (Vec::new(), "no column license_key"),
        (b"license_key\nabc-1\n".to_vec(), "no column sku"),
        (b"{\"license_key\": \"abc-1\"}".to_vec(), "no column license_key"),
        (utf16, "UTF-8"),
        (vec![0; 1000], "no column license_key"),
        (b"\xff\xfe\xfd".to_vec(), "UTF-8"),
        (long, "longer than 1 MiB"),
    ];
    for (table, part) in tables {
        let problem = sent(&max, "", table).await.is_problem(422, "malformed_csv");
        assert!(text(&problem, "detail").contains(part), "{part}: {problem}");
    }
    let all = max.get("/api/v1/licenses").await.is(200);
    assert_eq!(all["data"], json!([]), "nothing of a table that breaks off");
    let request = max.request(Method::POST, "/api/v1/licenses/import");
    Told::by(request.json(&json!({}))).await.is_problem(415, "unsupported_media_type");
    let told = sent(&max, "?dry=true", "license_key,sku\n").await;
    assert_eq!(told.wrong_fields(), ["dry"]);
    let problem =
        sent(&max, "", vec![b'a'; 4 * 1024 * 1024 + 1]).await.is_problem(413, "too_large");
    assert!(text(&problem, "detail").contains("4096 KiB"), "{problem}");
}

#[tokio::test]
async fn a_report_of_very_many_faults_is_bounded() {
    let app = TestApp::start().await;
    let max = Program::of(&app, "max").await;
    let mut table = String::from("license_key,sku\n");
    for number in 0..250_000 {
        table.push_str(if number % 2 == 0 { "x,y\n" } else { "z\n" });
    }
    for number in 0..250 {
        writeln!(table, "abcdefgh{number}-{number},pro").unwrap();
    }
    let told = sent(&max, "", table).await;
    let report = told.is(200);
    assert_eq!(counts(&report), [250_250, 250, 0, 250_000]);
    assert_eq!(report["skipped"].as_array().unwrap().len(), 1_000);
    assert!(told.body.len() < 200_000);
}
