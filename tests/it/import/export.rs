//! Keys as WooCommerce has them, the export that `wp db query` makes, and the program that takes it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::support::{Process, Question, TestApp};

/// What `wp db query "SELECT * FROM wp_woocommerce_api_keys"` begins with.
pub const HEADER: &str = "key_id\tuser_id\tdescription\tpermissions\tconsumer_key\tconsumer_secret\t\
                          nonces\ttruncated_key\tlast_access\n";

/// What WooCommerce leaves of the nonces of signed requests.
pub const NONCES: &str = r#"a:2:{i:1763660000;s:6:"a"b;c,";i:1763660001;s:4:"\\t\tx";}"#;

/// A key an app has.
#[derive(Clone)]
pub struct Exported {
    pub id: usize,
    pub key: String,
    pub secret: String,
    pub permissions: &'static str,
}

impl Exported {
    /// Another for each number.
    pub fn new(id: usize, permissions: &'static str) -> Self {
        Self {
            id,
            key: format!("ck_{id:040x}"),
            secret: format!("cs_{:040x}", id + 1),
            permissions,
        }
    }

    /// What WooCommerce stores of the key.
    pub fn hash(&self) -> String {
        let mac = Hmac::<Sha256>::new_from_slice(b"wc-api").unwrap();
        data_encoding::HEXLOWER.encode(&mac.chain_update(&self.key).finalize().into_bytes())
    }

    /// Its row.
    pub fn row(&self) -> String {
        let Self { id, key, secret, permissions } = self;
        let (hash, ending) = (self.hash(), &key[36..]);
        format!(
            "{id}\t1\tShipper {id} - API (2025-11-20 20:45:03)\t{permissions}\t{hash}\t{secret}\t\
             {NONCES}\t{ending}\t2025-11-20 18:00:00\n"
        )
    }

    /// A question with it by HTTP Basic.
    pub fn asks(&self, method: &str, uri: &str) -> Question {
        Question::forwarded(method, uri).basic(&self.key, &self.secret)
    }
}

/// The export of these keys.
pub fn table(keys: &[Exported]) -> String {
    HEADER.to_owned() + &keys.iter().map(Exported::row).collect::<String>()
}

/// Runs a command beside the service, as a process of its own on its database.
pub async fn run(app: &TestApp, arguments: &[&str]) -> (i32, String, String) {
    let folder = app.folder.path().to_owned();
    let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
    let oauth1 = app.services().verifier.options.oauth1 != appgrant::domain::oauth1::Mode::Off;
    let run = tokio::task::spawn_blocking(move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let settings = [
            ("APPGRANT_SECRET_HASH", "m=8,t=1"),
            ("APPGRANT_OAUTH1", if oauth1 { "true" } else { "false" }),
        ];
        Process::run_with(&folder, &settings, &arguments)
    });
    run.await.unwrap()
}

/// Imports these keys for max; what the program said.
pub async fn import(app: &TestApp, keys: &[Exported]) -> String {
    let file = app.folder.path().join("keys.tsv");
    std::fs::write(&file, table(keys)).unwrap();
    let file = file.to_str().unwrap();
    let (code, said, error) = run(app, &["key", "import", file, "--owner", "max"]).await;
    assert_eq!((code, error.as_str()), (0, ""), "{said}");
    said
}
