//! The command line: one file a command.
//!
//! The only place that reads the environment and files of settings, builds the graph of objects and
//! spawns tasks. Data goes to standard output, talk to standard error. Exit codes: 0 done, 1 refused
//! or failed with one line that says what to do, 2 wrong usage.

mod app;
mod audit;
mod backup;
mod completions;
mod config;
mod copy;
mod dev;
mod doctor;
mod error;
mod key;
mod key_file;
mod license;
mod logging;
mod man;
mod migrate;
mod output;
pub mod serve;
mod signals;
mod signing_key;
pub mod startup;
mod token;
mod user;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use clap::{Parser, Subcommand};

pub use error::CliError;

const WHERE_SETTINGS_COME_FROM: &str = "Settings come from the environment (APPGRANT_…), else from a TOML file, else from their defaults; `appgrant config` lists them.";

/// Lets third-party apps ask a store manager for API keys.
#[derive(Parser)]
#[command(
    name = "appgrant",
    version,
    about,
    after_help = WHERE_SETTINGS_COME_FROM
)]
struct Arguments {
    /// The settings file; else appgrant.toml in the working directory, if it is there
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the service until SIGTERM or SIGINT
    Serve,
    /// Bring the database to this version's schema
    Migrate,
    /// Move this store from SQLite to PostgreSQL
    Copy(copy::Options),
    /// Write a copy of the SQLite database and of its key file, also while the service runs
    Backup(backup::Options),
    /// Make and change users
    #[command(subcommand)]
    User(user::Command),
    /// Make, list and end keys; take them over from WooCommerce
    #[command(subcommand)]
    Key(key::Command),
    /// Make, list and revoke license keys; import and export them
    #[command(subcommand)]
    License(license::Command),
    /// Register apps for OAuth 2.0, list and change them
    #[command(subcommand)]
    App(app::Command),
    /// Check and export the log of who did what
    #[command(subcommand)]
    Audit(audit::Command),
    /// Make and end tokens of the JSON API
    #[command(subcommand)]
    Token(token::Command),
    /// Exchange the key that signs callbacks
    #[command(subcommand)]
    SigningKey(signing_key::Command),
    /// Show the settings in force and where each came from
    Config {
        /// For machines
        #[arg(long)]
        json: bool,
    },
    /// Say what is wrong with an authorize link, or with this installation
    Doctor(doctor::Options),
    /// Tools for people who build apps
    #[command(subcommand)]
    Dev(dev::Command),
    /// Print what a shell needs to complete these commands
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page, or write one for each command
    Man(man::Options),
}

/// How long blocking work, such as a slow name look-up, may hold up the exit.
const LINGER: Duration = Duration::from_secs(1);

/// Runs the program on the process' own arguments and environment.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => {
            let done = runtime.block_on(execute(arguments));
            runtime.shutdown_timeout(LINGER);
            done
        }
        Err(error) => Err(CliError::new(format!("the runtime cannot be started: {error}"))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("appgrant: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn execute(Arguments { config, command }: Arguments) -> Result<(), CliError> {
    let values = startup::values(config.as_deref());
    match command {
        Command::Serve => serve::run(config.as_deref(), values?).await,
        Command::Migrate => migrate::run(&values?).await,
        Command::Copy(options) => copy::run(&values?, options).await,
        Command::Backup(options) => backup::run(&values?, options).await,
        Command::User(command) => user::run(&values?, command).await,
        Command::Key(command) => key::run(&values?, command).await,
        Command::License(command) => license::run(&values?, command).await,
        Command::App(command) => app::run(&values?, command).await,
        Command::Audit(command) => audit::run(&values?, command).await,
        Command::Token(command) => token::run(&values?, command).await,
        Command::SigningKey(command) => signing_key::run(&values?, command).await,
        Command::Config { json } => config::run(&values?, json),
        Command::Doctor(options) => doctor::run(values, options).await,
        Command::Dev(dev::Command::Receiver(options)) => dev::receiver(&values?, options).await,
        Command::Completions { shell } => completions::run(shell),
        Command::Man(options) => man::run(&options),
    }
}
