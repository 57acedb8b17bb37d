//! TLS to PostgreSQL, against a real server: whom each `sslmode` takes for the server, who gets in, and
//! whether the connection is encrypted, as the server itself says.

use std::{
    collections::BTreeSet,
    io::{Write as _, stderr},
};

use appgrant::db::Db;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::support::{
    ca_file, client_pem_files, database, encode, postgres, strange_ca_file,
    thrown_away_postgres::TLS_ADDRESS,
};

/// What becomes of an attempt.
#[derive(Debug)]
enum End {
    Encrypted,
    Plain,
    /// With a word of the complaint.
    Refused(&'static str),
}
use End::{Encrypted, Plain, Refused};

/// A database on the server, and the files that an address may name.
struct Site {
    /// The database through the socket, as the server's owner.
    socket: String,
    password: String,
    folder: TempDir,
}

impl Site {
    async fn open() -> Option<Self> {
        let socket = postgres::migrated_database().await?;
        if TLS_ADDRESS.get().is_none() {
            let why = format!("it needs a server of its own, and {} names another", postgres::URL);
            let _ = writeln!(stderr(), "\n*** SKIPPED, NOT TESTED: TLS to PostgreSQL: {why} ***\n");
            return None;
        }
        let mut conn = AsyncPgConnection::establish(&socket).await.unwrap();
        let password = password(&mut conn).await.to_owned();
        conn.batch_execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC").await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        ca_file(folder.path());
        strange_ca_file(folder.path());
        client_pem_files(folder.path(), "certified");
        Some(Self { socket, password, folder })
    }

    /// An address; `@NAME` stands for a file.
    fn url(&self, user: &str, host: &str, parameters: &str) -> String {
        let (ip, port) = TLS_ADDRESS.get().unwrap().split_once(':').unwrap();
        let host = if host == "IP" { ip } else { host };
        let (password, database) = (&self.password, self.socket.rsplit('/').next().unwrap());
        let files = encode(&format!("{}/", self.folder.path().display()));
        let parameters = parameters.replace('@', &files);
        format!("postgres://{user}:{password}@{host}:{port}/{database}?hostaddr={ip}&{parameters}")
    }

    /// Asserts what becomes of an address.
    async fn expect(&self, url: &str, end: &End) {
        let name = format!("case-{}", random());
        let glue = if url.contains('?') { '&' } else { '?' };
        let shown = url.replace(&self.password, "…");
        let (db, answer) = match Db::open(&format!("{url}{glue}application_name={name}")) {
            Ok(db) => (Some(db.clone()), db.check().await),
            Err(error) => (None, Err(error)),
        };
        let connected = self.seen_by_server(&name);
        drop(db);
        match (end, answer) {
            (Encrypted, Ok(())) => assert_eq!(connected, ["true".to_owned()].into(), "{shown}"),
            (Plain, Ok(())) => assert_eq!(connected, ["false".to_owned()].into(), "{shown}"),
            (Refused(word), Err(error)) => {
                assert!(connected.is_empty(), "{shown}: {connected:?}");
                let text = format!("{error} {error:?}");
                assert!(text.contains(word), "{shown}: {error}");
                assert!(!text.contains(&self.password), "{shown}: the error holds the password");
            }
            (end, answer) => panic!("{shown}: {answer:?} instead of {end:?}"),
        }
    }

    /// Whether connections of that name are encrypted.
    fn seen_by_server(&self, name: &str) -> BTreeSet<String> {
        let sql = "SELECT ssl::text AS text FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)";
        let sql = format!("{sql} WHERE application_name = '{name}'");
        database::texts(&self.socket, &sql).into_iter().collect()
    }
}

#[allow(clippy::disallowed_methods, reason = "the tests have no services here to ask")]
fn random() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).unwrap();
    data_encoding::HEXLOWER.encode(&bytes)
}

/// Makes the users whom the server's `hba.conf` knows; gives the password of all.
async fn password(conn: &mut AsyncPgConnection) -> &'static str {
    static PASSWORD: OnceCell<String> = OnceCell::const_new();
    let make = async || {
        let password = random();
        for user in ["either", "tls_only", "plain_only", "certified"] {
            let sql = format!("CREATE ROLE {user} LOGIN PASSWORD '{password}'");
            conn.batch_execute(&sql).await.unwrap();
        }
        password
    };
    PASSWORD.get_or_init(make).await
}

#[tokio::test]
async fn each_mode_takes_what_libpq_takes() {
    let Some(site) = Site::open().await else { return };
    let (no_entry, stranger, host) =
        ("no pg_hba.conf entry", "UnknownIssuer", "not valid for name");
    for (user, host, parameters, end) in [
        ("either", "IP", "", Encrypted),
        ("either", "IP", "sslmode=disable", Plain),
        ("tls_only", "IP", "sslmode=disable", Refused(no_entry)),
        ("either", "IP", "sslmode=allow", Plain),
        ("tls_only", "IP", "sslmode=allow", Encrypted),
        ("either", "IP", "sslmode=prefer", Encrypted),
        ("tls_only", "IP", "sslmode=prefer", Encrypted),
        ("plain_only", "IP", "sslmode=prefer", Plain),
        // Nobody asked who the server is.
        ("either", "db.example", "sslmode=require", Encrypted),
        ("plain_only", "IP", "sslmode=require", Refused(no_entry)),
        ("either", "db.example", "sslmode=require&sslrootcert=@ca.pem", Encrypted),
        ("either", "IP", "sslmode=require&sslrootcert=@stranger.pem", Refused(stranger)),
        ("either", "db.example", "sslmode=verify-ca&sslrootcert=@ca.pem", Encrypted),
        ("either", "IP", "sslmode=verify-ca&sslrootcert=@stranger.pem", Refused(stranger)),
        ("either", "IP", "sslmode=verify-full&sslrootcert=@ca.pem", Encrypted),
        ("either", "localhost", "sslmode=verify-full&sslrootcert=@ca.pem", Encrypted),
        ("either", "db.example", "sslmode=verify-full&sslrootcert=@ca.pem", Refused(host)),
        ("either", "127.0.0.1", "sslmode=verify-full&sslrootcert=@ca.pem", Refused(host)),
        ("either", "IP", "sslmode=verify-full&sslrootcert=@stranger.pem", Refused(stranger)),
        ("plain_only", "IP", "sslmode=verify-full&sslrootcert=@ca.pem", Refused(no_entry)),
        // Where the system has no roots at all, the complaint is another.
        ("either", "IP", "sslmode=verify-full&sslrootcert=system", Refused("")),
        ("either", "IP", "sslmode=verify-full", Refused("")),
        ("either", "IP", "sslmode=verify-full&sslrootcert=@nothing.pem", Refused("nothing.pem")),
    ] {
        site.expect(&site.url(user, host, parameters), &end).await;
    }
}

#[tokio::test]
async fn certificates_and_passwords_let_in_whose_they_are() {
    let Some(site) = Site::open().await else { return };
    let shown = "sslmode=verify-full&sslrootcert=@ca.pem&sslcert=@client.pem&sslkey=@client.key";
    for (user, parameters, end) in [
        ("certified", shown, Encrypted),
        ("certified", "sslmode=require", Refused("certificate")),
        ("certified", "sslmode=require&sslcert=@client.pem", Refused("need each other")),
        ("either", "sslmode=require&channel_binding=require", Encrypted),
        ("either", "sslmode=disable&channel_binding=require", Refused("channel binding")),
    ] {
        site.expect(&site.url(user, "IP", parameters), &end).await;
    }
    for mode in ["disable", "prefer", "require"] {
        let wrong = site.url("either", "IP", &format!("sslmode={mode}"));
        let wrong = wrong.replace(&site.password, &format!("{}x", site.password));
        site.expect(&wrong, &Refused("password authentication failed")).await;
    }
}

#[tokio::test]
async fn a_socket_needs_no_tls() {
    let Some(site) = Site::open().await else { return };
    site.expect(&format!("{}?sslmode=require", site.socket), &Plain).await;
}

#[tokio::test]
async fn an_address_without_a_name_is_never_plain() {
    let Some(site) = Site::open().await else { return };
    for mode in ["require", "verify-ca", "verify-full"] {
        let (_, port) = TLS_ADDRESS.get().unwrap().split_once(':').unwrap();
        let parameters = format!("port={port}&sslmode={mode}&sslrootcert=@ca.pem");
        let url = site.url("either", "", &parameters).replace(&format!("@:{port}/"), "@/");
        site.expect(&url, &Refused("name")).await;
    }
}
