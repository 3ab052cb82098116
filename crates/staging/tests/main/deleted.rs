//! What a FHIR server says it has deleted.

use std::fs;

use renkei_staging::{Format, Limits, Source};

use crate::bench::{Bench, source};

const PATIENT: &str = r#"{"resourceType":"Patient","id":"p1","gender":"male","birthDate":"1960-01-01"}"#;
const OTHER: &str = r#"{"resourceType":"Patient","id":"p2","gender":"female","birthDate":"1970-01-01"}"#;

fn result(id: &str, patient: &str, updated: Option<&str>) -> String {
    let meta = updated.map(|at| format!(r#""meta":{{"lastUpdated":"{at}"}},"#)).unwrap_or_default();
    format!(
        r#"{{"resourceType":"Observation","id":"{id}",{meta}"status":"final","subject":{{"reference":"Patient/{patient}"}},
        "code":{{"coding":[{{"system":"http://loinc.org","code":"4548-4"}}]}},"effectiveDateTime":"2024-01-02",
        "valueQuantity":{{"value":6.5,"unit":"%"}}}}"#
    )
    .replace('\n', " ")
}

fn delete(url: &str) -> String {
    format!(
        r#"{{"resourceType":"Bundle","type":"transaction","entry":[{{"request":{{"method":"DELETE","url":"{url}"}}}}]}}"#
    )
}

struct Export {
    bench: Bench,
    source: Source,
}

impl Export {
    fn new() -> Self {
        let bench = Bench::new();
        fs::create_dir(bench.path("export")).unwrap();
        let source = source(Format::Fhir, &bench.path("export"));
        Self { bench, source }
    }

    fn put(&self, name: &str, lines: &[&str]) -> &Self {
        let path = self.bench.path("export").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
        self
    }

    /// Persons and results after another run.
    fn rows(&self) -> (usize, usize) {
        let report = self.bench.scan(&self.source, &Limits::default()).unwrap();
        assert!(report.rejected.is_empty(), "{report:?}");
        let (_, tables) = self.bench.build(std::slice::from_ref(&self.source), &[]);
        (tables.rows("person").len(), tables.rows("measurement").len())
    }
}

#[test]
fn runs_of_an_export_take_away_what_the_server_has_deleted_and_bring_it_back() {
    let export = Export::new();
    let (first, second) = (result("o1", "p1", None), result("o2", "p2", None));
    export
        .put("000001/Patient.00001.ndjson", &[PATIENT, OTHER])
        .put("000001/Observation.00001.ndjson", &[&first, &second]);
    assert_eq!(export.rows(), (2, 2));
    export.put("000002/deleted/Bundle.00001.ndjson", &[&delete("Observation/o1")]);
    assert_eq!(export.rows(), (2, 1));
    // Made again under its id.
    export.put("000003/Observation.00001.ndjson", &[&first]);
    assert_eq!(export.rows(), (2, 2));
    // A patient takes along what is about them.
    export.put("000004/deleted/Bundle.00001.ndjson", &[&delete("https://fhir.example/r4/Patient/p2")]);
    assert_eq!(export.rows(), (1, 1));
    // The same at once, in a new staging file.
    fs::remove_file(export.bench.path("fhir.sqlite")).unwrap();
    assert_eq!(export.rows(), (1, 1));
    // The run that deleted is gone, as after a new full export.
    fs::remove_dir_all(export.bench.path("export/000004")).unwrap();
    assert_eq!(export.rows(), (2, 2));
}

#[test]
fn histories_and_remains_of_resources_are_deletions_too() {
    let export = Export::new();
    let (old, new) =
        (result("o1", "p1", Some("2024-02-01T00:00:00Z")), result("o2", "p1", Some("2024-04-01T00:00:00Z")));
    export.put("a.ndjson", &[PATIENT, &old, &new]);
    assert_eq!(export.rows(), (1, 2));
    // Of a history the times count, whatever the order of the files.
    let history = |id: &str| {
        format!(
            r#"{{"resourceType":"Bundle","type":"history","entry":[{{"request":{{"method":"DELETE","url":"Observation/{id}/_history/3"}},
            "response":{{"status":"204","lastModified":"2024-03-01T00:00:00Z"}}}}]}}"#
        )
        .replace('\n', " ")
    };
    export.put("0.ndjson", &[&history("o1"), &history("o2")]);
    assert_eq!(export.rows(), (1, 1));
    // Servers that write what is left of a resource: no bundle, perhaps no time.
    export.put("deleted/Observation.ndjson", &[r#"{"resourceType":"Observation","id":"o2"}"#]);
    assert_eq!(export.rows(), (1, 0));
    // Elsewhere such a thing is no deletion but a broken resource.
    fs::remove_dir_all(export.bench.path("export/deleted")).unwrap();
    export.put("rest.ndjson", &[r#"{"resourceType":"Observation","id":"o2"}"#]);
    let report = export.bench.scan(&export.source, &Limits::default()).unwrap();
    assert_eq!(report.rejected.get("essential"), Some(&1), "{report:?}");
}
