//! The program itself: its command line and exit statuses.

use std::process::{Command, Output};

fn gateway(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_renkei-gateway")).args(args).output().unwrap()
}

#[test]
fn the_sample_passes_its_own_check_and_mistakes_do_not() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("gateway.toml");
    let path = file.to_str().unwrap();
    let sample = gateway(&["config", "sample"]);
    assert!(sample.status.success());
    std::fs::write(&file, &sample.stdout).unwrap();
    let checked = gateway(&["config", "check", "--config", path]);
    assert!(checked.status.success(), "{checked:?}");
    assert!(String::from_utf8(checked.stdout).unwrap().contains("no mistakes; 2 sites, 1 projects"));

    let text = String::from_utf8(sample.stdout).unwrap().replace("listen =", "lisen =");
    std::fs::write(&file, text).unwrap();
    let checked = gateway(&["config", "check", "--config", path]);
    assert_eq!(checked.status.code(), Some(1));
    let said = String::from_utf8(checked.stderr).unwrap();
    assert!(said.contains("`lisen` is not known here; did you mean `listen`?"), "{said}");
    assert!(checked.stdout.is_empty());
}

#[test]
fn usage_and_missing_credentials_say_what_to_do() {
    assert_eq!(gateway(&["serve"]).status.code(), Some(2));
    assert!(gateway(&["--help"]).status.success());
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("gateway.toml");
    std::fs::write(&file, gateway(&["config", "sample"]).stdout).unwrap();
    let run = gateway(&["run", "--config", file.to_str().unwrap()]);
    assert_eq!(run.status.code(), Some(1));
    let said = String::from_utf8(run.stderr).unwrap();
    assert!(said.contains("ca.pem` cannot be read: check the path"), "{said}");
}
