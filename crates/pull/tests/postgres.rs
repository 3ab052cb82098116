//! PostgreSQL: what is read is what is there, of one moment, or nothing.

mod cluster;
mod reads;
mod refuses;

use std::fs;
use std::path::Path;

use renkei_pull::Error;
use renkei_pull::postgres::{Config, Pulled, pull};

pub(crate) use cluster::Cluster;

/// Pulls into the folder without listening to the progress.
fn quietly(config: &Config, out: &Path) -> Result<Pulled, Error> {
    pull(config, out, &mut |_| {})
}

/// Names in the folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
