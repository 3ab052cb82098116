//! Disks that fill up. They are real ones, in memory; where nothing may be mounted these tests say so and end.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use renkei_ingest::Rules;
use renkei_sim_hospital::{Format as Written, Profile, write};
use renkei_staging::{Error, Format, Limits, Source, Stage, scan};

use crate::bench::{Bench, hospital, source};

/// A small disk.
struct Disk(PathBuf);

impl Disk {
    fn new(path: PathBuf, size: &str) -> Option<Self> {
        fs::create_dir(&path).unwrap();
        if mount(&["-t", "tmpfs", "-o", &format!("size={size}"), "none"], &path) {
            return Some(Self(path));
        }
        let _ = writeln!(std::io::stderr(), "left out: this user may not mount a disk to fill up");
        None
    }

    fn grow(&self, size: &str) {
        assert!(mount(&["-o", &format!("remount,size={size}")], &self.0));
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

fn mount(arguments: &[&str], path: &Path) -> bool {
    let ran = Command::new("mount").args(arguments).arg(path).output();
    ran.is_ok_and(|output| output.status.success())
}

fn storage(bench: &Bench, form: Written, format: Format) -> Source {
    let folder = bench.path("source");
    write(&hospital(120, Profile::Regional), form, &folder).unwrap();
    source(format, &folder)
}

fn is_full(error: &Error, place: &Path) -> bool {
    let text = error.to_string();
    matches!(error, Error::Full { .. })
        && text.contains("the disk is full")
        && text.contains(place.to_str().unwrap())
        && text.contains("Free some room")
}

#[test]
fn a_disk_that_fills_up_while_reading_is_told_and_the_next_run_goes_on() {
    for (form, format) in
        [(Written::SsMix2 { history: false }, Format::Ssmix2), (Written::FhirNdjson { gzip: false }, Format::Fhir)]
    {
        let bench = Bench::new();
        let source = storage(&bench, form, format);
        let Some(disk) = Disk::new(bench.path("disk"), "1m") else { return };
        let path = disk.0.join("x.sqlite");
        let run = || {
            let stage = Stage::open(&path, "1")?;
            scan(&source, &stage, &Rules::default(), &Limits::default(), &mut |_| {})
        };
        let error = run().unwrap_err();
        assert!(is_full(&error, &path), "{error}");
        // Nothing has changed, and it says the same.
        let error = run().unwrap_err();
        assert!(is_full(&error, &path), "{error}");
        disk.grow("256m");
        let report = run().unwrap();
        assert!(report.rejected.is_empty() && report.unreadable == 0, "{report:?}");
        let whole = bench.scan(&source, &Limits::default()).unwrap();
        assert_eq!((report.files, report.statements), (whole.files, whole.statements));
        let again = run().unwrap();
        assert_eq!((again.unchanged, again.new, again.changed), (again.files, 0, 0));
    }
}

#[test]
fn a_disk_that_fills_up_while_tables_are_made_is_told_and_the_staging_is_whole() {
    let bench = Bench::new();
    let source = storage(&bench, Written::SsMix2 { history: false }, Format::Ssmix2);
    bench.scan(&source, &Limits::default()).unwrap();
    let Some(disk) = Disk::new(bench.path("disk"), "64k") else { return };
    let out = disk.0.join("cdm");
    fs::create_dir(&out).unwrap();
    let error = bench.build_into(std::slice::from_ref(&source), &out).unwrap_err();
    assert!(is_full(&error, &out), "{error}");
    let (built, _) = bench.build(std::slice::from_ref(&source), &[]);
    assert_eq!(built.persons, 120);
}
