//! What is known of a storage beforehand, message by message, from the files on disk to the tables: an invented patient
//! whose messages have the shape of the samples that vendors' systems are tested with, oddities included.

use std::collections::BTreeMap;
use std::fs;

use renkei_staging::{Built, Format, Limits, SourceReport};

use crate::bench::{Bench, Tables, source};

const PATIENT: &str = "0000001";
const ORDER: &str = "123456789012345";
const NO_ORDER: &str = "999999999999999";

/// A segment by the numbers of its fields.
fn segment(id: &str, fields: &[(usize, &str)]) -> String {
    let last = fields.iter().map(|(number, _)| *number).max().unwrap_or(0);
    let field = |number: usize| fields.iter().find(|(at, _)| *at == number).map_or("", |(_, text)| *text);
    let fields: Vec<&str> = (1..=last).map(field).collect();
    format!("{id}|{}", fields.join("|"))
}

/// A message as a file has it: segments end with CR, the file with 0x1C.
fn message(event: &str, birth: &str, more: &[String]) -> Vec<u8> {
    let head = format!(
        "MSH|^~\\&|HIS|SEND|GW|RCV|20111220210000.000||{event}|1|P|2.5||||||~ISO IR87||ISO 2022-1994|SS-MIX2_1.20"
    );
    let pid = segment(
        "PID",
        &[
            (3, &format!("{PATIENT}^^^^PI")),
            (5, "\u{1b}$B;n83\u{1b}(B^\u{1b}$BB@O:\u{1b}(B^^^^^L^I"),
            (7, birth),
            (8, "M"),
        ],
    );
    let lines = [&[head, pid][..], more].concat();
    [lines.iter().map(|line| format!("{line}\r")).collect::<String>().as_bytes(), b"\x1c"].concat()
}

fn visit(more: &[(usize, &str)]) -> String {
    segment("PV1", &[&[(2, "I"), (3, "3F^301^1^^^N"), (10, "01")], more].concat())
}

struct Storage<'a>(&'a Bench);

impl Storage<'_> {
    fn put(&self, day: &str, kind: &str, order: &str, flag: u8, bytes: &[u8]) {
        let folder = self.0.path("root").join("000/000").join(PATIENT).join(day).join(kind);
        fs::create_dir_all(&folder).unwrap();
        let name = format!("{PATIENT}_{day}_{kind}_{order}_20111220210000000_01_{flag}");
        fs::write(folder.join(name), bytes).unwrap();
    }

    fn read(&self) -> (SourceReport, Built, Tables) {
        let source = source(Format::Ssmix2, &self.0.path("root"));
        let report = self.0.scan(&source, &Limits::default()).unwrap();
        let (built, tables) = self.0.build(&[source], &[]);
        (report, built, tables)
    }
}

fn basics() -> Vec<String> {
    vec![
        segment("EVN", &[(2, "20111220210000")]),
        visit(&[]),
        segment(
            "OBX",
            &[(1, "1"), (2, "NM"), (3, "9N001000000000001^height^JC10"), (5, "167.8"), (6, "cm^cm^ISO+"), (11, "F")],
        ),
        segment(
            "OBX",
            &[(1, "2"), (2, "NM"), (3, "9N006000000000001^weight^JC10"), (5, "63.5"), (6, "kg^kg^ISO+"), (11, "F")],
        ),
        segment("OBX", &[(1, "3"), (2, "CWE"), (3, "5H010000009199911^ABO^JC10"), (5, "A^A^JSHR002"), (11, "F")]),
        segment("AL1", &[(1, "1"), (2, "DA^drug^HL70127"), (3, "1^cephem^99XYZ")]),
        segment("IN1", &[(1, "1"), (2, "67^plan^JHSD0001"), (12, "20091201")]),
    ]
}

fn allergies() -> Vec<String> {
    let iam = |number, code, dated: &[(usize, &str)]| {
        let common = [(1, number), (2, "DA^drug^HL70127"), (3, code), (6, "A")];
        segment("IAM", &[&common[..], dated].concat())
    };
    vec![
        iam("1", "1^a^99XYZ", &[(11, "1996")]),
        iam("2", "2^b^99XYZ", &[(12, "\u{1b}$B>.3X9;Dc3XG/$N:\"\u{1b}(B")]),
        iam("3", "3^c^99XYZ", &[(11, "200302")]),
        iam("4", "4^d^99XYZ", &[(11, "20070710")]),
    ]
}

fn order(number: &str, group: &str) -> String {
    segment("ORC", &[(1, "NW"), (2, number), (4, group), (9, "20110630120000"), (29, "I^x^HL70482")])
}

fn prescriptions() -> Vec<String> {
    let drug = |place: &str, code: &str, amount: &str, unit: &str, days: &str| {
        vec![
            order("223456789012345", &format!("223456789012345_0{place}_001")),
            segment("RXE", &[(2, code), (3, "1"), (5, unit), (10, amount), (11, unit)]),
            segment("TQ1", &[(1, "1"), (6, &format!("{days}^d")), (7, "20110701")]),
            segment("RXR", &[(1, "PO^x^HL70162")]),
        ]
    };
    [
        drug("1", "108665201^x^HOT9", "15", "TAB^x^MR9P", "5"),
        drug("2", "110626901^x^HOT9", "30", "TAB^x^MR9P", "5"),
        drug("3", "100607002^x^HOT9", "1400", "MG^x^MR9P", "14"),
    ]
    .concat()
}

fn infusions() -> Vec<String> {
    let hours = [("08", "13"), ("13", "18"), ("18", "23")];
    let group = |(place, (from, to)): (usize, (&str, &str))| {
        vec![
            order(ORDER, &format!("{ORDER}_0{}_001", place + 1)),
            segment("RXE", &[(2, "00^x^JHSI0002"), (3, "510"), (5, "ML^x^MR9P"), (23, "102"), (24, "ml/hr^x^ISO+")]),
            segment("TQ1", &[(1, "1"), (7, &format!("20110701{from}00")), (8, &format!("20110701{to}00"))]),
            segment("RXR", &[(1, "IV^x^HL70162")]),
            segment("RXC", &[(1, "B"), (2, "107679002^x^HOT9"), (3, "1"), (4, "HON^x^MR9P")]),
            segment("RXC", &[(1, "A"), (2, "119874401^x^HOT9"), (3, "1"), (4, "AMP^x^MR9P")]),
        ]
    };
    hours.into_iter().enumerate().flat_map(group).collect()
}

fn given(order_number: &str, code: &str, from: &str, to: &str) -> Vec<String> {
    let amount = [(1, "0"), (2, "1"), (3, from), (4, to), (5, code), (6, "1"), (7, "HON^x^MR9P"), (20, "CP")];
    vec![order(order_number, "1"), segment("RXA", &amount), segment("RXR", &[(1, "IV^x^HL70162")])]
}

fn results() -> Vec<String> {
    let result = |number, code, value, unit, range| {
        let fields = [(1, number), (2, "NM"), (3, code), (5, value), (6, unit), (7, range), (11, "F")];
        segment("OBX", &fields)
    };
    vec![
        segment("SPM", &[(1, "1"), (2, "1"), (4, "023^serum^JC10"), (17, "201112191500")]),
        segment("OBR", &[(1, "1"), (4, "1^x^99XYZ"), (7, "201112191500")]),
        result("1", "3A016000002327102^A/G^JC10", "1.7", "", "1.2-2.0"),
        result("2", "3A010000002327101^TP^JC10", "7.2", "g/dl^g/dl^99XYZ", "6.7-8.3"),
        result("3", "3A015000002327101^ALB^JC10", "4.9", "g/dl^g/dl^99XYZ", "3.7-5.5"),
    ]
}

fn problem(number: &str, suspected: &str) -> String {
    segment(
        "PRB",
        &[
            (1, "AD"),
            (2, "20110915"),
            (3, "20054174^x^MDCDX2"),
            (4, number),
            (7, "20110831"),
            (9, "20110915"),
            (10, "K297^x^I10^O^x^JHSD0004"),
            (13, suspected),
            (14, "N"),
            (16, "20110831"),
        ],
    )
}

fn look(tables: &Tables, table: &str, columns: &[&str]) -> Vec<String> {
    let row = |row: &BTreeMap<String, String>| {
        let values = columns.iter().map(|column| row.get(*column).map_or("-", String::as_str));
        values.collect::<Vec<_>>().join(" ")
    };
    let mut rows: Vec<String> = tables.rows(table).iter().map(row).collect();
    rows.sort();
    rows
}

fn remarked(built: &Built, id: &str) -> u64 {
    built.remarks.iter().find(|(name, _)| *name == id).map_or(0, |(_, count)| count)
}

fn of_files(report: &SourceReport, id: &str) -> u64 {
    report.remarks.iter().find(|counted| counted.id == id).map_or(0, |counted| counted.count)
}

#[test]
fn every_message_of_a_patient_becomes_the_rows_that_it_means() {
    let bench = Bench::new();
    let storage = Storage(&bench);
    let (right, other) = ("19480405", "19700405");
    let put = |day: &str, kind: &str, order: &str, event: &str, more: &[String]| {
        storage.put(day, kind, order, 1, &message(event, right, more));
    };
    put("-", "ADT-00", NO_ORDER, "ADT^A08", &basics());
    put("-", "ADT-61", NO_ORDER, "ADT^A60", &allergies());
    put("-", "PPR-01", NO_ORDER, "PPR^ZD1", &[problem("1", "")]);
    // The transfer comes eight hours after the discharge; the discharge does not say when the patient was admitted.
    put("20111120", "ADT-22", "1", "ADT^A01", &[visit(&[(44, "201111201600")])]);
    put("20111220", "ADT-52", "2", "ADT^A03", &[visit(&[(36, "01^x^HL70112"), (45, "201112201200")])]);
    let evn = segment("EVN", &[(2, "20111220200000"), (6, "201112202000")]);
    put("20111220", "ADT-42", "3", "ADT^A02", &[evn, visit(&[])]);
    // Drugs lie under the day of the order, one day before they begin.
    put("20110630", "OMP-01", "223456789012345", "RDE^O11", &prescriptions());
    put("20110630", "OMP-02", ORDER, "RDE^O11", &infusions());
    let both = [
        given(ORDER, "107679002^x^HOT9", "20110701080521", "20110701130543"),
        given(ORDER, "119874401^x^HOT9", "20110701080521", "20110701130543"),
    ];
    put("20110630", "OMP-12", ORDER, "RAS^O17", &both.concat());
    let taken = ["20110705080000", "20110705120000"];
    let taken = taken.map(|at| given("323456789012345", "108665201^x^HOT9", at, at)).concat();
    put("20110630", "OMP-11", "323456789012345", "RAS^O17", &taken);
    // The laboratory knows another date of birth.
    storage.put("20111220", "OML-11", "4", 1, &message("OUL^R22", other, &results()));
    // The same key: deleted; and what is no message.
    storage.put("20111220", "OML-11", "5", 0, &message("OUL^R22", right, &results()));
    storage.put("20111220", "OML-11", "6", 1, b"\x00\x01garbage");

    let (report, built, tables) = storage.read();
    assert_eq!(report.rejected, BTreeMap::from([("format".to_owned(), 1)]));
    assert_eq!((report.files, of_files(&report, "ssmix2-deleted")), (13, 1));
    assert_eq!(look(&tables, "person", &["year_of_birth", "month_of_birth", "gender_concept_id"]), ["1948 4 8507"]);
    assert_eq!(remarked(&built, "birth-differs"), 1);
    let condition = ["condition_source_value", "condition_start_date", "condition_end_date"];
    assert_eq!(look(&tables, "condition_occurrence", &condition), ["ICD10:K29.7 2011-08-31 2011-09-15"]);
    let stay = ["visit_concept_id", "visit_start_datetime", "visit_end_datetime", "discharged_to_source_value"];
    assert_eq!(look(&tables, "visit_occurrence", &stay), ["9201 2011-11-20T16:00:00 2011-12-20T12:00:00 HL7-0112:01"]);
    assert_eq!((remarked(&built, "transfer-outside-stay"), remarked(&built, "open-stay")), (1, 0));
    assert_eq!(look(&tables, "death", &["death_date"]), Vec::<String>::new());
    let drug = [
        "drug_source_value",
        "drug_exposure_start_date",
        "drug_exposure_end_date",
        "quantity",
        "days_supply",
        "drug_type_concept_id",
    ];
    assert_eq!(
        look(&tables, "drug_exposure", &drug),
        [
            "HOT9:100607002 2011-07-01 2011-07-14 1400.0 14 32838",
            "HOT9:107679002 2011-07-01 2011-07-01 1.0 - 32818",
            "HOT9:108665201 2011-07-01 2011-07-05 15.0 5 32838",
            "HOT9:108665201 2011-07-05 2011-07-05 1.0 - 32818",
            "HOT9:108665201 2011-07-05 2011-07-05 1.0 - 32818",
            "HOT9:110626901 2011-07-01 2011-07-05 30.0 5 32838",
            "HOT9:119874401 2011-07-01 2011-07-01 1.0 - 32818",
        ]
    );
    assert_eq!(remarked(&built, "order-with-administration"), 6);
    let result = [
        "measurement_source_value",
        "measurement_datetime",
        "value_as_number",
        "unit_source_value",
        "range_low",
        "range_high",
    ];
    assert_eq!(
        look(&tables, "measurement", &result),
        [
            "JLAC10:3A010000002327101 2011-12-19T15:00:00 7.2 UCUM:g/dl 6.7 8.3",
            "JLAC10:3A015000002327101 2011-12-19T15:00:00 4.9 UCUM:g/dl 3.7 5.5",
            "JLAC10:3A016000002327102 2011-12-19T15:00:00 1.7 - 1.2 2.0",
            "JLAC10:9N001000000000001 2011-12-20T21:00:00 167.8 UCUM:cm - -",
            "JLAC10:9N006000000000001 2011-12-20T21:00:00 63.5 UCUM:kg - -",
        ]
    );
    assert_eq!(look(&tables, "specimen", &["specimen_source_value"]), ["JLAC10:023"]);
    let observed = look(&tables, "observation", &["observation_source_value", "observation_date"]);
    assert_eq!(
        observed,
        [
            "HL7-0127:DA 1996-01-01",
            "HL7-0127:DA 2003-02-01",
            "HL7-0127:DA 2007-07-10",
            "HL7-0127:DA 2011-12-20",
            "HL7-0127:DA 2011-12-20",
            "JLAC10:5H010000009199911 2011-12-20",
        ]
    );
    let plan = ["plan_source_value", "payer_plan_period_start_date"];
    assert_eq!(look(&tables, "payer_plan_period", &plan), ["SSMIX2:JHSD0001:67 2009-12-01"]);
    let texts = tables.texts();
    assert!(!texts.iter().any(|text| text.contains("小学校") || text.contains("試験") || text == PATIENT));
}

#[test]
fn where_every_diagnosis_is_suspected_there_is_none_and_the_report_says_why() {
    let bench = Bench::new();
    let storage = Storage(&bench);
    storage.put("-", "ADT-00", NO_ORDER, 1, &message("ADT^A08", "19480405", &basics()));
    for number in ["1", "2", "3"] {
        storage.put("-", "PPR-01", number, 1, &message("PPR^ZD1", "19480405", &[problem(number, "1")]));
    }
    let (_, built, tables) = storage.read();
    assert_eq!(tables.rows("condition_occurrence").len(), 0);
    assert_eq!(remarked(&built, "suspected"), 3);
    assert_eq!(tables.rows("person").len(), 1);
}

#[test]
fn a_message_of_another_patient_is_counted_as_grave() {
    let bench = Bench::new();
    let storage = Storage(&bench);
    storage.put("-", "ADT-00", NO_ORDER, 1, &message("ADT^A08", "19480405", &basics()));
    let text = String::from_utf8(message("OUL^R22", "19480405", &results())).unwrap();
    storage.put("20111220", "OML-11", "4", 1, text.replace(&format!("{PATIENT}^^^^PI"), "12345678^^^^PI").as_bytes());
    let (report, _, tables) = storage.read();
    assert_eq!(of_files(&report, "ssmix2-patient-mismatch"), 1);
    assert!(renkei_staging::remark("ssmix2-patient-mismatch").unwrap().grave);
    assert_eq!(tables.rows("measurement").len(), 5);
}

#[test]
fn of_a_culture_amount_and_susceptibility_lead_to_the_organism() {
    let bench = Bench::new();
    let storage = Storage(&bench);
    let result = |number: &str, kind: &str, code: &str, sub: &str, value: &str| {
        segment("OBX", &[(1, number), (2, kind), (3, code), (4, sub), (5, value), (11, "F")])
    };
    let group = |number: &str, more: &[(usize, &str)]| {
        segment("OBR", &[&[(1, number), (2, "1"), (4, "6B0100000017742^x^JC10"), (7, "20111219")], more].concat())
    };
    let culture = vec![
        visit(&[]),
        group("1", &[]),
        result("1", "CWE", "6B010000006174201^x^JC10", "1", "1301^x^JANIS"),
        result("2", "ST", "6B010000006174211^x^JC10", "1", "3+"),
        group("2", &[(26, "6B010000006174201&x&JC10^1^x")]),
        result("1", "ST", "1208^x^JANIS", "", "R"),
    ];
    storage.put("-", "ADT-00", NO_ORDER, 1, &message("ADT^A08^ADT_A01", "19391129", &basics()));
    storage.put("20111219", "OML-11", ORDER, 1, &message("OUL^R22^OUL_R22", "19391129", &culture));
    let (_, _, tables) = storage.read();
    let columns = ["measurement_source_value", "measurement_event_id", "meas_event_field_concept_id"];
    let rows = tables.rows("measurement");
    let organism = rows.iter().find(|row| row["measurement_source_value"] == "JLAC10:6B010000006174201").unwrap();
    let id = &organism["measurement_id"];
    let rows = look(&tables, "measurement", &columns);
    for code in ["JLAC10:6B010000006174211", "JANIS:1208"] {
        assert!(rows.contains(&format!("{code} {id} 0")), "{rows:?}");
    }
    assert!(rows.contains(&"JLAC10:6B010000006174201 - -".to_owned()), "{rows:?}");
}
