//! What `scripts/bench-verify` measures with: a bare server to compare with, a store full of keys, and
//! a client that uses each key once.
//!
//! `bench bare ADDRESS [STATUS]` answers every request with that status, 204 if none is named, on one
//! thread as the service under test.
//! `bench fill FOLDER FROM TO [COST]` writes keys number FROM to TO (without TO) into a store's database;
//! key and secret number n are `ck_` and `cs_` with n in 40 hex digits, so that a load generator knows
//! them. COST is `m=…,t=…`, as in `APPGRANT_SECRET_HASH`.
//! `bench adopt URL FOLDER FROM TO STEP COST` makes every `STEP`th key of a PostgreSQL one of those keys.
//! `bench claim URL TIMES NOW` times the claim of the next delivery there.
//! `bench once ADDRESS FROM TO CONNECTIONS` asks for each of these keys until it may pass.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a tool for measuring reads the clock, and ends with a panic"
)]

mod fill;
mod once;
mod postgres;

use std::{env, path::Path};

use actix_web::{App, HttpResponse, HttpServer, http::StatusCode, web};
use appgrant::domain::argon::Cost;

const CHEAP: &str = "m=8,t=1";

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["bare", address] => bare(address, StatusCode::NO_CONTENT),
        ["bare", address, status] => bare(address, status.parse().unwrap()),
        ["fill", folder, from, to] => fill_with(folder, from, to, CHEAP),
        ["fill", folder, from, to, cost] => fill_with(folder, from, to, cost),
        ["once", address, from, to, connections] => {
            let keys = from.parse().unwrap()..to.parse().unwrap();
            once::ask(address, keys, connections.parse().unwrap());
        }
        ["adopt", url, folder, from, to, step, cost] => {
            let cost = Cost::parse(cost).expect("a cost is m=…,t=…");
            let keys = from.parse().unwrap()..to.parse().unwrap();
            wait_for(postgres::adopt(url, Path::new(folder), keys, step.parse().unwrap(), cost));
        }
        ["claim", url, times, now] => {
            wait_for(postgres::claim(url, times.parse().unwrap(), now.parse().unwrap()));
        }
        _ => panic!("usage: bench bare | fill | adopt | claim | once, see examples/bench/main.rs"),
    }
}

fn wait_for(work: impl Future<Output = ()>) {
    tokio::runtime::Runtime::new().unwrap().block_on(work);
}

fn bare(address: &str, status: StatusCode) {
    let server = HttpServer::new(move || {
        App::new().default_service(web::to(move || async move { HttpResponse::new(status) }))
    });
    let server = server.workers(1).bind(address).unwrap();
    actix_web::rt::System::new().block_on(server.run()).unwrap();
}

fn fill_with(folder: &str, from: &str, to: &str, cost: &str) {
    let cost = Cost::parse(cost).expect("a cost is m=…,t=…");
    fill::fill(Path::new(folder), from.parse().unwrap()..to.parse().unwrap(), cost);
}
