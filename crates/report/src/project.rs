//! What one project asked, for its ethics committee.

use std::collections::BTreeSet;

use renkei_audit_view::{Event, Roster, sentence, text, when};
use renkei_types::{ProjectId, Timestamp};

use crate::document::{Cell, Document, Section, Table};
use crate::tally::{Source, Tally, cells};
use crate::{Language, activity};

/// Makes the report of one project.
#[must_use]
pub fn project(
    id: &ProjectId,
    tally: &Tally,
    roster: &Roster,
    sources: &[Source],
    span: (Option<Timestamp>, Option<Timestamp>),
    language: Language,
) -> Document {
    let questions = tally.questions.iter().filter(|event| event.project.as_ref() == Some(id)).cloned().collect();
    let tally = Tally { questions };
    let study = roster.projects.get(id.as_str()).cloned().unwrap_or_default();
    let unknown = language.pick("unknown", "不明");
    let approvals: BTreeSet<String> =
        tally.questions.iter().filter_map(|event| event.ethics.clone()).chain(study.ethics).collect();
    let list = |items: BTreeSet<String>| {
        if items.is_empty() { unknown.to_owned() } else { items.into_iter().collect::<Vec<_>>().join(", ") }
    };
    let mut lead = vec![
        (language.pick("Project", "課題").to_owned(), id.to_string()),
        (language.pick("Title", "課題名").to_owned(), study.title.unwrap_or_else(|| unknown.to_owned())),
        (language.pick("Lead", "研究責任者").to_owned(), study.lead.unwrap_or_else(|| unknown.to_owned())),
        (language.pick("Ethics approval", "倫理審査承認番号").to_owned(), list(approvals)),
    ];
    lead.extend(activity::lead(&tally, span, language));
    let title =
        language.pick("Use of medical records by a project", "課題別利用状況報告書(倫理審査委員会用)").to_owned();
    let sections = vec![
        summary(&tally, language),
        people(&tally, roster, language),
        tables(&tally, language),
        questions_table(&tally, roster, language),
        statements(&tally, language),
        logs(sources, language),
    ];
    Document { language, title, lead, sections }
}

fn summary(tally: &Tally, language: Language) -> Section {
    let all = tally.all();
    let mut table = Table::new(&[language.pick("what", "項目"), language.pick("number", "件数")]);
    let mut add = |english: &str, japanese: &str, value: u64| {
        table.rows.push(vec![Cell::text(language.pick(english, japanese)), Cell::Number(value)]);
    };
    add("questions", "照会数", all.questions);
    add("answered by every site", "全施設が回答", all.answered);
    add("answered without some site", "一部施設が回答", all.partial);
    add("refused", "拒否", all.refused);
    add("ended otherwise or not at all", "その他・未完了", all.other);
    add("cells that left the hospitals", "病院から出たセル数", all.cells);
    let note = language.pick(
        "What leaves a hospital are aggregates over at least the minimum number of persons; no record of a person leaves.",
        "病院から出るのは、定められた最小人数以上の集計値のみです。個人単位の記録は出ません。",
    );
    Section { title: language.pick("Summary", "概要").into(), note: Some(note.into()), table }
}

fn people(tally: &Tally, roster: &Roster, language: Language) -> Section {
    let mut table = Table::new(&[
        language.pick("who", "利用者"),
        language.pick("questions", "照会"),
        language.pick("cells", "セル"),
        language.pick("last", "最終利用"),
    ]);
    table.bars = Some(1);
    let ja = language == Language::Japanese;
    let name = |event: &Event| event.who.as_ref().map_or_else(String::new, |who| sentence::person(who, roster, ja));
    for (person, group) in tally.by(name) {
        let last = tally.questions.iter().rev().find(|event| name(event) == person).map(|event| when::day(event.at));
        let last = Cell::text(&last.unwrap_or_default());
        table.rows.push(vec![Cell::text(&person), Cell::Number(group.questions), Cell::Number(group.cells), last]);
    }
    Section { title: language.pick("People", "利用者").into(), note: None, table }
}

fn tables(tally: &Tally, language: Language) -> Section {
    let mut table = Table::new(&[language.pick("table", "表"), language.pick("questions", "照会")]);
    table.bars = Some(1);
    let names: BTreeSet<&String> = tally.questions.iter().flat_map(|event| &event.tables).collect();
    for name in names {
        let count = tally.questions.iter().filter(|event| event.tables.contains(name)).count() as u64;
        table.rows.push(vec![Cell::text(name), Cell::Number(count)]);
    }
    let note = language.pick("As recorded when a question was begun.", "照会の開始時に記録されたものです。");
    Section { title: language.pick("Tables that were read", "参照した表").into(), note: Some(note.into()), table }
}

fn questions_table(tally: &Tally, roster: &Roster, language: Language) -> Section {
    let ja = language == Language::Japanese;
    let mut table = Table::new(&[
        language.pick("no.", "番号"),
        language.pick("time (JST)", "日時"),
        language.pick("who", "利用者"),
        language.pick("sites that answered", "回答施設"),
        language.pick("sites without answer", "未回答施設"),
        language.pick("outcome", "結果"),
        language.pick("cells", "セル"),
    ]);
    for (number, event) in (1..).zip(&tally.questions) {
        let (answered, others) = event.by_site();
        let names = |list: &[&renkei_audit_view::Answer]| {
            list.iter().map(|answer| roster.site(answer.site.as_str())).collect::<Vec<_>>().join(", ")
        };
        let outcome = match &event.code {
            Some(code) => format!("{} {code}", sentence::outcome(event, ja)),
            None => sentence::outcome(event, ja).to_owned(),
        };
        let who = event.who.as_ref().map_or_else(String::new, |who| sentence::person(who, roster, ja));
        table.rows.push(vec![
            Cell::Number(number),
            Cell::text(&when::japan(event.at)),
            Cell::text(&who),
            Cell::text(&names(&answered)),
            Cell::text(&names(&others)),
            Cell::text(&outcome),
            Cell::Number(cells(event)),
        ]);
    }
    Section { title: language.pick("Questions", "照会の一覧").into(), note: None, table }
}

fn statements(tally: &Tally, language: Language) -> Section {
    let mut table = Table::new(&[
        language.pick("no.", "番号"),
        language.pick("query id", "照会ID"),
        language.pick("statement", "照会文"),
    ]);
    for (number, event) in (1..).zip(&tally.questions) {
        let sealed = language.pick("(too long; kept sealed beside the log)", "(長文のためログの横に封印して保管)");
        let sql = event.sql.as_deref().map_or_else(|| sealed.to_owned(), |sql| text::short(sql, 2_000));
        let id = event.query.as_ref().map(ToString::to_string).unwrap_or_default();
        table.rows.push(vec![Cell::Number(number), Cell::text(&id), Cell::text(&sql)]);
    }
    Section { title: language.pick("Statements", "照会文").into(), note: None, table }
}

pub(crate) fn logs(sources: &[Source], language: Language) -> Section {
    let mut table = Table::new(&[
        language.pick("log", "ログ"),
        language.pick("entries", "記録数"),
        language.pick("signed entries", "署名済み"),
        language.pick("root (SHA-256)", "ルートハッシュ(SHA-256)"),
        language.pick("verified", "検証"),
    ]);
    for source in sources {
        let verified = match source.sound {
            Some(true) => language.pick("in order", "異常なし"),
            Some(false) => language.pick("NOT TO BE BELIEVED", "信頼できません"),
            None => language.pick("not verified: no key", "未検証(鍵なし)"),
        };
        let (size, root) = match source.head {
            Some(head) => (Cell::Number(head.size), head.root.to_string()),
            None => (Cell::text("–"), "–".to_owned()),
        };
        let entries = Cell::Number(source.entries);
        table.rows.push(vec![
            Cell::text(source.origin.as_str()),
            entries,
            size,
            Cell::text(&root),
            Cell::text(verified),
        ]);
    }
    let note = language.pick(
        "This report was counted from these logs. Whoever has them can count again: `renkei audit verify` shows the same \
         root at the same size.",
        "本報告書は以下のログから集計しました。ログをお持ちの方は `renkei audit verify` により、同じ件数で同じルートハッシュになることを確認できます。",
    );
    Section { title: language.pick("Where this comes from", "集計元").into(), note: Some(note.into()), table }
}
