//! A real Chromium with a profile of its own, spoken to as a person acts: open, read, type, press.
//!
//! Never more than two at once, and never anything left: dropping one ends Chromium, chromedriver and
//! the folder, also after a panic.

use std::{
    ffi::OsString,
    io::{self, BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Arc, LazyLock},
    time::Duration,
};

use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::{
    ChromeCapabilities, LoggingPrefsLogLevel, error::WebDriverErrorInner, prelude::*,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, timeout},
};

/// How long anything on a page may take; the service retries a delivery after five seconds.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(20);

const ARGUMENTS: [&str; 14] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-proxy-server",
    "--lang=en",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
    "--force-color-profile=srgb",
];

static SEATS: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(2)));

/// Whether pages may run JavaScript.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Script {
    On,
    Off,
}

/// A running browser. Fields are dropped in this order: the programs, their folder, the seat.
pub struct Browser {
    driver: WebDriver,
    _chromedriver: Chromedriver,
    _folder: TempDir,
    _seat: OwnedSemaphorePermit,
}

impl Browser {
    /// Starts one; none where Chromium or chromedriver is missing.
    pub async fn start(script: Script) -> Option<Self> {
        let programs = ["chromium", "chromedriver"].map(find);
        let [Some(chromium), Some(chromedriver)] = programs else {
            skip();
            return None;
        };
        let seat = Arc::clone(&SEATS).acquire_owned().await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let chromedriver = Chromedriver::start(&chromedriver, folder.path());
        // The driver's HTTP client wants one, although it speaks without TLS.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let capabilities = capabilities(&chromium, folder.path(), script).unwrap();
        let driver = WebDriver::new(&chromedriver.url, capabilities).await.unwrap();
        Some(Self { driver, _chromedriver: chromedriver, _folder: folder, _seat: seat })
    }

    /// Goes to an address.
    pub async fn open(&self, url: &str) {
        self.driver.goto(url).await.unwrap();
    }

    /// Goes back.
    pub async fn back(&self) {
        self.driver.back().await.unwrap();
    }

    /// Presses what a selector finds, and waits until its page is gone: whatever is read next is the
    /// answer's, although the page before may have had the like.
    pub async fn press(&self, css: &str) {
        let pressed = self.press_here(css).await;
        let gone = async {
            while pressed.is_present().await.unwrap_or(true) {
                sleep(LOOK_EVERY).await;
            }
        };
        let left = timeout(PATIENCE, gone).await;
        assert!(left.is_ok(), "{css} leads nowhere from {}", self.url().await);
    }

    /// Presses what a selector finds, which leaves the browser on its page.
    pub async fn press_here(&self, css: &str) -> WebElement {
        self.with(css, async |pressed| pressed.click().await.map(|()| pressed.clone())).await
    }

    /// Types into an empty field.
    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    /// The text of what a selector finds.
    pub async fn text(&self, css: &str) -> String {
        self.with(css, async |shown| shown.text().await).await
    }

    /// What stands in a field.
    pub async fn value(&self, css: &str) -> String {
        self.with(css, async |field| field.value().await).await.unwrap_or_default()
    }

    /// The page's title.
    pub async fn title(&self) -> String {
        self.driver.title().await.unwrap()
    }

    /// The page's address.
    pub async fn url(&self) -> String {
        self.driver.current_url().await.unwrap().to_string()
    }

    /// Waits until the address begins so; gives the rest of it.
    pub async fn arrives_at(&self, start: &str) -> String {
        let arrived = async {
            loop {
                if let Some(rest) = self.url().await.strip_prefix(start) {
                    return rest.to_owned();
                }
                sleep(LOOK_EVERY).await;
            }
        };
        let Ok(rest) = timeout(PATIENCE, arrived).await else {
            panic!("not at {start} but at {}", self.url().await)
        };
        rest
    }

    /// Presses a key.
    pub async fn key(&self, key: Key) {
        let actions = self.driver.action_chain();
        actions.send_keys(key).perform().await.unwrap();
    }

    /// Runs a script from outside the page, which the page's policy does not concern.
    pub async fn run(&self, script: &str) -> Value {
        let done = self.driver.execute(script, vec![]).await.unwrap();
        done.json().clone()
    }

    /// Runs a script that says by its last argument when it is done.
    pub async fn run_to_its_end(&self, script: &str) -> Value {
        let done = self.driver.execute_async(script, vec![]).await.unwrap();
        done.json().clone()
    }

    /// A command of Chromium's own.
    pub async fn devtools(&self, command: &str, arguments: Value) -> Value {
        let tools = self.driver.cdp();
        tools.send_raw(command, arguments).await.unwrap()
    }

    /// Sees pages as a person does who prefers that scheme: `light` or `dark`.
    pub async fn prefer(&self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Makes the window that large.
    pub async fn resize(&self, width: u64, height: u64) {
        let metrics = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Makes the window as high as the page, at that width, with nothing that blinks.
    pub async fn show_whole(&self, width: u64) {
        self.run("document.activeElement.blur()").await;
        self.resize(width, 1).await;
        let height = self.run("return document.documentElement.scrollHeight").await;
        self.resize(width, height.as_u64().unwrap()).await;
    }

    /// A picture of the window.
    pub async fn picture(&self) -> Vec<u8> {
        self.driver.screenshot_as_png().await.unwrap()
    }

    /// Forgets all cookies.
    pub async fn forget(&self) {
        self.devtools("Network.clearBrowserCookies", json!({})).await;
    }

    /// Waits until the browser has noted `text`, in its console or about its network; gives all notes.
    pub async fn notes(&self, text: &str) -> String {
        let mut notes = String::new();
        let noted = async {
            while !notes.contains(text) {
                sleep(LOOK_EVERY).await;
                for kind in ["browser", "performance"] {
                    let entries = self.driver.get_log(kind).await.unwrap();
                    notes.extend(entries.into_iter().map(|entry| entry.message + "\n"));
                }
            }
        };
        let done = timeout(PATIENCE, noted).await;
        assert!(done.is_ok(), "{text} was not noted: {notes}");
        notes
    }

    /// Does something with what a selector finds; again if its page went meanwhile, as a page does that
    /// looks anew by itself.
    async fn with<T>(&self, css: &str, act: impl AsyncFn(&WebElement) -> WebDriverResult<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match act(&self.find(css).await).await {
                Ok(done) => return done,
                Err(error) if is_stale(&error) && Instant::now() < deadline => {}
                Err(error) => panic!("{css} on {}: {error}", self.url().await),
            }
        }
    }

    async fn find(&self, css: &str) -> WebElement {
        let query = self.driver.query(By::Css(css)).wait(PATIENCE, LOOK_EVERY);
        let Ok(found) = query.first().await else { panic!("{css} is not on {}", self.url().await) };
        found
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // The session ends with its driver. Ending it politely cannot be awaited here.
        let _ = self.driver.clone().leak();
    }
}

fn is_stale(error: &WebDriverError) -> bool {
    matches!(**error, WebDriverErrorInner::StaleElementReference(_))
}

fn capabilities(
    chromium: &Path,
    folder: &Path,
    script: Script,
) -> WebDriverResult<ChromeCapabilities> {
    let mut capabilities = DesiredCapabilities::chrome();
    capabilities.set_binary(chromium.to_str().unwrap())?;
    for argument in ARGUMENTS {
        capabilities.add_arg(argument)?;
    }
    capabilities.add_arg(&format!("--user-data-dir={}", folder.join("profile").display()))?;
    if script == Script::Off {
        let blocked = json!({ "profile.managed_default_content_settings.javascript": 2 });
        capabilities.add_experimental_option("prefs", blocked)?;
    }
    for kind in ["browser", "performance"] {
        capabilities.set_logging_prefs(kind, LoggingPrefsLogLevel::All)?;
    }
    Ok(capabilities)
}

/// The program that drives Chromium. Dropped, it is killed with all it started, and gone.
struct Chromedriver {
    child: Child,
    url: String,
    /// Held so that the program can go on writing; Chromium holds its other end too.
    output: BufReader<ChildStdout>,
}

impl Chromedriver {
    /// Starts it on a free port. It takes one that is free in IPv4 and wants the same in IPv6, where
    /// somebody may have it: then it ends, and is started again.
    fn start(program: &Path, folder: &Path) -> Self {
        let mut started = (0..20).filter_map(|_| Self::try_start(program, folder));
        started.next().expect("chromedriver says its port")
    }

    /// With every folder it or Chromium might write to inside `folder`.
    fn try_start(program: &Path, folder: &Path) -> Option<Self> {
        let mut child = Command::new(program)
            .arg("--port=0")
            .process_group(0)
            .env("HOME", folder)
            .env("TMPDIR", folder)
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_CACHE_HOME")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let port = read_port(&mut output);
        let url = format!("http://127.0.0.1:{}", port.unwrap_or_default());
        let driver = Self { child, url, output }; // dropped, it is reaped
        port.map(|_| driver)
    }
}

impl Drop for Chromedriver {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let _ = Command::new("kill").args(["-KILL", "--", &group]).status();
        let _ = self.child.wait();
        // Ends when nobody is left to write, so that nobody writes into the folder any more.
        let _ = io::copy(&mut self.output, &mut io::sink());
    }
}

/// Reads on to `ChromeDriver was started successfully on port N.`; nothing if it ended before.
fn read_port(output: &mut impl BufRead) -> Option<u16> {
    let mut lines = output.lines().map(Result::unwrap);
    lines.find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    })
}

/// A program on the search path.
fn find(name: &str) -> Option<PathBuf> {
    let path: OsString = std::env::var_os("PATH")?;
    let candidates = std::env::split_paths(&path).map(|folder| folder.join(name));
    candidates.into_iter().find(|program| program.is_file())
}

/// Says past the test harness, which would swallow it, that a test did not run.
fn skip() {
    let missing = "chromium and chromedriver are not both on the PATH";
    assert!(std::env::var_os("CI").is_none(), "{missing}");
    let _ = writeln!(io::stderr(), "\n*** SKIPPED, A BROWSER TEST DID NOT RUN: {missing} ***");
}
