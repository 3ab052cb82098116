//! How fast sources of an invented hospital are read and made into tables, against `tar` over the same files.
//!
//! ```text
//! cargo bench -p renkei-staging                    2,000 patients
//! cargo bench -p renkei-staging -- 500 2000        several sizes, to see what grows with them
//! cargo bench -p renkei-staging -- large 100000    FHIR alone, compressed, read once: about 80 KiB of disk to a patient
//! ```
//!
//! One line to a figure. Every step is a process of its own, so that the peak of its memory is its own too and nothing
//! of the generator's is in it. Files are in the page cache, where the generator has left them. What is compared with
//! `tar` alternates with it and is a median of three: other load on the machine then slows both.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    reason = "a program for the desk: it prints, and ends where something fails"
)]

#[path = "sources/figures.rs"]
mod figures;
#[path = "sources/large.rs"]
mod large;
#[path = "sources/steps.rs"]
mod steps;

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use figures::{Figures, median, print};
use steps::Step;

const RUNS: usize = 3;
const DEFAULT_PATIENTS: u32 = 2_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let Some(step) = Step::parse(&arguments) {
        return steps::run(&step);
    }
    if let [large, sizes @ ..] = arguments.as_slice()
        && large == "large"
    {
        let sizes = sizes.iter().map(|size| size.parse().expect("numbers of patients"));
        return sizes.for_each(large::measure);
    }
    let mut sizes: Vec<u32> = arguments.iter().map(|size| size.parse().expect("numbers of patients")).collect();
    if sizes.is_empty() {
        sizes.push(DEFAULT_PATIENTS);
    }
    for patients in sizes {
        for format in ["ssmix2", "fhir"] {
            measure(format, patients);
        }
    }
}

fn measure(format: &str, patients: u32) {
    let place = tempfile::tempdir().unwrap();
    let (root, state) = (place.path().join("root"), place.path().join("state"));
    std::fs::create_dir(&state).unwrap();
    step(&["write", format, &patients.to_string()], &root, &state);

    let (mut cold, mut tar) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        steps::forget(&state);
        cold.push(step(&["scan", format], &root, &state));
        tar.push(archive(&root));
    }
    let again = step(&["scan", format], &root, &state);
    let built = step(&["build", format], &root, &state);

    let seconds = median(cold.iter().map(|run| run.get("seconds")));
    let tar = median(tar.into_iter());
    let first = cold.last().unwrap();
    let (files, bytes) = (first.get("files"), first.get("bytes"));
    let show =
        |what: &str, value: f64, unit: &str| print(&format!("{format} {patients} patients: {what}"), value, unit);
    show("files", files, "files");
    show("bytes", bytes / 1e6, "MB");
    show("statements", first.get("statements"), "statements");
    show("scan", files / seconds, "files/s");
    show("scan", bytes / seconds / 1e6, "MB/s");
    show("scan, against tar", seconds / tar, "times");
    show("scan, peak of memory", first.get("peak"), "MiB");
    show("scan, size of the staging file", first.get("stage"), "MB");
    show("nothing changed", files / again.get("seconds"), "files/s");
    show("tables", built.get("persons") / built.get("seconds"), "patients/s");
    show("tables", built.get("rows") / built.get("seconds"), "rows/s");
    show("tables, peak of memory", built.get("peak"), "MiB");
    show("tables, size", built.get("tables"), "MB");
}

/// Runs a step in a process of its own.
fn step(arguments: &[&str], root: &Path, state: &Path) -> Figures {
    let mut command = Command::new(std::env::current_exe().unwrap());
    let output = command.args(arguments).args([root, state]).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{arguments:?} failed");
    Figures::parse(&String::from_utf8_lossy(&output.stdout))
}

/// Seconds that `tar` takes for the files. Its output is taken through a pipe: into `/dev/null` it would not read them.
fn archive(root: &Path) -> f64 {
    let started = Instant::now();
    let mut tar = Command::new("tar").arg("c").arg("-C").arg(root).arg(".").stdout(Stdio::piped()).spawn().unwrap();
    let mut output = tar.stdout.take().unwrap();
    let mut buffer = vec![0; 1 << 16];
    while output.read(&mut buffer).unwrap() > 0 {}
    assert!(tar.wait().unwrap().success());
    started.elapsed().as_secs_f64()
}
