//! How fast messages are converted. `cargo test --release -p renkei-ingest -- --ignored --nocapture messages_a_second`

use std::time::Instant;

use renkei_ingest::ssmix2::convert;
use renkei_ingest::{Extract, Rules};

use crate::ssmix2::storage::{jis, message, name};

#[test]
#[ignore = "a measurement: meaningful in release builds only"]
fn messages_a_second() {
    let results: String = (0..12)
        .map(|n| {
            let codes = format!("3A0{n:02}000002327102^検査項目その{n}^JC10^77{n}^検査^99X03");
            format!("OBX|{n}|NM|{codes}||{n}.7|g/dl^g/dl^99XYZ|1.2-2.0||||F|||202004091500\n")
        })
        .collect();
    let head = "SPM|1|000000001219001||023^血清^JC10|||||||||||||202004091500
        OBR|1|000000011000354|000000001219001|E001^血液学的検査^99O03|||20200409|20200409||||||||D1^医師||||||20200410103059
        ORC|SC|000000011000354|||CM||||20200410103059||||||||||||||||||||O^外来患者オーダ^HL70482";
    let bytes = jis(&message("OUL^R22^OUL_R22", "O", &format!("{head}\n{results}")));
    let (name, rules) = (name("OML-11", "20200409"), Rules::default());
    let rounds = 40_000;
    let begin = Instant::now();
    let mut records = 0;
    let mut extract = Extract::default();
    for _ in 0..rounds {
        convert(&name, "file", &bytes, &rules, &mut extract);
        records += extract.statements.drain(..).map(|(_, statement)| statement.records.len()).sum::<usize>();
    }
    assert_eq!(records, 13 * rounds);
    let seconds = begin.elapsed().as_secs_f64();
    println!("{} bytes a message, {:.0} messages a second", bytes.len(), rounds as f64 / seconds);
}
