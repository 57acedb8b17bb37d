//! Shell completions and manual pages, as a packager makes them and a shell and `man` read them.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use crate::support::{Process, needed};

fn run(folder: &Path, arguments: &[&str]) -> String {
    let (code, out, error) = Process::run(folder, arguments, "");
    assert_eq!((code, error.as_str()), (0, ""), "{arguments:?}");
    out
}

/// The commands that `--help` lists, as the pages and scripts must too.
fn commands(folder: &Path) -> BTreeSet<String> {
    let help = run(folder, &["--help"]);
    let list = help.split("Commands:").nth(1).unwrap().split("Options:").next().unwrap();
    let names = list.lines().filter_map(|line| line.split_whitespace().next());
    let names: BTreeSet<_> = names.filter(|name| *name != "help").map(str::to_owned).collect();
    assert!(names.len() > 8 && names.contains("serve"), "{help}");
    names
}

#[test]
fn every_shell_gets_completions_that_name_every_command() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(folder.path(), &["completions", shell]);
        for name in commands(folder.path()) {
            assert!(script.contains(&name), "{shell} does not know {name}");
        }
        assert!(script.contains("password-stdin"), "{shell} does not know options");
    }
    let (code, _, error) = Process::run(folder.path(), &["completions", "dos"], "");
    assert_eq!(code, 2);
    assert!(error.contains("bash"), "{error}");
}

#[test]
fn the_shells_take_their_completions() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("appgrant.bash");
    fs::write(&script, run(folder.path(), &["completions", "bash"])).unwrap();
    let ask = format!(
        "source {}; COMP_WORDS=(appgrant user pa); COMP_CWORD=2; \
         _appgrant appgrant pa user; echo \"${{COMPREPLY[@]}}\"",
        script.display()
    );
    let answer = Command::new("bash").args(["--norc", "-c", &ask]).output().unwrap();
    let (out, error) = (answer.stdout, String::from_utf8_lossy(&answer.stderr).into_owned());
    assert_eq!((String::from_utf8(out).unwrap().trim(), error.as_str()), ("passwd", ""));
}

#[test]
fn nothing_needs_to_be_set_up_for_them() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("appgrant.toml"), "this is no TOML").unwrap();
    run(folder.path(), &["completions", "bash"]);
    run(folder.path(), &["man"]);
    for made in ["appgrant.db", "appgrant.key"] {
        assert!(!folder.path().join(made).exists(), "{made}");
    }
}

#[test]
fn the_manual_page_names_commands_settings_and_exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    let page = run(folder.path(), &["man"]).replace('\\', "");
    for name in commands(folder.path()) {
        assert!(page.contains(&format!("appgrant-{name}(1)")), "{name} is missing: {page}");
    }
    let settings: serde_json::Value =
        serde_json::from_str(&run(folder.path(), &["config", "--json"])).unwrap();
    for setting in settings.as_array().unwrap() {
        let name = setting["name"].as_str().unwrap();
        assert!(page.contains(name), "{name} is missing: {page}");
    }
    for part in ["ENVIRONMENT", "FILES", "EXIT STATUS", "appgrant.key", "AppGrant manual"] {
        assert!(page.contains(part), "{part} is missing: {page}");
    }
}

#[test]
fn every_command_gets_a_page_that_man_reads_without_complaint() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("share/man/man1");
    assert_eq!(run(folder.path(), &["man", "--dir", pages.to_str().unwrap()]), "");
    let names: BTreeSet<_> = fs::read_dir(&pages)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    for name in commands(folder.path()) {
        assert!(names.contains(&format!("appgrant-{name}.1")), "{name}: {names:?}");
    }
    for name in ["appgrant.1", "appgrant-user-add.1", "appgrant-dev-receiver.1"] {
        assert!(names.contains(name), "{name}: {names:?}");
    }
    assert_eq!(fs::read_to_string(pages.join("appgrant.1")).unwrap(), run(folder.path(), &["man"]));
    if needed("how man reads the pages", Command::new("groff").arg("--version")).is_none() {
        return;
    }
    for name in names {
        let page = pages.join(&name);
        let mut groff = Command::new("groff");
        groff.args(["-man", "-ww", "-Kutf8", "-Tutf8", "-P-cbou"]);
        let read = groff.arg(&page).output().unwrap();
        let complaint = String::from_utf8_lossy(&read.stderr);
        assert!(read.status.success() && complaint.is_empty(), "{name}: {complaint}");
        let text = String::from_utf8_lossy(&read.stdout);
        for part in ["AppGrant manual", "SYNOPSIS", concat!("AppGrant ", env!("CARGO_PKG_VERSION"))]
        {
            assert!(text.contains(part), "{name} shows no {part}: {text}");
        }
    }
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let below = file.join("pages");
    let (code, out, error) =
        Process::run(folder.path(), &["man", "--dir", below.to_str().unwrap()], "");
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(error.contains("file/pages"), "{error}");
}
