//! Invented messages, the way hospitals write them, and what is made of them.

use std::ffi::OsStr;
use std::path::PathBuf;

use renkei_ingest::record::{Comparator, Grade, Record, Value};
use renkei_ingest::ssmix2::{Name, Walk, convert};
use renkei_ingest::{Coding, Extract, Rules, When};

pub const PATIENT: &str = "0012345678";

/// MSH, EVN, PID and PV1 of a message, and more segments, one to a line.
pub fn message(event: &str, class: &str, more: &str) -> String {
    let head = format!(
        "MSH|^~\\&|HIS|SEND|GW|RCV|20200410120000.123||{event}|1|P|2.5||||||~ISO IR87||ISO 2022-1994|SS-MIX2_1.20\n\
         PID|0001||{PATIENT}^^^^PI||試験^花子^^^^^L^I~シケン^ハナコ^^^^^L^P||19500601|F|||^^^^460-0001^JPN^H^名古屋市中区\n\
         PV1|0001|{class}|5E^501^1^^^N||||D77^医師^次郎^^^^^^^L^^^^^I|||03"
    );
    let more: Vec<&str> = more.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    format!("{head}\n{}", more.join("\n"))
}

/// ISO-2022-JP, segments ended by CR.
pub fn jis(text: &str) -> Vec<u8> {
    let text: String = text.lines().map(|line| format!("{line}\r")).collect();
    let (bytes, _, damaged) = encoding_rs::ISO_2022_JP.encode(&text);
    assert!(!damaged, "a fixture has a character that ISO-2022-JP has not");
    [&bytes, b"\x1c\r".as_slice()].concat()
}

pub fn name(kind: &str, day: &str) -> Name {
    let order = "000000000004711";
    Name::parse(OsStr::new(&format!("{PATIENT}_{day}_{kind}_{order}_20200410120000123_03_1"))).unwrap()
}

pub fn extract_with(kind: &str, bytes: &[u8], rules: &Rules) -> Extract {
    let day = if matches!(kind, "ADT-00" | "ADT-61" | "PPR-01") { "-" } else { "20200409" };
    let mut extract = Extract::default();
    convert(&name(kind, day), "file", bytes, rules, &mut extract);
    extract
}

pub fn extract(kind: &str, text: &str) -> Extract {
    extract_with(kind, &jis(text), &Rules::default())
}

/// The records of the one statement, without the date of birth that every message has beside them.
pub fn records(extract: &Extract) -> &[Record] {
    let [(patient, statement)] = extract.statements.as_slice() else { panic!("not one statement") };
    assert_eq!(patient, PATIENT);
    match statement.records.split_last() {
        Some((Record::Born(_), records)) => records,
        _ => &statement.records,
    }
}

/// Remarks by id without the common beginning, and counts.
pub fn remarks(extract: &Extract) -> Vec<(String, u64)> {
    let id = |id: &str| id.strip_prefix("ssmix2-").map(str::to_owned);
    extract.remarks.iter().filter_map(|(name, count)| Some((id(name)?, count))).collect()
}

pub fn remarked(extract: &Extract, id: &str) -> u64 {
    remarks(extract).iter().find(|(name, _)| name == id).map_or(0, |(_, count)| *count)
}

/// Checks the records of a message, as [`show`] shows them, and that nothing was put aside.
pub fn check(kind: &str, text: &str, expect: &[&str]) {
    let extract = extract(kind, text);
    assert!(extract.rejects.is_empty(), "{kind}: {:?}", extract.rejects);
    let shown: Vec<_> = records(&extract).iter().map(show).collect();
    assert_eq!(shown, expect, "{kind}");
}

/// A record in one line. Dots within ICD-10 codes are left out, as their canonical spelling is tested elsewhere.
pub fn show(record: &Record) -> String {
    let parts: Vec<String> = match record {
        Record::Person(p) => {
            let birth = p.birth.map(|b| format!("{}-{:?}-{:?}", b.year, b.month.unwrap_or(0), b.day.unwrap_or(0)));
            vec![
                "person".into(),
                birth.unwrap_or_default(),
                format!("{:?}", p.sex),
                or_none(&p.zip3),
                flag(p.test, "test"),
            ]
        }
        Record::Death(d) => vec!["death".into(), time(d.at)],
        Record::Visit(v) => {
            vec![
                format!("{:?}", v.setting),
                time(v.start),
                v.end.map_or(String::new(), time),
                code(v.department.as_ref()),
            ]
        }
        Record::Movement(m) => vec![
            flag(m.retracts, "no"),
            format!("{:?}", m.step),
            time(m.at),
            code(m.department.as_ref()),
            code(m.ward.as_ref()),
            code(m.discharged_to.as_ref()),
            m.admitted.map_or(String::new(), |at| format!("since {}", time(at))),
        ],
        Record::Condition(c) => vec![
            codes(&c.codes),
            span(c.start, c.end),
            c.standing.map_or(String::new(), |standing| format!("{standing:?}")),
            flag(c.suspected, "suspected"),
            place(c.link.inpatient),
        ],
        Record::Drug(d) => vec![
            format!("{:?}", d.provenance),
            codes(&d.codes),
            span(d.start, d.end),
            d.days.map_or(String::new(), |days| format!("{days}d")),
            d.quantity.map_or(String::new(), |quantity| quantity.to_string()),
            code(d.unit.as_ref()),
            code(d.route.as_ref()),
            d.order.as_ref().map_or(String::new(), |order| format!("#{order}")),
            place(d.link.inpatient),
        ],
        Record::Procedure(p) => vec![codes(&p.codes), span(p.start, p.end), place(p.link.inpatient)],
        Record::Measurement(m) => vec![
            format!("{:?}", m.provenance),
            codes(&m.codes),
            value(&m.value),
            time(m.at),
            flag(m.preliminary, "preliminary"),
            m.part_of.map_or(String::new(), |record| format!("of {record}")),
            place(m.link.inpatient),
        ],
        Record::Observation(o) => vec!["observed".into(), codes(&o.codes), value(&o.value), time(o.at)],
        Record::Specimen(s) => vec!["specimen".into(), codes(&s.codes), time(s.at)],
        Record::Payer(p) => vec![
            "payer".into(),
            code(Some(&p.plan)),
            p.start.map_or(String::new(), |day| time(When::day(day))),
            p.end.map_or(String::new(), |day| time(When::day(day))),
        ],
        other => vec![format!("{other:?}")],
    };
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

pub fn value(value: &Value) -> String {
    let sign = match value.comparator {
        None => "",
        Some(Comparator::Less) => "<",
        Some(Comparator::AtMost) => "<=",
        Some(Comparator::AtLeast) => ">=",
        Some(Comparator::Greater) => ">",
    };
    let limit = |limit: Option<f64>| limit.map_or(String::new(), |limit| limit.to_string());
    let range = value.low.or(value.high).map(|_| format!("[{}..{}]", limit(value.low), limit(value.high)));
    let grade = value.grade.map(|grade| match grade {
        Grade::Negative => "(-)".to_owned(),
        Grade::Trace => "(±)".to_owned(),
        Grade::Positive => "(+)".to_owned(),
        Grade::Plus(count) => format!("({count}+)"),
    });
    let parts = [
        value.number.map_or(String::new(), |number| format!("{sign}{number}")),
        grade.unwrap_or_default(),
        value.code.as_ref().map_or(String::new(), |code| format!("={code}")),
        code(value.unit.as_ref()),
        range.unwrap_or_default(),
        flag(value.unread, "unread"),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

fn codes(codes: &[Coding]) -> String {
    codes.iter().map(|coding| code(Some(coding))).collect::<Vec<_>>().join("+")
}

fn code(coding: Option<&Coding>) -> String {
    let text = coding.map_or(String::new(), Coding::to_string);
    if text.starts_with("ICD10:") { text.replace('.', "") } else { text }
}

fn span(start: When, end: Option<When>) -> String {
    end.map_or(time(start), |end| format!("{}..{}", time(start), time(end)))
}

pub fn time(when: When) -> String {
    let (year, month, day) = when.day.date();
    let seconds = when.time.map(|time| time / 1_000_000);
    let clock = seconds.map(|t| format!("T{:02}:{:02}:{:02}", t / 3600, t / 60 % 60, t % 60));
    format!("{year:04}-{month:02}-{day:02}{}", clock.unwrap_or_default())
}

fn or_none(text: &Option<String>) -> String {
    text.clone().unwrap_or_default()
}

fn flag(set: bool, word: &str) -> String {
    if set { word.to_owned() } else { String::new() }
}

fn place(inpatient: Option<bool>) -> String {
    inpatient.map_or(String::new(), |inpatient| if inpatient { "in" } else { "out" }.to_owned())
}

/// A storage on disk that vanishes with the test.
pub struct Storage(pub tempfile::TempDir);

impl Storage {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// A file where its name says it should be.
    pub fn put(self, file: &str, bytes: &[u8]) -> Self {
        let name = Name::parse(OsStr::new(file)).unwrap();
        let (patient, kind) = (name.patient.as_str(), name.kind.as_str());
        let folder = format!("{}/{}/{patient}/{}/{kind}/{file}", &patient[..3], &patient[3..6], name.day);
        self.at(&folder, bytes)
    }

    pub fn at(self, path: &str, bytes: &[u8]) -> Self {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }
}

/// Everything in a storage, and how many files and troubles there were.
pub fn read(root: &std::path::Path, rules: &Rules) -> (Extract, usize, usize) {
    let mut extract = Extract::default();
    let (mut files, mut troubles) = (0, 0);
    for item in Walk::new(root) {
        let Ok(found) = item else {
            troubles += 1;
            continue;
        };
        files += 1;
        let bytes = std::fs::read(&found.path).unwrap();
        assert_eq!(bytes.len() as u64, found.bytes);
        convert(&found.name, "file", &bytes, rules, &mut extract);
    }
    (extract, files, troubles)
}
