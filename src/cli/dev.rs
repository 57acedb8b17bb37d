//! `appgrant dev …`: tools for people who build apps.

use std::{fmt::Write as _, net::SocketAddr, path::PathBuf};

use clap::{Args, Subcommand};
use url::Url;

use super::{CliError, output::print_line, signals::StopSignals};
use crate::{
    config::{PublicUrl, Settings, Values},
    domain::app_url::percent_encoded,
    receiver::{self, Event, Listening, Options, Plan, answer::WORDS, authority::Authority},
    service::environment::{Clock, SystemClock},
};

#[derive(Subcommand)]
pub(super) enum Command {
    /// Take callbacks on this machine, over HTTPS, and answer or fail as you say
    Receiver(ReceiverOptions),
}

#[derive(Args)]
pub(super) struct ReceiverOptions {
    /// Where to listen; only this machine unless --anywhere is given
    #[arg(long, default_value = "127.0.0.1:8443", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Where its certificate authority is kept; made if it is not there
    #[arg(long, default_value = "appgrant-dev", value_name = "DIR")]
    folder: PathBuf,
    /// A name the certificate holds besides those of this machine (localhost, 127.0.0.1, `::1`)
    #[arg(long = "name", value_name = "HOST")]
    names: Vec<String>,
    /// The store that signs; the configured public URL if not given
    #[arg(long, value_name = "URL", value_parser = parse_store)]
    store: Option<Url>,
    /// What is answered where the path says nothing: 200, 500, slow, slow:20, never, hang-up,
    /// redirect, drip, huge, tls, or several with commas between
    #[arg(long, default_value = "200", value_name = "ANSWER", value_parser = parse_answer)]
    answer: Answer,
    /// One JSON line for each callback, for machines
    #[arg(long)]
    json: bool,
    /// Append whole bodies, secrets and all, to this file as JSON lines (mode 0600)
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Let other machines reach it
    #[arg(long)]
    anywhere: bool,
}

/// What `--answer` says: a plan, or a handshake that breaks.
#[derive(Clone)]
enum Answer {
    Plan(Plan),
    BreakTls,
}

fn parse_answer(text: &str) -> Result<Answer, String> {
    if text == "tls" {
        return Ok(Answer::BreakTls);
    }
    let plan = Plan::parse(text).map_err(|error| format!("{error}; or tls alone"))?;
    Ok(Answer::Plan(plan))
}

fn parse_store(text: &str) -> Result<Url, String> {
    let store = PublicUrl::parse(text).and_then(|store| Url::parse(store.as_str()).ok());
    store.ok_or_else(|| "it must be an http or https address, such as https://shop.example".into())
}

pub(super) async fn receiver(values: &Values, options: ReceiverOptions) -> Result<(), CliError> {
    let listen = options.listen;
    if !listen.ip().is_loopback() && !options.anywhere {
        let line =
            "other machines could reach that address: listen on 127.0.0.1, or add --anywhere";
        return Err(CliError::new(line));
    }
    let store = match &options.store {
        Some(store) => store.clone(),
        None => parse_store(Settings::read(values)?.public_url.as_str()).map_err(CliError::new)?,
    };
    let authority =
        Authority::open(&options.folder).map_err(|error| CliError::new(error.to_string()))?;
    let names: Vec<_> = options.names.iter().cloned().chain([listen.ip().to_string()]).collect();
    let tls = authority
        .server(&names, SystemClock.now())
        .map_err(|error| CliError::new(error.to_string()))?;
    let mut stops = StopSignals::hear()?;
    let listening =
        receiver::listen(listen, tls, behaviour(&options, store.clone())).await.map_err(
            |error| CliError::new(format!("the receiver cannot start at {listen}: {error}")),
        )?;
    eprint!("{}", instructions(&listening, &options, &store, &authority));
    tokio::select! {
        told = tell(listening, options.json) => told,
        () = stops.next() => Ok(()),
    }
}

fn behaviour(options: &ReceiverOptions, store: Url) -> Options {
    let (plan, break_tls) = match &options.answer {
        Answer::Plan(plan) => (plan.clone(), false),
        Answer::BreakTls => (Plan::default(), true),
    };
    let now = || SystemClock.now();
    Options { store, plan, break_tls, save: options.save.clone(), now }
}

/// Callbacks to standard output, the rest to standard error, until the receiver ends.
async fn tell(mut listening: Listening, json: bool) -> Result<(), CliError> {
    while let Some(event) = listening.events.recv().await {
        match event {
            Event::Callback(callback) if json => {
                let line = serde_json::to_string(&callback);
                print_line(line.map_err(|error| CliError::new(error.to_string()))?)?;
            }
            Event::Callback(callback) => print_line(callback)?,
            Event::Note(note) => eprintln!("note: {note}"),
        }
    }
    Ok(())
}

/// What to do with a receiver that has just started.
fn instructions(
    listening: &Listening,
    options: &ReceiverOptions,
    store: &Url,
    authority: &Authority,
) -> String {
    let host = &listening.host;
    let networks = match listening.address.ip() {
        ip if ip.is_loopback() || ip.is_unspecified() => "127.0.0.0/8,::1/128".to_owned(),
        ip => format!("127.0.0.0/8,::1/128,{ip}"),
    };
    let ca = authority.certificate.display();
    let mut text = format!(
        "The receiver listens at https://{host}. Ctrl-C ends it.\n\n\
         1. Start the store so that it may reach the receiver and trusts it:\n\n     \
         APPGRANT_CALLBACK_CA_FILE='{ca}' \\\n     \
         APPGRANT_CALLBACK_ALLOW_NETWORKS={networks} appgrant serve\n\n\
         2. Open this link, log in, approve:\n\n     {link}\n\n\
         3. Read here what came. The path of the callback URL says what is answered:\n\n",
        link = authorize_link(store, &format!("https://{host}/")),
    );
    for (word, does) in WORDS.iter().filter(|(word, _)| *word != "tls") {
        let word = if *word == "200 … 599" { "500" } else { word };
        let _ = writeln!(text, "     {:<38} {does}", format!("https://{host}/{word}"));
    }
    let _ = writeln!(
        text,
        "     {:<38} one after the other",
        format!("https://{host}/500,hang-up,200")
    );
    if let Some(file) = &options.save {
        let _ = writeln!(text, "\nBodies with their secrets are kept in {}.", file.display());
    }
    text + "\n"
}

/// A link as an app builds it, for a manager to click.
fn authorize_link(store: &Url, callback_url: &str) -> String {
    let store = store.as_str().trim_end_matches('/');
    let pairs = [
        ("app_name", "Dev receiver"),
        ("user_id", "dev-1"),
        ("return_url", &format!("{store}/")),
        ("callback_url", callback_url),
        ("scope", "read"),
    ];
    let pairs = pairs.map(|(name, value)| format!("{name}={}", percent_encoded(value)));
    format!("{store}/wc-auth/v1/authorize?{}", pairs.join("&"))
}
