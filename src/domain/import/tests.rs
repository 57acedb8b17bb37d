//! Exports as people make them, and what each row comes to; broken, hostile and endless ones.

use std::{io::Read, ops::ControlFlow};

use super::*;
use crate::domain::{key::LONGEST_DESCRIPTION, woocommerce::KeyHash};

const HASH: &str = "aa083973a60ed83db01cf24b6487a8474dbe12de8c0e13f39d419e2216d0a880";
const SECRET: &str = "cs_00112233445566778899aabbccddeeff00112233";
const NONCES: &str = r#"a:2:{i:1763660000;s:8:"a""b;c,d";i:1763660001;s:3:"x\ny";}"#;

/// Each row in one line: what was read, or why it cannot be used.
fn told(text: &[u8]) -> Result<Vec<String>, String> {
    let mut rows = Vec::new();
    let read = read(text, &TimeZone::fixed(jiff::tz::offset(2)), &mut |line| {
        let key = match line.key {
            Ok(key) => {
                assert!(
                    key.hash == KeyHash::parse(HASH).expect("it can be read")
                        && key.secret.expose() == SECRET
                );
                let user = key.user_login.or(key.user_id).unwrap_or_default();
                let used = key.last_used_at.map(|at| at.to_string()).unwrap_or_default();
                format!("{}|{}|{user}|{}|{used}", key.description, key.permissions, key.ending)
            }
            Err(unusable) => unusable.to_string(),
        };
        rows.push(format!("{} {}: {key}", line.number, line.key_id));
        ControlFlow::Continue(())
    });
    read.map_err(|error| error.to_string()).map(|_| rows)
}

fn one(text: &str) -> String {
    let mut rows = told(text.as_bytes()).expect("it can be read");
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.remove(0)
}

/// The columns in their order, as the table has them.
const HEADER: [&str; 9] = [
    "key_id",
    "user_id",
    "description",
    "permissions",
    "consumer_key",
    "consumer_secret",
    "nonces",
    "truncated_key",
    "last_access",
];

/// One row as text, in every way it is written.
fn as_text() -> Vec<String> {
    let doubled = NONCES.replace('"', "\"\"");
    let with_backslashes = NONCES.replace('\\', "\\\\").replace('"', "\\\"");
    let batch = NONCES.replace('\\', "\\\\");
    let names = HEADER.join(",");
    let quoted: Vec<_> = HEADER.iter().map(|name| format!("\"{name}\"")).collect();
    let csv = format!(
        "{names}\n7,2,\"Tea & \"\"Co\"\"\",read_write,{HASH},{SECRET},\"{doubled}\",0112233,\
         2026-11-20 18:23:05\n"
    );
    let fields = [HASH, SECRET];
    vec![
        csv.clone(),
        csv.replace('\n', "\r\n"),
        format!("\u{feff}{csv}"),
        csv.trim_end().to_owned(),
        csv.replace(&names, &format!("k.{}", HEADER.join(",k.").to_uppercase())),
        csv.replace(&names, &quoted.join(",")),
        format!(
            "{}\n7;2;\"Tea & \"\"Co\"\"\";read_write;{};\"{doubled}\";0112233;\"2026-11-20 \
             18:23:05\"\n",
            HEADER.join(";"),
            fields.join(";")
        ),
        format!(
            "{names}\n7,2,\"Tea & \\\"Co\\\"\",\"read_write\",\"{}\",\"{with_backslashes}\",\
             \"0112233\",\"2026-11-20 18:23:05\"\n",
            fields.join("\",\"")
        ),
        format!(
            "{}\n7\t2\tTea & \"Co\"\tread_write\t{}\t{batch}\t0112233\t2026-11-20 18:23:05\r\n",
            HEADER.join("\t"),
            fields.join("\t")
        ),
    ]
}

/// The same row as JSON.
fn as_json() -> serde_json::Value {
    serde_json::json!({
        "last_access": "2026-11-20 18:23:05", "nonces": NONCES, "truncated_key": "0112233",
        "consumer_secret": SECRET, "consumer_key": HASH, "permissions": "read_write",
        "description": "Tea & \"Co\"", "user_id": 2, "key_id": "7", "extra": { "a": [1] },
    })
}

#[test]
fn one_row_however_it_was_exported() {
    let json = as_json();
    let table = serde_json::json!([
        { "type": "header", "version": "5.2.1", "comment": "Export to JSON plugin for PHPMyAdmin" },
        { "type": "database", "name": "shop" },
        { "type": "table", "name": "wp_woocommerce_api_keys", "database": "shop", "data": [json] },
    ]);
    let pretty = serde_json::to_string_pretty(&table).expect("it can be read");
    let jsons = [json.to_string(), format!("\u{feff} \n[{json}]\n"), table.to_string(), pretty];
    for text in as_text().into_iter().chain(jsons) {
        let expected = "1 7: Tea & \"Co\"|read_write|2|0112233|2026-11-20T16:23:05Z";
        assert_eq!(one(&text), expected, "{text}");
    }
    let lines = format!("{json}\n{json}\n");
    assert_eq!(told(lines.as_bytes()).expect("it can be read").len(), 2, "JSON Lines");
}

#[test]
fn what_is_not_there_is_made_good() {
    let row = |values: &str| one(&format!("{}\n{values}", HEADER.join("\t")));
    for null in ["NULL", "\\N", ""] {
        let values = format!("9\t1\t{null}\tread\t{HASH}\t{SECRET}\t{null}\t0112233\t{null}");
        assert_eq!(row(&values), "1 9: WooCommerce key 9|read|1|0112233|");
    }
    for date in ["0000-00-00 00:00:00", "yesterday", "1969-01-01 00:00:00"] {
        let values = format!("9\t1\tX\tread\t{HASH}\t{SECRET}\tNULL\t<b>x</b>\t{date}");
        assert_eq!(row(&values), "1 9: X|read|1||", "{date}");
    }
    let joined = "user_login,consumer_key,consumer_secret,permissions";
    let least = format!("{joined}\nada,{},{SECRET},write", HASH.to_uppercase());
    assert_eq!(one(&least), "1 : WooCommerce key|write|ada||");
    let json = format!(
        r#"{{"key_id":null,"description":null,"permissions":"write","consumer_key":"{HASH}",
        "consumer_secret":"{SECRET}","user_id":[1],"last_access":false}}"#
    );
    assert_eq!(one(&json), "1 : WooCommerce key|write|||");
    let latin = [least.replace("user_login", "description").as_bytes(), b"\n\xe9,,,"].concat();
    assert_eq!(
        told(&latin).expect("it can be read")[1],
        "2 : consumer_key is not 64 hexadecimal digits"
    );
}

#[test]
fn unusable_rows_are_told_without_what_stands_in_them() {
    let long = "ß".repeat(LONGEST_DESCRIPTION + 1);
    let table = [
        (["X", "read", "", SECRET], "consumer_key is not 64"),
        (["X", "read", SECRET, HASH], "consumer_key is not 64"),
        (["X", "read", &HASH[1..], SECRET], "consumer_key is not 64"),
        (["X", "read", HASH, "cs_"], "consumer_secret is not"),
        (["X", "read", HASH, "NULL"], "consumer_secret is not"),
        (["X", "", HASH, SECRET], "permissions is not"),
        (["X", "admin", HASH, SECRET], "permissions is not"),
        ([&long, "read", HASH, SECRET], "description has more than 200"),
    ];
    let names = "key_id,description,permissions,consumer_key,consumer_secret";
    for (fields, says) in table {
        let told = one(&format!("{names}\n5,{}", fields.join(",")));
        assert!(told.starts_with(&format!("1 5: {says}")), "{told}");
        assert!(!told.contains("aa0839") && !told.contains("cs_0"), "{told}");
    }
    let rows = format!("{names}\n5,X,read,{HASH}\n6,X,read,{HASH},{SECRET},more\n");
    for told in told(rows.as_bytes()).expect("it can be read") {
        assert!(told.ends_with(": it has not as many columns as the first line"), "{told}");
    }
    let odd = one(&format!("{names}\n\"\u{1b}[2J<b>{}\",X,no,,", "9".repeat(99)));
    assert_eq!(odd, "1 [2J<b>99999999999...: consumer_key is not 64 hexadecimal digits");
}

#[test]
fn what_is_no_export_is_said() {
    let columns = "it has no column consumer_key, consumer_secret, permissions;";
    let latin16: Vec<u8> = [0xff, 0xfe, b'k', 0].into();
    let broken = format!("[{{\"consumer_key\":\"{HASH}\",\"permissions\":\"read\"}},{{");
    let cut = format!("{}\n1,2,\"never closed", HEADER.join(","));
    for (text, says) in [
        (&b""[..], "it is empty"),
        (b" \n\t", "it is empty"),
        (&latin16, "it is UTF-16; save it as UTF-8"),
        (b"\x1f\x8b\x08\x00rubbish", columns),
        (b"-- MySQL dump\nINSERT INTO `wp_woocommerce_api_keys` VALUES (1);", columns),
        (b"+--------+\n| key_id |\n+--------+\n", columns),
        (b"key_id,permissions,consumer_secret\n1,2,3", "it has no column consumer_key;"),
        (b"[{\"type\":\"table\",\"name\":\"other\"}]", columns),
        (b"[1]", "after row 0 it is no JSON any more: invalid type"),
        (b"[[[", "after row 0 it is no JSON any more: EOF"),
        (&b"[".repeat(100_000), "after row 0 it is no JSON any more: recursion limit"),
        (broken.as_bytes(), "after row 1 it is no JSON any more: EOF"),
    ] {
        let error = told(text).unwrap_err();
        assert!(error.starts_with(says), "{error}");
    }
    assert_eq!(told(b"[]").expect("it can be read").len(), 0);
    assert!(told(cut.as_bytes()).expect("it can be read")[0].contains("not as many columns"));
}

/// A file that goes on for ever in one row.
struct Endless(usize);

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0 += buffer.len();
        assert!(self.0 < 2 * LONGEST_ROW, "far more was read than a row may have");
        buffer.fill(b'x');
        Ok(buffer.len())
    }
}

#[test]
fn a_row_without_end_ends_the_reading() {
    for begin in [
        "consumer_key,consumer_secret,permissions\n\"",
        "consumer_key\tconsumer_secret\tpermissions\n",
        "[{\"nonces\":\"",
        "[{\"description\":\"",
    ] {
        let endless = begin.as_bytes().chain(Endless(0));
        let error = read(endless, &TimeZone::UTC, &mut |_| ControlFlow::Continue(()));
        let error = error.unwrap_err().to_string();
        assert_eq!(error, "after row 0: a row is longer than 4 MiB", "{begin}");
    }
}

#[test]
fn reading_ends_when_nobody_wants_more() {
    let row = format!("{{\"consumer_key\":\"{HASH}\"}}");
    for text in [format!("[{row},{row}]"), format!("{}\n,,,,,,,,\n,,,,,,,,", HEADER.join(","))] {
        let mut count = 0;
        let read = read(text.as_bytes(), &TimeZone::UTC, &mut |_| {
            count += 1;
            ControlFlow::Break(())
        });
        assert_eq!((read.expect("it can be read"), count), (1, 1));
    }
}

#[test]
fn maps_of_users() {
    let read = |text: &str| users::read(text.as_bytes());
    let map = read("wp_user_id,login\r\n1, ada\n\nMax,max\n").expect("it can be read");
    assert_eq!((map.len(), map["1"].as_str(), map["max"].as_str()), (2, "ada", "max"));
    assert!(read("").expect("it can be read").is_empty());
    for (text, error) in [
        ("1", users::BadMap::Line(1)),
        ("1,ada\n2,", users::BadMap::Line(2)),
        ("1,ada,x", users::BadMap::Line(1)),
        ("1,ada\n1,max", users::BadMap::Twice(2)),
    ] {
        assert_eq!(read(text).unwrap_err(), error, "{text}");
    }
}
