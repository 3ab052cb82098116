//! Maps that the consortium signed, from file to snapshot.

use std::fs;
use std::path::{Path, PathBuf};

use renkei_audit::note::{Kind, Origin, SigningKey};
use renkei_audit::signed_file::{FileName, SignedFile, note_path};
use renkei_audit::tree::Hash;
use renkei_node::config::MapKey;
use renkei_node::ingest::{CodesInUse, IngestError, Language, Report};
use renkei_node::maps::{self, MapError};
use renkei_types::Timestamp;

use super::snapshot::Site;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(Origin::new("c.example/maps").unwrap(), Kind::Log, &[seed; 32]).unwrap()
}

fn sign(path: &Path, version: u64) {
    let content = fs::read(path).unwrap();
    let about = SignedFile {
        signer: Origin::new("c.example/maps").unwrap(),
        kind: FileName::new("map").unwrap(),
        name: FileName::new("shared").unwrap(),
        version,
        hash: Hash::of(&content),
        bytes: content.len() as u64,
        issued: Timestamp(1_795_375_920_000_000),
    };
    fs::write(note_path(path), about.sign(&key(1)).unwrap().to_string()).unwrap();
}

/// A site whose map of the whole world is the consortium's.
fn site(version: u64) -> (Site, PathBuf) {
    let mut site = Site::new();
    let map = site.records.codes.maps.pop().unwrap();
    sign(&map, version);
    site.records.codes.signed_maps = vec![map.clone()];
    site.records.codes.keys = vec![MapKey(key(1).verifier().clone())];
    (site, map)
}

fn mapped(report: &Report) -> u64 {
    report.sources.as_ref().unwrap().mapping.iter().map(|mapping| mapping.mapped_rows).sum()
}

#[test]
fn a_signed_map_is_in_force_and_named_in_the_report() {
    let (site, _) = site(3);
    let report = site.ingest().unwrap();
    assert!(mapped(&report) > 1_000, "{report}");
    for (language, text) in
        [(Language::English, "shared version 3, signed by c.example/maps"), (Language::Japanese, "shared 第3版")]
    {
        assert!(report.text(language).contains(text), "{}", report.text(language));
    }
    assert!(report.html(None, Language::Japanese).contains("shared 第3版"));
    let used = CodesInUse::read(site.store.root()).unwrap().unwrap();
    let signed = maps::verified(&site.records.codes, site.store.root()).unwrap();
    let coverage = used.coverage(&site.records.codes, &signed, site.store.clock().now()).unwrap();
    assert_eq!(coverage.tables.values().map(|share| share.mapped_rows).sum::<u64>(), mapped(&report));
}

#[test]
fn the_hospitals_own_map_counts_before_the_consortiums() {
    let (mut site, map) = site(1);
    let with = mapped(&site.ingest().unwrap());
    // The same codes, and none of them has a concept.
    let own = site.path("own.csv");
    let text = fs::read_to_string(&map).unwrap();
    let mut reader = csv_lines(&text);
    let target = reader.0.iter().position(|name| name == "target_concept_id").unwrap();
    for line in &mut reader.1 {
        line[target] = "0".to_owned();
    }
    let lines = std::iter::once(&reader.0).chain(&reader.1).map(|line| line.join(",") + "\n");
    fs::write(&own, lines.collect::<String>()).unwrap();
    site.records.codes.maps = vec![own];
    let without = mapped(&site.ingest().unwrap());
    assert!(without * 10 < with, "{without} of {with}");
}

fn csv_lines(text: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    (lines.next().unwrap(), lines.collect())
}

#[test]
fn a_map_that_cannot_be_believed_stops_the_ingest_and_the_snapshot_stays() {
    let (site, map) = site(2);
    site.ingest().unwrap();
    let before = site.store.current().unwrap().unwrap().id().clone();
    let content = fs::read(&map).unwrap();
    let note = fs::read(note_path(&map)).unwrap();
    let refused = |what: fn(&MapError) -> bool| {
        match site.ingest() {
            Err(IngestError::Map(error)) => assert!(what(&error), "{error}"),
            other => panic!("{:?}", other.map(|report| report.to_string())),
        }
        assert_eq!(site.store.current().unwrap().unwrap().id(), &before);
    };
    fs::write(&map, [&content[..], b"x,LOCAL,1\n"].concat()).unwrap();
    refused(|error| matches!(error, MapError::Untrusted { .. }));
    fs::write(&map, &content).unwrap();
    fs::remove_file(note_path(&map)).unwrap();
    refused(|error| matches!(error, MapError::Unsigned { .. }));
    sign(&map, 1);
    refused(|error| matches!(error, MapError::Older { version: 1, seen: 2, .. }));
    fs::write(note_path(&map), &note).unwrap();
    site.ingest().unwrap();
}
