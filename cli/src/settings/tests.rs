//! Precedence, as clap, the environment's stand-in and a file give it.

use std::fs;

use clap::{CommandFactory, FromArgMatches};
use tempfile::TempDir;

use super::*;

const FILE: &str = "[profile.default]\ngateway = 'file.example:1'\nca = 'ca.pem'\ncert = '/abs/c.pem'\nmin_sites = 2\n\
                    [profile.kokoro]\ngateway = 'kokoro.example:2'\nlang = 'ja'\n";

struct Case {
    folder: TempDir,
}

impl Case {
    fn new(text: &str) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("config.toml"), text).unwrap();
        Self { folder }
    }

    fn merge(&self, args: &[&str]) -> Result<Settings, Failure> {
        let path = self.folder.path().join("config.toml");
        let mut all = vec!["renkei", "--config", path.to_str().unwrap()];
        all.extend(args);
        // The variables of whoever runs the tests stay out of them.
        let command = Cli::command().mut_args(|arg| arg.env(None::<&str>));
        let matches = command.try_get_matches_from(all).unwrap();
        Settings::merge(&Cli::from_arg_matches(&matches).unwrap(), &matches, Lang::En)
    }
}

fn usage(failure: Failure) -> String {
    failure.text(Lang::En)
}

#[test]
fn a_flag_goes_before_the_file_wherever_it_stands() {
    let case = Case::new(FILE);
    for args in [["--gateway", "flag:9", "sites"], ["sites", "--gateway", "flag:9"]] {
        let settings = case.merge(&args).unwrap();
        assert_eq!(settings.get("gateway"), Some("flag:9"));
        assert_eq!(settings.entries["gateway"].source, Source::Flag);
        assert_eq!(settings.get("cert"), Some("/abs/c.pem"));
        assert_eq!(settings.entries["cert"].source, Source::Profile("default".into()));
    }
    let settings = case.merge(&["query", "SELECT 1", "--min-sites", "3"]).unwrap();
    assert_eq!((settings.get("min_sites"), settings.get("deadline")), (Some("3"), None));
    assert_eq!(case.merge(&["query", "SELECT 1"]).unwrap().get("min_sites"), Some("2"));
}

#[test]
fn paths_in_the_file_are_beside_it() {
    let case = Case::new(FILE);
    let settings = case.merge(&["sites"]).unwrap();
    assert_eq!(settings.get("ca"), case.folder.path().join("ca.pem").to_str());
}

#[test]
fn profiles_are_chosen_and_missing_ones_named() {
    let case = Case::new(FILE);
    let settings = case.merge(&["--profile", "kokoro", "sites"]).unwrap();
    assert_eq!((settings.get("gateway"), settings.get("cert")), (Some("kokoro.example:2"), None));
    assert_eq!(settings.lang(), Some(Lang::Ja));
    let shown = usage(case.merge(&["--profile", "kokora", "sites"]).unwrap_err());
    assert!(shown.contains("has no profile `kokora`\nhint: did you mean `kokoro`?"), "{shown}");
    assert!(Case::new("").merge(&["sites"]).unwrap().get("gateway").is_none());
}

#[test]
fn mistakes_in_the_file_are_all_named() {
    let case = Case::new(
        "[profile.a]\ngatway = 'x:1'\nlang = 'fr'\ndeadline = '5 minutes'\noutput = 'xml'\n[profile.b]\ngateway = 'x'\n",
    );
    let shown = usage(case.merge(&["sites"]).unwrap_err());
    for part in [
        "5 mistakes",
        "line 2, column 1: `gatway` is not known here; did you mean `gateway`?",
        "line 3, column 1: `profile.a.lang` is `en` or `ja`",
        "`profile.a.deadline` is a time",
        "`profile.a.output` is `table`",
        "line 7, column 1: `profile.b.gateway` is wrong",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
}

#[test]
fn a_named_file_must_be_there() {
    let matches = Cli::command().try_get_matches_from(["renkei", "--config", "/nonexistent/x.toml", "sites"]).unwrap();
    let cli = Cli::from_arg_matches(&matches).unwrap();
    let shown = usage(Settings::merge(&cli, &matches, Lang::En).unwrap_err());
    assert!(shown.contains("/nonexistent/x.toml"), "{shown}");
}

#[test]
fn deadlines() {
    for text in ["30s", "2m", "1h", "1500ms"] {
        assert!(is_deadline(text), "{text}");
    }
    for bad in ["", "30", "0s", "s", "-1s", "1.5s", "30 s", "30sec", "99999999999999999999s", "３s"] {
        assert!(!is_deadline(bad), "{bad}");
    }
}
