//! How fast, in release builds: `cargo test --release -p renkei-ingest speed -- --ignored --nocapture`.

use std::time::Instant;

use renkei_ingest::{Extract, Rules, fhir};

fn observation(number: usize) -> String {
    format!(
        concat!(
            r#"{{"resourceType":"Observation","id":"o{0}","meta":{{"lastUpdated":"2024-03-01T12:00:00+09:00"}},"#,
            r#""text":{{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">結果 {0}</div>"}},"#,
            r#""identifier":[{{"system":"http://jpfhir.jp/fhir/core/IdSystem/resourceInstance-identifier","value":"{0}"}}],"#,
            r#""status":"final","category":[{{"coding":[{{"system":"#,
            r#""http://jpfhir.jp/fhir/core/CodeSystem/JP_SimpleObservationCategory_CS","code":"laboratory"}}]}}],"#,
            r#""code":{{"coding":[{{"system":"urn:oid:1.2.392.200119.4.504","code":"3H015000002326101","display":"K"}},"#,
            r#"{{"system":"http://loinc.org","code":"2823-3","display":"Potassium"}}],"text":"カリウム"}},"#,
            r#""subject":{{"reference":"Patient/p{1}"}},"encounter":{{"reference":"Encounter/e{1}"}},"#,
            r#""effectiveDateTime":"2024-03-01T08:30:00+09:00","issued":"2024-03-01T12:00:00+09:00","#,
            r#""valueQuantity":{{"value":4.{2},"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"}},"#,
            r#""referenceRange":[{{"low":{{"value":3.6,"code":"mmol/L"}},"high":{{"value":4.8,"code":"mmol/L"}}}}]}}"#,
        ),
        number,
        number / 50,
        number % 10
    ) + "\n"
}

#[test]
#[ignore = "a measurement, not a test"]
fn speed() {
    let text: String = (0..200_000).map(observation).collect();
    let mut best = f64::MAX;
    for _ in 0..3 {
        let start = Instant::now();
        let mut statements = 0;
        let mut each = |extract: Extract| {
            statements += extract.statements.len();
            true
        };
        fhir::read(text.as_bytes(), "f", &Rules::default(), &mut each).unwrap();
        assert_eq!(statements, 200_000);
        best = best.min(start.elapsed().as_secs_f64());
    }
    let megabytes = text.len() as f64 / 1e6;
    println!("{megabytes:.0} MB in {best:.2} s: {:.0} MB/s, {:.0} resources/s", megabytes / best, 200_000.0 / best);
}
