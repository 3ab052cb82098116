//! A trial run tells what a run would do, and leaves nothing behind.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use renkei_node::ingest::Report;

use super::snapshot::Site;

fn node(arguments: &[&str], paths: &[&Path]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_renkei-node"));
    command.args(arguments).args(paths).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn report(output: &Output) -> Report {
    assert!(output.status.success(), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Everything below a folder: paths, sizes and times.
fn inventory(folder: &Path) -> Vec<(String, u64, std::time::SystemTime)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, about) = (entry.path(), entry.metadata().unwrap());
        if about.is_dir() {
            all.extend(inventory(&path));
        }
        all.push((path.to_string_lossy().into_owned(), about.len(), about.modified().unwrap()));
    }
    all.sort();
    all
}

#[test]
fn a_trial_run_reports_what_a_run_would_find_and_leaves_nothing() {
    let site = Site::new();
    let real = site.ingest().unwrap();
    let storage = site.path("storage");
    let (state, map) = (site.store.root().to_string_lossy().into_owned(), site.records.codes.maps[0].clone());
    let map = map.to_string_lossy().into_owned();
    let before = inventory(&site.path(""));
    let common = ["ingest", "--dry-run", "--json", "--seal", "synthetic", "--state-dir", &state, "--map", &map];

    let trial = report(&node(&common, &[&storage]));
    assert_eq!(trial.snapshot, None);
    // The same rows and persons; all are new, since nothing of the state is taken for a trial.
    let counted = |report: &Report| report.tables.iter().map(|t| (t.table.clone(), t.accepted)).collect::<Vec<_>>();
    assert_eq!(counted(&trial), counted(&real));
    assert_eq!((trial.persons.first_seen, trial.persons.recurring), (real.persons.first_seen, 0));
    let files = |report: &Report| report.sources.as_ref().unwrap().sources[0].files;
    assert_eq!(files(&trial), files(&real));
    assert_eq!(inventory(&site.path("")), before, "state, source or map were touched, or something was left");
}

#[test]
fn a_trial_run_stops_after_so_many_files_and_says_in_the_readers_language_where_it_worked() {
    let site = Site::new();
    let (storage, work, state) = (site.path("storage"), site.path("work"), site.path("nowhere"));
    fs::create_dir(&work).unwrap();
    let state = state.to_string_lossy().into_owned();
    let place = work.to_string_lossy().into_owned();
    for (language, said, heading) in
        [("ja", "何も保存していません。", "ソース:"), ("en", "Nothing was kept.", "Sources:")]
    {
        let arguments = ["ingest", "--lang", language, "--dry-run", "--limit", "300", "--state-dir", &state];
        let arguments = [&arguments[..], &["--work-dir", &place]].concat();
        let output = node(&arguments, &[&storage]);
        let (shown, told) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{told}");
        assert!(shown.contains(heading) && shown.contains("300"), "{shown}");
        assert!(told.contains(said) && told.contains(&place), "{told}");
        assert_eq!(fs::read_dir(&work).unwrap().count(), 0);
        assert!(!Path::new(&state).exists());
        let json = report(&node(&[&arguments[..], &["--json"]].concat(), &[&storage]));
        let source = &json.sources.as_ref().unwrap().sources[0];
        assert_eq!((source.files, source.new), (300, 300));
    }
}

#[test]
fn a_trial_run_that_fails_leaves_nothing_either_and_limits_are_for_trials_only() {
    let site = Site::new();
    let (work, empty, state) = (site.path("work"), site.path("empty"), site.path("nowhere"));
    fs::create_dir(&work).unwrap();
    fs::create_dir(&empty).unwrap();
    let (place, state) = (work.to_string_lossy().into_owned(), state.to_string_lossy().into_owned());
    let arguments = ["ingest", "--dry-run", "--format", "ssmix2", "--state-dir", &state, "--work-dir", &place];
    let output = node(&arguments, &[&empty]);
    assert!(!output.status.success() && !output.stderr.is_empty());
    assert_eq!(fs::read_dir(&work).unwrap().count(), 0);
    let output = node(&["ingest", "--limit", "5", "--state-dir", &state], &[&site.path("storage")]);
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("--dry-run"), "{}", text(&output.stderr));
    assert!(!Path::new(&state).exists());
}
