//! A second run reads only what changed, at whatever moment the first one ended.

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use renkei_ingest::Rules;
use renkei_sim_hospital::{Format as Written, Profile, write};
use renkei_staging::{Error, Format, Limits, Source, SourceReport, Stage, scan};

use crate::bench::{Bench, hospital, source};

fn storage(bench: &Bench) -> (Source, Vec<PathBuf>) {
    let folder = bench.path("source");
    write(&hospital(60, Profile::Regional), Written::SsMix2 { history: false }, &folder).unwrap();
    let mut files = Vec::new();
    under(&folder, &mut files);
    files.sort();
    (source(Format::Ssmix2, &folder), files)
}

fn under(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { under(&path, files) } else { files.push(path) }
    }
}

fn counts(report: &SourceReport) -> [u64; 4] {
    [report.unchanged, report.new, report.changed, report.gone]
}

/// Every statement, whatever file it came from.
fn content(bench: &Bench, source: &Source) -> BTreeSet<String> {
    let (_, tables) = bench.build(std::slice::from_ref(source), &[]);
    let rows = |table: &str| {
        tables.rows(table).into_iter().map(|mut row| {
            row.retain(|column, _| !column.ends_with("_id") || column.ends_with("concept_id"));
            format!("{row:?}")
        })
    };
    ["measurement", "condition_occurrence", "visit_occurrence", "drug_exposure"].into_iter().flat_map(rows).collect()
}

#[test]
fn only_what_is_new_or_changed_is_read_and_what_is_gone_goes() {
    let bench = Bench::new();
    let (source, files) = storage(&bench);
    let all = files.len() as u64;
    let run = || bench.scan(&source, &Limits::default()).unwrap();
    assert_eq!(counts(&run()), [0, all, 0, 0]);
    let whole = content(&bench, &source);
    let again = run();
    assert_eq!((counts(&again), again.bytes), ([all, 0, 0, 0], 0));

    // A deleted record: the file gets another flag, so a path goes and another comes.
    let result = files.iter().find(|path| path.to_string_lossy().contains("_OML-11_")).unwrap();
    let name = result.file_name().unwrap().to_str().unwrap();
    let deleted = result.with_file_name(format!("{}0", name.strip_suffix('1').unwrap()));
    fs::rename(result, &deleted).unwrap();
    assert_eq!(counts(&run()), [all - 1, 1, 0, 1]);
    assert!(content(&bench, &source).len() < whole.len());
    fs::rename(&deleted, result).unwrap();
    assert_eq!(counts(&run()), [all - 1, 1, 0, 1]);
    assert_eq!(content(&bench, &source), whole);

    // A file that was written again with the same name.
    let text = fs::read(result).unwrap();
    fs::write(result, [text.as_slice(), b"\r"].concat()).unwrap();
    assert_eq!(counts(&run()), [all - 1, 0, 1, 0]);
    assert_eq!(content(&bench, &source), whole);
}

#[test]
fn a_run_that_was_cut_off_goes_on_where_it_was() {
    let bench = Bench::new();
    let (source, files) = storage(&bench);
    let all = files.len() as u64;
    assert!(all > 1_200, "{all} files are too few to be cut off in the middle");
    let stage = bench.stage(&source);
    let mut steps = 0;
    let cut = catch_unwind(AssertUnwindSafe(|| {
        scan(&source, &stage, &Rules::default(), &Limits::default(), &mut |_| {
            steps += 1;
            assert!(steps < 2, "the power fails");
        })
    }));
    assert!(cut.is_err());
    drop(stage);
    let report = bench.scan(&source, &Limits::default()).unwrap();
    assert!(report.unchanged > 0 && report.new > 0, "{:?}", counts(&report));
    assert_eq!(report.unchanged + report.new, all);

    let fresh = Bench::new();
    fresh.scan(&source, &Limits::default()).unwrap();
    assert_eq!(content(&bench, &source), content(&fresh, &source));
}

#[test]
fn a_share_that_is_not_there_is_not_a_hospital_without_patients() {
    let bench = Bench::new();
    let (source, files) = storage(&bench);
    let all = files.len() as u64;
    bench.scan(&source, &Limits::default()).unwrap();
    let whole = content(&bench, &source);
    let mounted = source.folders[0].clone();
    let away = bench.path("away");

    fs::rename(&mounted, &away).unwrap();
    assert!(matches!(bench.scan(&source, &Limits::default()), Err(Error::Empty { .. })));
    fs::create_dir(&mounted).unwrap();
    let empty = bench.scan(&source, &Limits::default()).unwrap_err();
    assert!(empty.to_string().contains("is the share mounted"), "{empty}");
    fs::remove_dir(&mounted).unwrap();
    fs::rename(&away, &mounted).unwrap();

    // A third of the patients is gone.
    let patients: BTreeSet<&Path> = files.iter().map(|file| file.ancestors().nth(3).unwrap()).collect();
    let third: Vec<&Path> = patients.into_iter().step_by(3).collect();
    third.iter().for_each(|patient| fs::remove_dir_all(patient).unwrap());
    let Err(Error::Vanished { known, gone, .. }) = bench.scan(&source, &Limits::default()) else {
        panic!("the run should have asked")
    };
    assert!(known == all && gone > all / 10);
    assert_eq!(content(&bench, &source), whole, "nothing was deleted");
    let accept = Limits { accept_vanished: true, ..Limits::default() };
    assert_eq!(bench.scan(&source, &accept).unwrap().gone, gone);
    assert!(content(&bench, &source).len() < whole.len());
}

#[test]
fn a_limit_looks_at_as_many_files_and_takes_nothing_away() {
    let bench = Bench::new();
    let (source, files) = storage(&bench);
    let limited = Limits { files: Some(100), ..Limits::default() };
    assert_eq!(counts(&bench.scan(&source, &limited).unwrap()), [0, 100, 0, 0]);
    let all = files.len() as u64;
    assert_eq!(counts(&bench.scan(&source, &Limits::default()).unwrap()), [100, all - 100, 0, 0]);
    assert_eq!(counts(&bench.scan(&source, &limited).unwrap()), [100, 0, 0, 0]);
}

#[test]
fn a_limit_ends_the_walk_however_much_is_left() {
    let bench = Bench::new();
    let folder = bench.path("source");
    fs::create_dir(&folder).unwrap();
    for number in 0..3_000 {
        let text = format!("{{\"resourceType\":\"Patient\",\"id\":\"p{number}\"}}");
        fs::write(folder.join(format!("{number}.json")), text).unwrap();
    }
    let limited = Limits { files: Some(10), ..Limits::default() };
    assert_eq!(counts(&bench.scan(&source(Format::Fhir, &folder), &limited).unwrap()), [0, 10, 0, 0]);
}

#[test]
fn other_rules_read_everything_again() {
    let bench = Bench::new();
    let (source, files) = storage(&bench);
    bench.scan(&source, &Limits::default()).unwrap();
    let stage = Stage::open(&bench.path("ssmix2.sqlite"), "2").unwrap();
    let report = scan(&source, &stage, &Rules::default(), &Limits::default(), &mut |_| {}).unwrap();
    assert!(report.afresh);
    assert_eq!(counts(&report), [0, files.len() as u64, 0, 0]);
}

#[test]
fn what_does_not_belong_there_is_put_aside_and_the_rest_is_read() {
    let bench = Bench::new();
    let (source, files) = storage(&bench);
    let folder = &source.folders[0];
    fs::write(folder.join("Thumbs.db"), b"x").unwrap();
    let garbage = files.iter().find(|path| path.to_string_lossy().contains("_ADT-12_")).unwrap();
    fs::write(garbage, b"\x00\xff\x1b$B garbage").unwrap();
    std::os::unix::fs::symlink("/etc", folder.join("001")).unwrap();
    let report = bench.scan(&source, &Limits::default()).unwrap();
    assert_eq!(report.rejected.values().sum::<u64>(), 3, "{:?}", report.rejected);
    let converted: u64 = report.kinds.iter().filter(|kind| kind.outcome == "converted").map(|kind| kind.files).sum();
    assert_eq!(converted, files.len() as u64 - 1);
    let mut places = Vec::new();
    bench.stage(&source).rejects(&mut |reject| places.push((reject.file, reject.column))).unwrap();
    assert!(places.iter().any(|(file, column)| file.ends_with("001") && column.as_deref() == Some("link")));
    // They are known now, and not looked at again.
    assert_eq!(counts(&bench.scan(&source, &Limits::default()).unwrap()), [files.len() as u64 + 2, 0, 0, 0]);
}
