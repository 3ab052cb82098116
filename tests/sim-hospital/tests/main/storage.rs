//! SS-MIX2: the tree, the messages, and what they say in all.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use encoding_rs::ISO_2022_JP;
use renkei_sim_hospital::terms::{self, Domain};
use renkei_sim_hospital::{Format, Hospital, Profile, Spec, carried, identity, write};

use crate::small;

/// One file: the parts of its name, and its segments.
struct Stored {
    parts: Vec<String>,
    segments: Vec<Vec<String>>,
}

impl Stored {
    fn kind(&self) -> &str {
        &self.parts[2]
    }

    fn all(&self, id: &str) -> impl Iterator<Item = &Vec<String>> {
        self.segments.iter().filter(move |segment| segment[0] == id)
    }
}

/// The first component of a field, nothing where the segment ends before it.
fn first(segment: &[String], field: usize) -> &str {
    segment.get(field).map_or("", |text| text.split('^').next().unwrap())
}

/// Files whose folders and names agree.
fn read(root: &Path) -> Vec<Stored> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let place: Vec<&str> = path.strip_prefix(root).unwrap().iter().map(|part| part.to_str().unwrap()).collect();
            let parts: Vec<String> = place[5].split('_').map(str::to_owned).collect();
            let pid = parts[0].as_str();
            assert_eq!(place[..5], [&pid[..3], &pid[3..6], pid, &parts[1], &parts[2]], "{place:?}");
            files.push(Stored { segments: segments(&fs::read(&path).unwrap()), parts });
        }
    }
    files
}

/// Segments of a message; each line by itself is whole in its encoding.
fn segments(bytes: &[u8]) -> Vec<Vec<String>> {
    assert!(bytes.ends_with(b"\r") && bytes.is_ascii());
    let line = |line: &[u8]| {
        let (text, _, lost) = ISO_2022_JP.decode(line);
        assert!(!lost && !text.contains('\u{fffd}'));
        text.split('|').map(str::to_owned).collect()
    };
    // CR is no part of any two-byte character of JIS X 0208.
    bytes[..bytes.len() - 1].split(|byte| *byte == b'\r').map(line).collect()
}

/// A university hospital and a regional one with their histories, written once.
static STORED: LazyLock<[(Hospital, Vec<Stored>); 2]> =
    LazyLock::new(|| [Profile::University, Profile::Regional].map(|profile| stored(profile, true)));

fn stored(profile: Profile, history: bool) -> (Hospital, Vec<Stored>) {
    let folder = tempfile::tempdir().unwrap();
    let hospital = Hospital::generate(&Spec { patients: 70, profile, ..small(3) }).unwrap();
    let written = write(&hospital, Format::SsMix2 { history }, folder.path()).unwrap();
    let files = read(folder.path());
    assert_eq!(written.tables.iter().map(|(_, _, files)| files).sum::<usize>(), files.len());
    (hospital, files)
}

#[test]
fn names_have_seven_parts_and_one_valid_file_has_a_key() {
    let mut keys = BTreeSet::new();
    for file in &STORED[0].1 {
        let [pid, day, kind, order, at, department, flag] = &file.parts[..] else { panic!("{:?}", file.parts) };
        assert_eq!((pid.len(), order.len(), at.len()), (7, 15, 17));
        assert!(day == "-" || day.len() == 8);
        assert_eq!(day == "-", ["ADT-00", "PPR-01"].contains(&kind.as_str()));
        assert!(department == "-" || department.len() == 2);
        assert!(["0", "1", "2"].contains(&flag.as_str()));
        assert!(flag != "1" || keys.insert((pid, day, kind, order)), "{:?}", file.parts);
    }
}

/// The order of segments: groups in braces repeat, as do segments with a star.
const GRAMMAR: [(&str, &str); 12] = [
    ("ADT-00", "MSH EVN PID NK1 PV1 IN1"),
    ("ADT-12", "MSH EVN PID PV1"),
    ("ADT-22", "MSH EVN PID PV1"),
    ("ADT-42", "MSH EVN PID PV1"),
    ("ADT-52", "MSH EVN PID PV1"),
    ("PPR-01", "MSH PID {PRB ZPR ORC}"),
    ("OMP-01", "MSH PID PV1 {ORC RXE TQ1 RXR}"),
    ("OMP-02", "MSH PID PV1 {ORC RXE TQ1 RXR RXC}"),
    ("OMP-12", "MSH PID PV1 {ORC RXA RXR}"),
    ("OML-11", "MSH PID PV1 {SPM OBR ORC OBX*}"),
    ("OMG-13", "MSH PID PV1 OBR OBX*"),
    ("OMG-11", "MSH PID PV1 {ORC TQ1 OBR IPC}"),
];

fn follows(grammar: &str, segments: &[&str]) -> bool {
    let (head, group) = grammar.split_once('{').unwrap_or((grammar, ""));
    let eat = |pattern: &str, mut rest: &[String]| -> Option<usize> {
        let all = rest.len();
        for part in pattern.split_whitespace() {
            let name = part.trim_end_matches('*');
            let found = rest.iter().take_while(|segment| *segment == name).count();
            let taken = if part.ends_with('*') { found } else { found.min(1) };
            if taken == 0 {
                return None;
            }
            rest = &rest[taken..];
        }
        Some(all - rest.len())
    };
    let owned: Vec<String> = segments.iter().map(|segment| (*segment).to_owned()).collect();
    let Some(mut at) = eat(head, &owned) else { return false };
    while at < owned.len() {
        match eat(group.trim_end_matches('}'), &owned[at..]) {
            Some(taken) if taken > 0 => at += taken,
            _ => return false,
        }
    }
    true
}

#[test]
fn segments_follow_the_order_of_their_kind() {
    let mut seen = BTreeSet::new();
    for (_, files) in STORED.iter() {
        for file in files {
            let kind = if file.kind() == "OMG-12" { "OMG-11" } else { file.kind() };
            let (kind, grammar) = GRAMMAR.iter().find(|(of, _)| *of == kind).unwrap();
            let ids: Vec<&str> = file.segments.iter().map(|segment| segment[0].as_str()).collect();
            assert!(follows(grammar, &ids), "{kind}: {ids:?}");
            seen.insert(*kind);
        }
    }
    assert_eq!(seen.len(), GRAMMAR.len(), "only {seen:?}");
    assert!(!follows("MSH PID PV1", &["MSH", "PV1", "PID"]) && !follows("MSH {ORC RXE}", &["MSH", "ORC"]));
}

#[test]
fn headers_state_version_and_character_sets() {
    for file in &STORED[1].1 {
        let header = &file.segments[0];
        assert_eq!((header[1].as_str(), header[11].as_str()), ("^~\\&", "2.5"));
        assert_eq!((header[17].as_str(), header[19].as_str()), ("~ISO IR87", "ISO 2022-1994"));
        assert!(header[20].starts_with("SS-MIX2_1.20^"));
        assert_eq!(first(file.all("PID").next().unwrap(), 3), file.parts[0]);
    }
}

/// What the valid files say: rows and persons by domain and code as the format writes it.
fn said(files: &[Stored]) -> BTreeMap<(Domain, String), (u64, u64)> {
    let mut rows: BTreeMap<(Domain, String), BTreeMap<&str, u64>> = BTreeMap::new();
    for file in files.iter().filter(|file| file.parts[6] == "1") {
        let fields = [
            ("PPR-01", "PRB", 10, Domain::Condition),
            ("OMP-01", "RXE", 2, Domain::Drug),
            ("OMP-12", "RXA", 5, Domain::Drug),
            ("OML-11", "OBX", 3, Domain::Measurement),
            ("OMG-13", "OBX", 3, Domain::Measurement),
            ("OMG-11", "OBR", 4, Domain::Procedure),
            ("OMG-12", "OBR", 4, Domain::Procedure),
        ];
        for (_, segment, field, domain) in fields.into_iter().filter(|(kind, ..)| *kind == file.kind()) {
            for segment in file.all(segment) {
                let parts: Vec<&str> = segment[field].split('^').collect();
                let code = match parts[2] {
                    "I10" if parts[0].len() > 3 => format!("ICD10:{}.{}", &parts[0][..3], &parts[0][3..]),
                    "I10" => format!("ICD10:{}", parts[0]),
                    "JC10" => format!("JLAC10:{}", parts[0]),
                    "99IMG" => format!("LOCAL:99IMG:{}", parts[0]),
                    system => format!("{system}:{}", parts[0]),
                };
                *rows.entry((domain, code)).or_default().entry(&file.parts[0]).or_default() += 1;
            }
        }
    }
    rows.into_iter().map(|(key, own)| (key, (own.values().sum(), own.len() as u64))).collect()
}

#[test]
fn valid_files_say_what_is_carried_and_history_changes_nothing() {
    for (hospital, files) in STORED.iter() {
        let expect = carried(hospital, Format::SsMix2 { history: true });
        let codes: BTreeMap<_, _> =
            expect.codes.iter().map(|(key, tally)| (key.clone(), (tally.rows, tally.persons))).collect();
        assert_eq!(said(files), codes);
        let valid = |kind: &'static str| files.iter().filter(move |file| file.kind() == kind && file.parts[6] == "1");
        let died = valid("ADT-52").filter(|file| first(file.all("PV1").next().unwrap(), 36) == "20").count();
        assert_eq!((valid("ADT-00").count() as u64, died as u64), (expect.persons, expect.deaths));
        assert!(died > 0);
        assert_eq!(valid("ADT-12").count() as u64, expect.visits[&terms::OUTPATIENT.concept]);
        for kind in ["ADT-22", "ADT-52"] {
            assert_eq!(valid(kind).count() as u64, expect.visits[&terms::INPATIENT.concept]);
        }
        for flag in ["0", "2"] {
            assert!(files.iter().any(|file| file.parts[6] == flag), "no file has the flag {flag}");
        }
    }
    let (_, plain) = stored(Profile::Regional, false);
    assert!(plain.iter().all(|file| file.parts[6] == "1") && said(&plain) == said(&STORED[1].1));
}

#[test]
fn injections_are_ordered_and_given_under_one_number() {
    let files = &STORED[0].1;
    let groups = |kind: &str| -> BTreeSet<String> {
        files
            .iter()
            .filter(|file| file.kind() == kind)
            .flat_map(|file| file.all("ORC"))
            .map(|orc| orc[4].clone())
            .collect()
    };
    assert!(!groups("OMP-02").is_empty());
    assert_eq!(groups("OMP-02"), groups("OMP-12"));
}

#[test]
fn obsolete_versions_say_something_else_at_an_earlier_time() {
    let files = &STORED[0].1;
    let key = |file: &Stored| file.parts[..4].to_vec();
    let valid: BTreeMap<_, _> =
        files.iter().filter(|file| file.parts[6] == "1").map(|file| (key(file), file)).collect();
    for file in files.iter().filter(|file| file.parts[6] == "2") {
        let newer = valid[&key(file)];
        assert!(file.parts[4] < newer.parts[4]);
        assert_eq!(file.segments.len(), newer.segments.len());
    }
    let deleted = files.iter().filter(|file| file.parts[6] == "0");
    assert!(deleted.clone().count() > 0 && deleted.into_iter().all(|file| !valid.contains_key(&key(file))));
}

#[test]
fn who_a_patient_is_stands_in_three_segments_only() {
    let (hospital, files) = &STORED[0];
    let by_number: BTreeMap<String, _> = hospital
        .patients
        .iter()
        .map(|patient| (format!("{:07}", patient.id), identity(&hospital.spec, patient)))
        .collect();
    for file in files {
        let who = &by_number[&file.parts[0]];
        for segment in file.segments.iter().filter(|segment| !["PID", "NK1", "IN1"].contains(&segment[0].as_str())) {
            let text = segment.join("|");
            // Doctors share the family names of patients, in kanji.
            let named = who.secrets().filter(|secret| text.contains(*secret));
            let left: Vec<&str> = named.filter(|name| *name != who.name.family && *name != who.name.given).collect();
            assert!(left.is_empty(), "{}", segment[0]);
        }
    }
    let basics = files.iter().filter(|file| file.kind() == "ADT-00");
    for file in basics {
        let text: String = file.segments.iter().flatten().map(String::as_str).collect();
        assert!(by_number[&file.parts[0]].secrets().all(|secret| text.contains(secret)));
    }
}
