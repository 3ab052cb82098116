//! Commands that need no gateway.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::shell::{Desk, exists, ran};

#[test]
fn a_development_authority_is_made_once() {
    let desk = Desk::new();
    for file in ["ca.pem", "ca.key", "gateway.pem", "gateway.key", "sites/tokyo.pem", "people/taro.key"] {
        assert!(exists(&desk.pki().join(file)), "{file}");
    }
    assert_eq!(desk.path("pki/people/taro.key").metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let again = desk.run(&["dev-ca", "--out", "pki", "--consortium", "c", "--site", "osaka", "--person", "taro"]);
    assert_eq!((again.status, again.out.as_str()), (0, "pki/sites/osaka.pem\npki/sites/osaka.key\n"), "{again:?}");
    assert!(again.err.contains("2 files made, 6 kept") && again.err.contains("[profile.default]"), "{}", again.err);
    assert!(again.err.contains("for development and demonstrations only"), "{}", again.err);
    let other = desk.run(&["dev-ca", "--out", "pki", "--consortium", "other"]);
    assert_eq!(other.status, 2);
    assert!(other.err.contains("holds the authority of `c`, not of `other`"), "{}", other.err);
    assert_eq!(desk.run(&["dev-ca", "--out", "x", "--consortium", "Not An Id"]).status, 2);
}

#[test]
fn the_profile_it_suggests_is_one_that_works() {
    let desk = Desk::new();
    let made = desk.run(&["dev-ca", "--out", "pki", "--consortium", "c", "--person", "taro"]);
    let (_, profile) = made.err.split_once("[profile.default]").unwrap();
    let profile: String =
        profile.lines().take_while(|line| !line.starts_with("warning")).map(|l| format!("{l}\n")).collect();
    fs::create_dir_all(desk.path(".config/renkei")).unwrap();
    fs::write(desk.path(".config/renkei/config.toml"), format!("[profile.default]{profile}")).unwrap();
    let shown = desk.run(&["profile", "show"]);
    assert_eq!(shown.status, 0, "{shown:?}");
    assert!(shown.out.contains(" gateway    │ localhost:7443"), "{}", shown.out);
    let key = desk.pki().canonicalize().unwrap().join("people/taro.key");
    assert!(shown.out.contains(key.to_str().unwrap()), "{}", shown.out);
}

#[test]
fn flags_go_before_environment_before_file() {
    let desk = Desk::new();
    fs::create_dir_all(desk.path("conf/renkei")).unwrap();
    let file = "[profile.default]\ngateway = 'file:1'\nproject = 'file'\ndeadline = '5s'\n";
    fs::write(desk.path("conf/renkei/config.toml"), file).unwrap();
    let mut command = desk.command(&["profile", "show", "--gateway", "flag:1"]);
    command.env("XDG_CONFIG_HOME", desk.path("conf")).env("RENKEI_GATEWAY", "env:1").env("RENKEI_PROJECT", "env");
    command.env("RENKEI_CA", "").env("LC_ALL", "ja_JP.UTF-8").env("LANG", "en_US.UTF-8");
    let shown = ran(command.output().unwrap());
    let lines: Vec<Vec<&str>> = shown.out.lines().map(|l| l.split('│').map(str::trim).collect()).collect();
    let of = |key: &str| lines.iter().find(|line| line[0] == key).map(|line| line[1..].join(" < ")).unwrap();
    assert_eq!(of("gateway"), "flag:1 < flag");
    assert_eq!(of("project"), "env < environment RENKEI_PROJECT");
    assert_eq!(of("deadline"), "5s < file, profile default");
    assert_eq!(of("ca"), "– < ", "an empty variable is no value");
    assert_eq!(of("lang"), "ja < default, by the locale");
    assert!(shown.err.contains("プロファイル"), "{}", shown.err);
}

#[test]
fn help_states_the_exit_statuses_and_the_parameters() {
    let desk = Desk::new();
    let help = desk.run(&["query", "--help"]);
    assert_eq!(help.status, 0);
    assert!(help.out.contains(&renkei::exit::table()), "{}", help.out);
    assert!(help.out.contains("--param text:5"), "{}", help.out);
    assert!(!help.out.contains("--env-"), "{}", help.out);
}

#[test]
fn mistakes_on_the_command_line_are_status_2() {
    let desk = Desk::new();
    for args in [&["querry"][..], &["query", "--output", "xml", "x"], &["query", "a", "-f", "b"], &[]] {
        let ran = desk.run(args);
        assert_eq!((ran.status, ran.out.as_str()), (2, ""), "{args:?}");
        assert!(!ran.err.is_empty());
    }
    fs::write(desk.path("bad.toml"), "[profile.default]\ngatway = 'x:1'\n").unwrap();
    let ran = desk.run(&["sites", "--config", "bad.toml"]);
    assert_eq!(ran.status, 2);
    assert!(ran.err.contains("did you mean `gateway`?"), "{}", ran.err);
}

#[test]
fn shells_get_their_completions() {
    let desk = Desk::new();
    for (shell, part) in [("bash", "_renkei()"), ("zsh", "#compdef renkei"), ("fish", "complete -c renkei")] {
        let ran = desk.run(&["completions", shell]);
        assert!(ran.status == 0 && ran.out.contains(part), "{shell}");
    }
}
