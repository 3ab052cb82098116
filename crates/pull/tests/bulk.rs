//! Bulk export from a server that behaves, and from one that does not.

mod fetches;
mod misbehaves;
mod secures;
mod server;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use renkei_pull::Error;
use renkei_pull::bulk::{Config, Pulled, pull};
use renkei_types::SystemClock;
use serde_json::json;
use server::{Reply, Seen, Server, reply};

const NDJSON: &str = "application/fhir+ndjson";
const TIME: &str = "2026-11-25T16:00:00.000+09:00";

fn config(base: &str, more: &str) -> Config {
    toml::from_str(&format!("base = '{base}/r4'\nretries = 0\n{more}")).unwrap()
}

/// Pulls without listening to the progress.
fn quietly(config: &Config, out: &Path) -> Result<Pulled, Error> {
    pull(config, out, Arc::new(SystemClock), &mut |_| {})
}

/// Paths of all files below a folder, sorted.
fn files(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => open.push(path),
                false => found.push(path.strip_prefix(root).unwrap().display().to_string()),
            }
        }
    }
    found.sort();
    found
}

/// Resources of a type, one a line.
fn resources(kind: &str, many: usize) -> String {
    (0..many).map(|i| format!("{{\"resourceType\":\"{kind}\",\"id\":\"{i}\"}}\n")).collect()
}

/// What a plain server answers: ready at once, with these files (type and content), each at `/files/<number>`.
fn plain(seen: &Seen, files: &[(&str, String)]) -> Reply {
    let (method, target) = seen.line.split_once(' ').unwrap();
    if method == "DELETE" {
        return reply(202);
    }
    if target.contains("$export") {
        return reply(202).with("content-location", "/r4/status/1");
    }
    if target.starts_with("/r4/status/") {
        let output: Vec<_> = files
            .iter()
            .enumerate()
            .map(|(i, (kind, text))| {
                let count = text.lines().count();
                json!({ "type": kind, "url": format!("/files/{i}"), "count": count })
            })
            .collect();
        return manifest(
            json!({ "transactionTime": TIME, "requiresAccessToken": true, "output": output, "error": [] }),
        );
    }
    let number: usize = target.strip_prefix("/files/").unwrap().parse().unwrap();
    reply(200).body(NDJSON, files[number].1.as_str())
}

fn manifest(value: serde_json::Value) -> Reply {
    reply(200).body("application/json", value.to_string())
}
