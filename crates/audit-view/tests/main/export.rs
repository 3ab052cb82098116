//! Sentences and exports.

use renkei_audit_view::{Filter, Hit, Index, Roster, export, sentence::sentence};

use crate::logs::*;

fn hits() -> Vec<Hit> {
    let folder = tempfile::tempdir().unwrap();
    gateway(folder.path());
    let mut index = Index::in_memory().unwrap();
    index.update(&origin(GATEWAY), &reader(folder.path()), &mut |_, _| {}).unwrap();
    let mut hits = index.search(&Filter { limit: 100, ..Filter::default() }).unwrap().hits;
    hits.reverse();
    hits
}

#[test]
fn each_thing_is_one_sentence_in_both_languages() {
    let roster =
        "[people.suzuki]\nname = '鈴木 花子'\n[sites.osaka]\nname = '大阪病院'\n[projects.p-2]\ntitle = '心不全'\n";
    let roster = Roster::parse(roster).unwrap();
    let said = |japanese| -> Vec<String> { hits().iter().map(|h| sentence(&h.event, &roster, japanese)).collect() };
    assert_eq!(
        said(true),
        [
            "2026年9月21日 23:13、renkei://c/site/tokyo で起動: renkei-gateway 0.1.0",
            "2026年9月21日 23:13、東京大学の鈴木 花子さん(suzuki)が課題「p-1」で(倫理審査 2026-0123)2施設に person \
             の集計を質問し、2施設が回答しました(4セル)。",
            "2026年9月21日 23:13、大阪大学のyamadaが課題「心不全 (p-2)」で(倫理審査 2026-0123)2施設に measurement \
             の集計を質問し、1施設が回答(2セル)、大阪病院は未接続(E-OFFLINE)でした。",
            "2026年9月21日 23:13、大阪大学のyamadaが課題「心不全 (p-2)」で(倫理審査 2026-0123)1施設に質問し、\
             拒否されました(E-GRANT-TABLE)。理由: the project was not granted the table `note`。",
            "2026年9月21日 23:13、東京大学の鈴木 花子さん(suzuki)が課題「p-1」で(倫理審査 2026-0123)1施設に person \
             の集計を質問し、完了の記録がありません。",
        ]
    );
    let english = said(false);
    assert_eq!(
        english[2],
        "2026-09-21 23:13:26 JST: yamada of 大阪大学 asked 2 sites about measurement under 心不全 (p-2) (ethics approval \
         2026-0123); 1 answered with 2 cells, 大阪病院 was offline (E-OFFLINE)."
    );
    assert!(english[4].ends_with("no end is recorded."), "{}", english[4]);
}

#[test]
fn csv_has_one_row_a_thing_and_no_formula() {
    let hits = hits();
    let lines: String = hits.iter().map(export::csv_line).collect();
    assert_eq!(lines.matches("\r\n").count(), 5);
    let heading = export::csv_heading();
    assert_eq!(heading.trim_end().split(',').count(), export::COLUMNS.len());
    assert_eq!(lines.lines().next().unwrap().split(',').count(), export::COLUMNS.len());
    let formula = lines.lines().find(|line| line.contains("HYPERLINK")).unwrap();
    assert!(formula.contains(",\"'=HYPERLINK(\"\"x\"\")"), "{formula}");
    assert!(lines.contains(",tokyo,osaka=offline,measurement,"), "{lines}");
}

#[test]
fn fhir_follows_the_query_pattern_where_a_question_was_answered() {
    let all: Vec<_> = hits().iter().map(export::fhir).collect();
    let answered = &all[1];
    let at = |path: &str| answered.pointer(path).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    assert_eq!(at("/meta/profile/0"), "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.Query");
    assert_eq!((at("/type/code").as_str(), at("/action").as_str(), at("/outcome").as_str()), ("rest", "E", "0"));
    assert_eq!(at("/recorded"), "2026-09-21T14:13:22.000000Z");
    let agents: Vec<_> = answered["agent"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["type"]["coding"][0]["code"].as_str().unwrap())
        .collect();
    assert_eq!(agents, ["110153", "110152", "IRCP"]);
    assert_eq!(answered["agent"].as_array().unwrap().iter().filter(|a| a["requestor"] == true).count(), 1);
    assert!(answered["agent"].as_array().unwrap()[..2].iter().all(|agent| agent["network"]["type"] == "5"));
    let queries: Vec<_> =
        answered["entity"].as_array().unwrap().iter().filter(|entity| entity["role"]["code"] == "24").collect();
    assert_eq!(queries.len(), 1);
    assert!(queries[0]["query"].as_str().unwrap().starts_with("U0VMRUNU"), "base64 of SELECT");
    assert_eq!(answered["entity"][0]["what"]["identifier"]["value"], "q-1");
    // A refusal claims no profile of success.
    assert!(all[3].get("meta").is_none() && all[3]["outcome"] == "4");
    assert!(all[4].get("meta").is_none() && all[4]["outcome"] == "8", "a question without end");
    assert_eq!(all[0]["type"]["code"], "110100");
}
