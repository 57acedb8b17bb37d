//! The official clients, each in a process of its own that does the calls of a plan and ends.
//!
//! They are `woocommerce` from `PyPI` and `@woocommerce/woocommerce-rest-api` from npm, as
//! `scripts/install-clients` puts them into `target/clients`. They speak to this machine only.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::support::needed;

/// How long all calls of a plan may take, on a busy machine too.
const PATIENCE: Duration = Duration::from_mins(2);

/// Which client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Python,
    JavaScript,
}

/// One call an app makes.
#[derive(Clone)]
pub struct Call {
    /// Key and secret.
    pub pair: (String, String),
    pub method: &'static str,
    pub endpoint: &'static str,
    pub params: Value,
    /// The body, for those that have one.
    pub data: Option<Value>,
}

/// What the app got: status and body, or the client's own error.
#[derive(Debug)]
pub struct Answer {
    pub status: u64,
    pub body: Value,
    pub error: String,
}

/// Where the client goes and how it says who it is.
pub struct Way<'a> {
    pub url: String,
    /// Key and secret in the query, where there is TLS.
    pub query: bool,
    /// The certificate to trust besides the world's, or none.
    pub certificate: Option<&'a Path>,
}

impl Language {
    /// Says so if it cannot be tried here.
    pub fn needed(self) -> Option<()> {
        let check = match self {
            Self::Python => "import woocommerce; assert woocommerce.__version__ == '3.0.0'",
            Self::JavaScript => "require('@woocommerce/woocommerce-rest-api')",
        };
        let flag = if self == Self::Python { "-c" } else { "-e" };
        let what = format!("WooCommerce’s {self:?} client (scripts/install-clients brings it)");
        needed(&what, self.command().args([flag, check]))
    }

    /// Does the calls in order; gives what the app got.
    pub async fn does(self, way: &Way<'_>, calls: &[Call]) -> Vec<Answer> {
        let folder = tempfile::tempdir().unwrap();
        let file = |name| folder.path().join(name);
        let calls: Vec<_> = calls.iter().map(Call::told).collect();
        let plan = json!({ "url": way.url, "query": way.query, "calls": calls });
        fs::write(file("plan"), plan.to_string()).unwrap();
        let mut command = self.command();
        command.arg(root().join("tests/it/clients").join(self.script()));
        command.envs(way.certificate.map(|certificate| (self.trust(), certificate)));
        let child = command
            .stdin(File::open(file("plan")).unwrap())
            .stdout(File::create(file("answers")).unwrap())
            .stderr(File::create(file("errors")).unwrap())
            .spawn()
            .unwrap();
        Running { child, folder }.answers(calls.len()).await
    }

    /// The program, with the libraries and without the ways of the person who runs the tests.
    fn command(self) -> Command {
        let installed = root().join("target/clients");
        let mut command = match self {
            Self::Python => Command::new("python3"),
            Self::JavaScript => Command::new("node"),
        };
        command
            .env("PYTHONPATH", installed.join("python"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("NODE_PATH", installed.join("node/node_modules"))
            .env("NETRC", "/dev/null")
            .env("NO_PROXY", "*")
            .env("no_proxy", "*");
        for name in ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "NODE_OPTIONS"]
        {
            command.env_remove(name);
        }
        command
    }

    /// The variable that names what to trust, as its documentation says.
    const fn trust(self) -> &'static str {
        match self {
            Self::Python => "REQUESTS_CA_BUNDLE",
            Self::JavaScript => "NODE_EXTRA_CA_CERTS",
        }
    }

    const fn script(self) -> &'static str {
        match self {
            Self::Python => "client.py",
            Self::JavaScript => "client.cjs",
        }
    }
}

impl Call {
    fn told(&self) -> Value {
        let Self { pair: (key, secret), method, endpoint, params, data } = self;
        json!({
            "key": key, "secret": secret, "method": method, "endpoint": endpoint,
            "params": params, "data": data,
        })
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A running client; killed when dropped.
struct Running {
    child: Child,
    folder: TempDir,
}

impl Running {
    async fn answers(mut self, count: usize) -> Vec<Answer> {
        let deadline = Instant::now() + PATIENCE;
        while self.child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < deadline, "the client hangs: {}", self.said());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let lines = fs::read_to_string(self.folder.path().join("answers")).unwrap();
        let answers: Vec<_> = lines.lines().map(answer).collect();
        assert_eq!(answers.len(), count, "{}", self.said());
        answers
    }

    fn said(&self) -> String {
        let read = |name| fs::read_to_string(self.folder.path().join(name)).unwrap();
        read("answers") + &read("errors")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn answer(line: &str) -> Answer {
    let said: Value = serde_json::from_str(line).unwrap();
    Answer {
        status: said["status"].as_u64().unwrap_or_default(),
        body: said["body"].clone(),
        error: said["error"].as_str().unwrap_or_default().to_owned(),
    }
}
