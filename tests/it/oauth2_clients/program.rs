//! An app in a process of its own, which tells each of its steps and can be told something.
//!
//! Its library is as `scripts/install-clients` puts it into `target/clients`. It speaks to this machine
//! only.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Lines, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;
use tokio::{task::spawn_blocking, time::timeout};

use crate::support::needed;

/// How long one step may take, on a busy machine too.
const PATIENCE: Duration = Duration::from_mins(1);

/// Which library the app is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Library {
    OpenidClient,
    Authlib,
    RequestsOauthlib,
}

/// A running app; killed when dropped.
pub struct Program {
    library: Library,
    child: Child,
    input: ChildStdin,
    lines: Option<Lines<BufReader<ChildStdout>>>,
    folder: TempDir,
}

impl Library {
    /// Says so if it cannot be tried here.
    pub fn needed(self) -> Option<()> {
        let (flag, check) = match self {
            Self::OpenidClient => (
                "-e",
                "require('module').createRequire(process.env.LIBRARIES + '/').resolve('openid-client')",
            ),
            Self::Authlib => ("-c", "import authlib; assert authlib.__version__ == '1.9.10'"),
            Self::RequestsOauthlib => (
                "-c",
                "import oauthlib, requests_oauthlib as r; assert (oauthlib.__version__, r.__version__) == ('4.0.1', '2.0.0')",
            ),
        };
        let what = format!("apps made with {self:?} (scripts/install-clients brings it)");
        needed(&what, self.command().args([flag, check]))
    }

    /// The interpreter, with the libraries and without the ways of the person who runs the tests.
    fn command(self) -> Command {
        let installed = root().join("target/clients");
        let mut command = match self {
            Self::OpenidClient => Command::new("node"),
            Self::Authlib | Self::RequestsOauthlib => Command::new("python3"),
        };
        command
            .env("PYTHONPATH", installed.join("oauth2-python"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("LIBRARIES", installed.join("oauth2-node"))
            .env("NETRC", "/dev/null")
            .env("NO_PROXY", "*")
            .env("no_proxy", "*");
        // Among them what would let a library pass over rules of OAuth 2.0.
        for name in [
            "REQUESTS_CA_BUNDLE",
            "CURL_CA_BUNDLE",
            "NODE_EXTRA_CA_CERTS",
            "NODE_OPTIONS",
            "OAUTHLIB_INSECURE_TRANSPORT",
            "OAUTHLIB_RELAX_TOKEN_SCOPE",
            "AUTHLIB_INSECURE_TRANSPORT",
        ] {
            command.env_remove(name);
        }
        command
    }

    /// The variable that names what to trust, as its documentation says.
    const fn trust(self) -> &'static str {
        match self {
            Self::OpenidClient => "NODE_EXTRA_CA_CERTS",
            Self::Authlib | Self::RequestsOauthlib => "REQUESTS_CA_BUNDLE",
        }
    }

    const fn script(self) -> &'static str {
        match self {
            Self::OpenidClient => "app.mjs",
            Self::Authlib => "app_authlib.py",
            Self::RequestsOauthlib => "app_requests.py",
        }
    }
}

impl Program {
    /// Starts the app with that plan.
    pub fn start(library: Library, certificate: &Path, plan: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = library
            .command()
            .env(library.trust(), certificate)
            .env("OAUTHLIB_STRICT_TOKEN_TYPE", "1") // as the RFC has it
            .arg(root().join("tests/it/oauth2_clients").join(library.script()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.path().join("errors")).unwrap())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let lines = Some(BufReader::new(output).lines());
        let mut program = Self { library, child, input, lines, folder };
        program.tell(&plan.to_string());
        program
    }

    /// Tells it a line.
    pub fn tell(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }

    /// Its next step, which must be that one.
    pub async fn does(&mut self, step: &str) -> Value {
        let said = self.next().await;
        assert_eq!(said["step"], step, "{:?}: {said}: {}", self.library, self.errors());
        said
    }

    async fn next(&mut self) -> Value {
        let mut lines = self.lines.take().expect("one reads at a time");
        let reading = spawn_blocking(move || (lines.next(), lines));
        let read = timeout(PATIENCE, reading).await;
        let (line, lines) = read.unwrap_or_else(|_| panic!("it hangs: {}", self.errors())).unwrap();
        self.lines = Some(lines);
        let line = line.unwrap_or_else(|| panic!("it ended: {}", self.errors())).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn errors(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("errors")).unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}
