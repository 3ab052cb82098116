//! Nothing that names a person, and no free text, gets into a record, a remark or a reject's own words.

use renkei_ingest::Rules;
use renkei_ingest::ssmix2::REMARKS;

use crate::ssmix2::storage::{extract_with, jis};

/// All fields filled with what must not travel; `%` stands for it.
const MESSAGE: &str = "MSH|^~\\&|%|%|%|%|20200410120000||ADT^A08|%|P|2.5
EVN||202004091000|||%|202004091200|%
PID|1|%|0012345678|%|%^%^^^^^L^I~%^%|%|19500601|F|%^%|%|%^%^%^%^460-0001^%^H^%||%|%|%|%|%|%|%
NK1|1|%^%|SEL^%|%|%|%
PV1|1|I|5E^%^%^^^N|||%|%^%|%|%^%|03^%^MML028|||||||%^%|%|%
DB1|1|PT|%|Y
AL1|1|DA^%^HL70127|7^%^99ALG|%|%
AL1|2|DA^%^HL70127|%|%|%
IAM|1|DA^%^HL70127|%^%|MO^%|%|A|%|%|%||%
IN1|1|67^%^JHSD0001|%|%|%|%|%|%|%|%|20200101|20210101||%|%|%|%
PRB|AD|20110915|20054174^%^MDCDX2|%|%|%|20110831||20110915|K297^%^I10^O^%|%|%|%|%^%|||%|1^%^JHSD0007
PRB|AD|20110915|%^%^MDCDX2|%|||20110831|||%^%^I10
ZPR||%^%^MDCDX2|||%^%|%
ORC|NW|1||1|||||20200409103045|%^%|%^%|%^%|%|%|%|%|%|%|%|%|%|%
RXE||108665201^%^HOT9|1||TAB^%^MR9P||%^%|||15|TAB^%^MR9P|||%
RXE||%^%|1||%|||||15|%
TQ1|1||1013044400000000&%&JAMISDP01|||5^d|2020041000||||%
RXR|PO^%^HL70162|%|%|%
RXC|B|107679002^%^HOT9|1|HON^%^MR9P
RXA|0|1|20200410|20200410|107679002^%^HOT9|1|HON^%^MR9P||%^%|%^%|%|%||||||||CP
SPM|1|1||023^%^JC10|||||||||||||202004091500
OBR|1|1||99A000000000000^%^JJ1017|||20200409|||%^%|||%||%^%|%
ZE1|1|RS|99A00005550000000000000000000000^%^JJ1017|||%|%^%
OBX|1|ST|3A010000002327101^%^JC10||%|mg/dL^%^99XYZ|%||||F
OBX|2|CWE|3A010000002327101^%^JC10||%^%|%|||||F
OBX|3|TX|3A010000002327101^%^JC10||%||||||F
OBX|4|CWE|3A010000002327101^%^JC10||7^%^99RES||||||F
OBX|5|ST|3A010000002327101^%^JC10||%^%^99RES||||||F
NTE|1||%";

#[test]
fn names_addresses_and_texts_do_not_travel() {
    for secret in ["秘密太郎", "SECRET TARO"] {
        let bytes = jis(&MESSAGE.replace('%', secret));
        let mut records = 0;
        for kind in [
            "ADT-00",
            "ADT-12",
            "ADT-22",
            "ADT-31",
            "ADT-32",
            "ADT-42",
            "ADT-52",
            "ADT-61",
            "PPR-01",
            "OMP-01",
            "OMP-02",
            "OMP-11",
            "OMP-12",
            "OML-11",
            "OMG-11",
            "OMG-13",
            "L-V^V^99V",
        ] {
            let extract = extract_with(kind, &bytes, &Rules::default());
            records += extract.statements.iter().map(|(_, statement)| statement.records.len()).sum::<usize>();
            let text = format!("{:?} {:?} {:?}", extract.statements, extract.remarks, extract.rejects);
            assert!(!text.contains("SECRET") && !text.contains("秘密"), "{kind}");
            let statements = serde_json::to_string(&extract.statements).unwrap();
            assert!(statements.is_ascii(), "{kind}");
            for (code, _) in extract.seen.iter() {
                assert!(!code.code.contains("SECRET") && !code.code.contains('秘'), "{kind}");
            }
            for (id, _) in extract.remarks.iter().filter(|(id, _)| id.starts_with("ssmix2-")) {
                assert!(REMARKS.iter().any(|remark| remark.id == id), "{id}");
            }
        }
        assert!(records > 25, "{records}");
    }
}
