//! Figures, from one process to another and to whoever reads them.

use std::collections::BTreeMap;
use std::path::Path;

/// What a step tells: a name and a number to a line.
#[derive(Default)]
pub struct Figures(BTreeMap<String, f64>);

impl Figures {
    pub fn parse(text: &str) -> Self {
        let pairs = text.lines().filter_map(|line| line.split_once(' '));
        Self(pairs.map(|(name, value)| (name.to_owned(), value.parse().expect("a number"))).collect())
    }

    pub fn get(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or_else(|| panic!("no figure {name}"))
    }
}

/// Prints a figure for whoever reads it.
pub fn print(what: &str, value: f64, unit: &str) {
    println!("{what:<50} {value:>14.2} {unit}");
}

pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The peak of this process's memory, in MiB.
pub fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.split_whitespace().next().and_then(|number| number.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// The size of the files in a folder, in MB, of those whose name ends so.
pub fn size(folder: &Path, end: &str) -> f64 {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let wanted = entries.filter(|entry| entry.file_name().to_string_lossy().ends_with(end));
    wanted.map(|entry| entry.metadata().unwrap().len() as f64).sum::<f64>() / 1e6
}
