//! Bad input among good: each file costs itself, is told by its rule, and the patient beside it is whole.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::symlink;

use flate2::Compression;
use flate2::write::GzEncoder;
use renkei_staging::{Format, Limits, SourceReport};

use crate::bench::{Bench, source};

const PATIENT: &str = "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"gender\":\"male\",\"birthDate\":\"1960-01-01\"}\n";

fn condition(id: &str, date: &str) -> String {
    format!(
        "{{\"resourceType\":\"Condition\",\"id\":\"{id}\",\"subject\":{{\"reference\":\"Patient/p1\"}},\"onsetDateTime\":\"{date}\",\
         \"code\":{{\"coding\":[{{\"system\":\"http://hl7.org/fhir/sid/icd-10\",\"code\":\"E11.9\"}}]}}}}\n"
    )
}

fn scan(files: &[(&str, &[u8])], more: impl FnOnce(&Bench)) -> (SourceReport, usize, usize) {
    let bench = Bench::new();
    let folder = bench.path("fhir");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("good.ndjson"), PATIENT.to_owned() + &condition("c", "2024-01-02")).unwrap();
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).unwrap();
    }
    more(&bench);
    let source = source(Format::Fhir, &folder);
    let report = bench.scan(&source, &Limits::default()).unwrap();
    let (_, tables) = bench.build(&[source], &[]);
    (report, tables.rows("person").len(), tables.rows("condition_occurrence").len())
}

fn rejected(report: &SourceReport) -> BTreeMap<&str, u64> {
    report.rejected.iter().map(|(rule, count)| (rule.as_str(), *count)).collect()
}

fn remarked(report: &SourceReport, id: &str) -> u64 {
    report.remarks.iter().find(|remark| remark.id == id).map_or(0, |remark| remark.count)
}

#[test]
fn every_bad_file_has_its_rule_and_the_others_count() {
    let whole = condition("cut", "2024-01-03");
    let cut = &whole.as_bytes()[..whole.len() / 2];
    let types = "{\"resourceType\":\"Condition\",\"id\":\"t\",\"subject\":{\"reference\":\"Patient/p1\"},\"code\":7}\n";
    let broken =
        [&b"{\"resourceType\":\"Condition\",\"id\":\"\xff\xfe\"}\n"[..], condition("d", "2024-01-04").as_bytes()]
            .concat();
    let huge = format!(
        "{{\"resourceType\":\"Condition\",\"id\":\"h\",\"subject\":{{\"reference\":\"Patient/p1\"}},\"note\":\"{}\"}}\n",
        "x".repeat(17 << 20)
    );
    let gzip = |bytes: &[u8]| {
        let mut out = GzEncoder::new(Vec::new(), Compression::fast());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    };
    let good = gzip(condition("z", "2024-01-05").repeat(50).as_bytes());
    let files: [(&str, &[u8]); 7] = [
        ("cut.ndjson", cut),
        ("types.ndjson", types.as_bytes()),
        ("broken.ndjson", &broken),
        ("huge.ndjson", huge.as_bytes()),
        ("half.ndjson.gz", &good[..good.len() - 12]),
        ("empty.ndjson", b""),
        ("noise.json", b"\x00\x01\x02{{{{{{"),
    ];
    let (report, persons, conditions) = scan(&files, |_| {});
    let expect = BTreeMap::from([("encoding", 1), ("format", 2), ("size", 1), ("type", 1)]);
    assert_eq!(rejected(&report), expect, "{report:?}");
    // The good one, the one below the broken line, and what the cut archive holds, under one id.
    assert_eq!((persons, conditions), (1, 3));
}

#[test]
fn dates_that_do_not_exist_are_counted_and_never_moved() {
    let lines = ["2024-02-30", "2023-02-29", "2024-13-01", "0000-00-00"].map(|date| condition(date, date)).concat();
    let (report, persons, conditions) = scan(&[("dates.ndjson", lines.as_bytes())], |_| {});
    assert_eq!((persons, conditions), (1, 1), "{report:?}");
    let counted = remarked(&report, "fhir-date-unread") + rejected(&report).values().sum::<u64>();
    assert!(counted >= 4, "{report:?}");
}

#[test]
fn links_lead_nowhere() {
    let (report, persons, conditions) = scan(&[], |bench| {
        fs::write(bench.path("outside.ndjson"), condition("o", "2024-01-06")).unwrap();
        symlink(bench.path("outside.ndjson"), bench.path("fhir/link.ndjson")).unwrap();
        symlink(bench.path(""), bench.path("fhir/loop")).unwrap();
    });
    assert_eq!((report.files, persons, conditions), (1, 1, 1), "{report:?}");
}

/// Eighty MiB of one letter take a thousandth of that on the disk.
#[test]
fn an_archive_that_grows_without_end_is_one_reject_and_what_follows_is_read() {
    let (report, persons, conditions) = scan(&[], |bench| {
        let file = File::create(bench.path("fhir/bomb.ndjson.gz")).unwrap();
        let mut out = GzEncoder::new(file, Compression::fast());
        out.write_all(b"{\"resourceType\":\"Condition\",\"id\":\"").unwrap();
        io::copy(&mut io::repeat(b'x').take(80 << 20), &mut out).unwrap();
        out.write_all(b"\"}\n").unwrap();
        out.write_all(condition("after", "2024-01-07").as_bytes()).unwrap();
        let file = out.finish().unwrap();
        assert!(file.metadata().unwrap().len() < 2 << 20);
    });
    assert_eq!(rejected(&report), BTreeMap::from([("size", 1)]), "{report:?}");
    assert_eq!((persons, conditions), (1, 2));
}
