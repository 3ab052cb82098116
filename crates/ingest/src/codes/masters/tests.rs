use encoding_rs::SHIFT_JIS;
use proptest::prelude::*;

use super::*;
use crate::codes::canonical;

fn coding(system: System, code: &str) -> Coding {
    let coding = canonical(system, code, &mut Remarks::default()).unwrap();
    assert_eq!(coding.system, system);
    coding
}

type File<'a> = (MasterKind, &'a str, Option<Column>, Option<Column>);

/// Masters of the texts, written in CP932.
fn load(files: &[File<'_>]) -> Result<Masters, CodesError> {
    let folder = tempfile::tempdir().unwrap();
    let master = |(index, (kind, text, key, target)): (usize, &File<'_>)| {
        let file = folder.path().join(format!("{index}.csv"));
        std::fs::write(&file, SHIFT_JIS.encode(text).0).unwrap();
        Master { kind: *kind, file, key_column: key.clone(), target_column: target.clone() }
    };
    let masters: Vec<_> = files.iter().enumerate().map(master).collect();
    Masters::load(&masters)
}

fn expanded(masters: &Masters, codes: &[(System, &str)]) -> Vec<String> {
    let mut codes: Codes = codes.iter().map(|(system, code)| coding(*system, code)).collect();
    masters.expand(&mut codes);
    let once = codes.clone();
    masters.expand(&mut codes);
    assert_eq!(codes, once, "expanding is done once");
    codes.iter().map(ToString::to_string).collect()
}

const DISEASES: &str = "0,20054174,胃の病,イ,1,KMRS,K297,,,,,,,,20200101,,,\r\n\
                        0,20061834,肺の病,ハ,1,ABCD,J189,,,,,,,,20200101,,,\r\n\
                        0,20099999,分類なし,ナ,1,EFGH,,,,,,,,,20200101,,,\r\n";

fn hot() -> String {
    let header = "\"基準番号（ＨＯＴコード）\",\"処方用番号（ＨＯＴ７）\",\"会社識別用番号\",\"調剤用番号\",\"物流用番号\",\
                  \"ＪＡＮコード\",\"薬価基準収載医薬品コード\",\"個別医薬品コード\",\
                  \"レセプト電算処理システムコード（１）\",\"レセプト電算処理システムコード（２）\",\"告示名称\"\r\n";
    let row = |hot: &str, price: &str, yj: &str, receipt: &str| {
        format!(
            "\"{hot}\",\"{}\",\"01\",\"01\",\"01\",\"\",\"{price}\",\"{yj}\",\"{receipt}\",\"\",\"薬\"\r\n",
            &hot[..7]
        )
    };
    [
        header.to_owned(),
        row("1038316010101", "2149001F1010", "2149001F1010", "620000001"),
        row("1038316010102", "2149001F1010", "2149001F1010", "620000001"),
        row("1038316020101", "2149001F1010", "2149001F1028", "620000001"),
        row("1057002990101", "", "", "620000002"),
    ]
    .concat()
}

#[test]
fn diseases_get_their_icd_code_before_their_own() {
    let masters = load(&[(MasterKind::MedisDisease, DISEASES, None, None)]).unwrap();
    for (codes, expect) in [
        (&[(System::Medis, "20054174")][..], &["ICD10:K29.7", "MEDIS:20054174"][..]),
        (&[(System::MedisExchange, "ABCD")], &["ICD10:J18.9", "MEDISX:ABCD", "MEDIS:20061834"]),
        (&[(System::Medis, "20054174"), (System::Icd10, "K29.7")], &["ICD10:K29.7", "MEDIS:20054174"]),
        (&[(System::Medis, "20099999")], &["MEDIS:20099999"]),
        (&[], &[]),
    ] {
        assert_eq!(expanded(&masters, codes), expect);
    }
    assert_eq!((masters.len(), masters.remarks().is_empty()), (5, true));
}

#[test]
fn drugs_get_one_code_before_all_others_whatever_their_source_calls_them() {
    let drug = "0,Y,620000002,10,薬,5,ヤク,1,1,錠,,,,,,,,,,,,,,,,,,,,20200101,99999999,1124001F1022,,\r\n";
    let masters =
        load(&[(MasterKind::MedisHot, &hot(), None, None), (MasterKind::ReceiptDrug, drug, None, None)]).unwrap();
    for (codes, expect) in [
        (&[(System::Hot9, "103831601")][..], &["YJ:2149001F1010", "HOT9:103831601"][..]),
        (&[(System::Hot9, "103831602")], &["YJ:2149001F1028", "HOT9:103831602"]),
        (&[(System::Receipt, "620000002")], &["YJ:1124001F1022", "RECEIPT:620000002"]),
        (&[(System::Receipt, "620000001")], &["RECEIPT:620000001"]),
        (&[(System::Local, "A"), (System::Hot9, "103831601")], &["YJ:2149001F1010", "LOCAL:A", "HOT9:103831601"]),
        (&[(System::Hot9, "103831601"), (System::Yj, "9999999F9999")], &["YJ:9999999F9999", "HOT9:103831601"]),
        (&[(System::Hot9, "105700299")], &["HOT9:105700299"]),
    ] {
        assert_eq!(expanded(&masters, codes), expect);
    }
    let made: Vec<_> = masters.remarks().iter().collect();
    assert_eq!(made, [("codes-master-ambiguous", 1), ("codes-master-row", 1)]);
}

#[test]
fn columns_elsewhere_are_found_by_shape_or_as_the_site_names_them() {
    let moved = "x,y,20054174,K29.7\nx,y,20061834,J189\n";
    let named = "番号,分類2013,分類2003\n20054174,K297,K299\n";
    let (number, name) = (|number| Some(Column::Number(number)), |name: &str| Some(Column::Name(name.into())));
    for (text, key, target, expect) in [
        (moved, None, None, "ICD10:K29.7"),
        (named, None, None, "ICD10:K29.7"),
        (named, None, name("分類２００３"), "ICD10:K29.9"),
        (named, name("番号"), number(3), "ICD10:K29.9"),
    ] {
        let masters = load(&[(MasterKind::MedisDisease, text, key, target)]).unwrap();
        assert_eq!(expanded(&masters, &[(System::Medis, "20054174")]), [expect, "MEDIS:20054174"]);
    }
    for (text, key) in [("", None), ("a,b\n1,2\n", None), (named, number(4)), (named, number(0)), (named, name("x"))] {
        let error = load(&[(MasterKind::MedisDisease, text, key, None)]).unwrap_err().to_string();
        assert!(error.contains("0.csv") && error.contains("key_column"), "{error}");
    }
}

#[test]
fn the_site_configures_them() {
    #[derive(Deserialize)]
    struct Config {
        masters: Vec<Master>,
    }
    let text = "[[masters]]\nkind = \"medis-disease\"\nfile = \"nmain.txt\"\nkey_column = 2\ntarget_column = \"ICD10\"\n\
                [[masters]]\nkind = \"medis-hot\"\nfile = \"MEDIS.TXT\"\n";
    let config: Config = toml::from_str(text).unwrap();
    assert_eq!(config.masters[0].key_column, Some(Column::Number(2)));
    assert_eq!(config.masters[0].target_column, Some(Column::Name("ICD10".into())));
    assert_eq!((config.masters[1].kind, &config.masters[1].key_column), (MasterKind::MedisHot, &None));
    assert!(toml::from_str::<Config>("[[masters]]\nkind = \"receipt-drug\"\nfile = \"y.csv\"\nkey = 1\n").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_bytes_are_a_master_or_an_error(bytes in prop_oneof![
        any::<Vec<u8>>(),
        "([0-9A-Z\",\t\r\n病名管理番号]{0,20}[,\n])*(2005417[0-9],K29[0-9]\n)*".prop_map(String::into_bytes),
    ]) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("m.csv");
        std::fs::write(&file, &bytes).unwrap();
        for kind in [MasterKind::MedisDisease, MasterKind::MedisHot, MasterKind::ReceiptDrug] {
            let master = Master { kind, file: file.clone(), key_column: None, target_column: None };
            if let Ok(masters) = Masters::load(&[master]) {
                prop_assert!(masters.len() <= bytes.len());
            }
        }
    }
}
