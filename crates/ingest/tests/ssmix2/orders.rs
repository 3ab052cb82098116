//! OMP-01, OMP-02, OMP-11, OMP-12.

use crate::ssmix2::storage::{check, extract, message, records, remarked, show};

fn orc(number: &str, group: &str, class: &str) -> String {
    format!(
        "ORC|NW|{number}||{group}|||||20200409103045|I1^入力^花子||D1^医師^一郎|||||03^内科^MML028||||||||||||{class}^オーダ^HL70482"
    )
}

#[test]
fn prescriptions() {
    let text = message(
        "RDE^O11^RDE_O11",
        "O",
        &format!(
            "{a}
             RXE||108665201^錠剤A^HOT9|1||TAB^錠^MR9P|||||15|TAB^錠^MR9P||||2020040912345||||3^TAB&錠&MR9P
             TQ1|1||1013044400000000&内服・経口・１日３回朝昼夕食後&JAMISDP01|||5^d|2020041000
             RXR|PO^口^HL70162
             {b}
             RXE||1006070020101^散剤B^HOT13^771^散剤B^99DRG|50||MG^ミリグラム^MR9P|PWD||||1400|MG^ミリグラム^MR9P
             TQ1|1||1012040400000000&内服・経口・１日２回朝夕食後&JAMISDP01|||2^w|2020041000
             RXR|PO^口^HL70162
             {c}
             RXE||772^頓服C^99DRG|2||TAB^錠^MR9P||||||||||||||||||||||||||2149032F1021^頓服C^YJ
             TQ1|1||1050110020000000&内服・頓用・疼痛時&JAMISDP01||||20200410|||||||5
             {c}
             RXE||108665201^減量する錠剤^HOT9|1||TAB^錠^MR9P|||||12|TAB^錠^MR9P
             TQ1|1|||||3^d|20200410
             TQ1|2|||||6^d|20200413
             {d}
             RXE||108665201^取り消し^HOT9|1||TAB^錠^MR9P",
            a = orc("000000011000185", "1", "O"),
            b = orc("000000011000185", "2", "O"),
            c = orc("", "3", "I"),
            d = orc("1", "4", "I").replace("NW", "CA"),
        ),
    );
    let (tail, both) = ("HL7-0162:PO #000000011000185 out", "HOT9:100607002+LOCAL:99DRG:771");
    check(
        "OMP-01",
        &text,
        &[
            &format!("EhrPrescription HOT9:108665201 2020-04-10T00:00:00..2020-04-14 5d 15 MERIT9:TAB {tail}"),
            &format!("EhrPrescription {both} 2020-04-10T00:00:00..2020-04-23 14d 1400 MERIT9:MG {tail}"),
            "EhrPrescription LOCAL:99DRG:772+YJ:2149032F1021 2020-04-10 10 MERIT9:TAB #000000000004711 in",
            "EhrPrescription HOT9:108665201 2020-04-10..2020-04-18 9d 12 MERIT9:TAB #000000000004711 in",
        ],
    );
    let extract = extract("OMP-01", &text);
    assert_eq!(remarked(&extract, "order-cancelled"), 1);
    let seen: Vec<_> = extract.seen.iter().map(|(code, text)| (code.to_string(), text)).collect();
    assert!(seen.contains(&("USAGE:1013044400000000".into(), Some("内服・経口・１日３回朝昼夕食後"))));
    assert!(seen.contains(&("HOT9:108665201".into(), Some("錠剤A"))));
}

#[test]
fn injections_are_their_components() {
    let group = |number: u8, from: &str, to: &str| {
        format!(
            "{}
             RXE||00^一般^99I02|510||ML^ミリリットル^MR9P|INJ||||||||||||||||H1|102|ml/hr^^ISO+
             TQ1|1||||||{from}|{to}
             RXR|IV^静脈内^HL70162||IVP^点滴ポンプ^HL70164
             RXC|B|107679002^輸液^HOT9|1|HON^本^MR9P
             RXC|A|119874401^注射薬^HOT9|2|AMP^アンプル^MR9P",
            orc("123456789012345", &format!("123456789012345_01_00{number}"), "I")
        )
    };
    let text = format!("{}\n{}", group(1, "202004100800", "202004101300"), group(2, "202004101300", "202004101800"));
    let tail = "HL7-0162:IV #123456789012345 in";
    check(
        "OMP-02",
        &message("RDE^O11^RDE_O11", "I", &text),
        &[
            &format!("EhrOrder HOT9:107679002 2020-04-10T08:00:00..2020-04-10T13:00:00 1 MERIT9:HON {tail}"),
            &format!("EhrOrder HOT9:119874401 2020-04-10T08:00:00..2020-04-10T13:00:00 2 MERIT9:AMP {tail}"),
            &format!("EhrOrder HOT9:107679002 2020-04-10T13:00:00..2020-04-10T18:00:00 1 MERIT9:HON {tail}"),
            &format!("EhrOrder HOT9:119874401 2020-04-10T13:00:00..2020-04-10T18:00:00 2 MERIT9:AMP {tail}"),
        ],
    );
    let bare = format!("{}\nRXE||00^一般^99I02|510||ML^^MR9P\n", orc("1", "1", "I"));
    let extract = extract("OMP-02", &message("RDE^O11", "I", &bare));
    assert!(records(&extract).is_empty() && extract.rejects.len() == 1);
}

#[test]
fn administrations() {
    let text = message(
        "RAS^O17^RAS_O17",
        "I",
        &format!(
            "{}
             RXA|0|1|20200410080521|20200410130543|107679002^輸液^HOT9|1|HON^本^MR9P||^左手^99IC2|N1^看護^花子|||||||||CP||20200410130613
             RXA|0|1|20200410080521|20200410130543|119874401^注射薬^HOT9|0.5|AMP^アンプル^MR9P|||||||||||||PA
             RXR|IV^静脈内^HL70162||IVP^点滴ポンプ^HL70164
             RXA|0|1|202004102530||119874401^注射薬^HOT9|1|AMP^アンプル^MR9P|||||||||||||RE
             RXA|0|1|20200410||119874401^注射薬^HOT9|1|AMP^アンプル^MR9P|||||||||||01^拒否
             RXA|0|1|20200410||119874401^注射薬^HOT9|1|AMP^アンプル^MR9P|||||||||||||CP|D
             {}
             RXE||06^予防接種^JHSI0002
             RXA|0|1|202004102530||775^ワクチン^99DRG|0.5|ML^ミリリットル^MR9P|||||||||||||CP
             RXA|0|1|||775^ワクチン^99DRG|0.5|ML^ミリリットル^MR9P|||||||||||||CP",
            orc("123456789012345", "123456789012345_01_001", "I"),
            orc("2", "1", "O"),
        ),
    );
    let (span, tail) = ("2020-04-10T08:05:21..2020-04-10T13:05:43", "HL7-0162:IV #123456789012345 in");
    check(
        "OMP-12",
        &text,
        &[
            &format!("EhrAdministration HOT9:107679002 {span} 1 MERIT9:HON {tail}"),
            &format!("EhrAdministration HOT9:119874401 {span} 0.5 MERIT9:AMP {tail}"),
            "EhrAdministration LOCAL:99DRG:775+SSMIX2:JHSI0002:06 2020-04-11T01:30:00 0.5 MERIT9:ML #2 out",
            "EhrAdministration LOCAL:99DRG:775+SSMIX2:JHSI0002:06 2020-04-09T10:30:45 0.5 MERIT9:ML #2 out",
        ],
    );
    assert_eq!(remarked(&extract("OMP-12", &text), "not-given"), 3);
}

#[test]
fn without_any_date_of_its_own_a_record_has_that_of_the_folder() {
    let text = message("RAS^O17", "", "RXA|0|1|00000000||108665201^錠剤A^HOT9|1|TAB^錠^MR9P|||||||||||||CP");
    let extract = extract("OMP-11", &text);
    let shown: Vec<_> = records(&extract).iter().map(show).collect();
    assert_eq!(shown, ["EhrAdministration HOT9:108665201 2020-04-09 1 MERIT9:TAB #000000000004711"]);
    assert_eq!(remarked(&extract, "folder-date"), 1);
}
