//! What a consortium did: by month, site, institution and field, with the indicators of its evaluation.

use std::collections::{BTreeMap, BTreeSet};

use renkei_audit::entry::State;
use renkei_audit_view::{Roster, when};
use renkei_types::Timestamp;

use crate::document::{Cell, Document, Section, Table};
use crate::tally::{Group, Source, Tally, institution};
use crate::{Language, life, project};

/// Makes the report. `span` is what was asked for, where a part was.
#[must_use]
pub fn activity(
    tally: &Tally,
    roster: &Roster,
    sources: &[Source],
    span: (Option<Timestamp>, Option<Timestamp>),
    language: Language,
) -> Document {
    let title = match (&roster.consortium, language) {
        (Some(name), Language::English) => format!("{name}: activity report"),
        (Some(name), Language::Japanese) => format!("{name} 活動報告書"),
        (None, Language::English) => "Activity report of the consortium".to_owned(),
        (None, Language::Japanese) => "コンソーシアム活動報告書".to_owned(),
    };
    let unknown = language.pick("unknown", "不明");
    let person = |event: &renkei_audit_view::Event| {
        event.who.as_ref().and_then(|who| roster.people.get(who.id())).cloned().unwrap_or_default()
    };
    let by = |title: &str, head: &str, groups: BTreeMap<String, Group>| Section {
        title: title.to_owned(),
        note: None,
        table: groups_table(head, by_use(groups, unknown), language),
    };
    let sections = vec![
        indicators(tally, roster, language),
        Section {
            title: language.pick("By month", "月別").to_owned(),
            note: None,
            table: groups_table(language.pick("month", "月"), tally.by_month().into_iter().collect(), language),
        },
        sites(tally, roster, language),
        life::section(sources, language),
        by(
            language.pick("By institution", "所属機関別"),
            language.pick("institution", "所属機関"),
            tally.by(|event| institution(event, roster).unwrap_or_else(|| unknown.to_owned())),
        ),
        by(
            language.pick("By field of research", "研究分野別"),
            language.pick("field", "分野"),
            tally.by(|event| person(event).field.unwrap_or_else(|| unknown.to_owned())),
        ),
        by(
            language.pick("By background", "利用者区分別"),
            language.pick("background", "区分"),
            tally.by(|event| person(event).background.unwrap_or_else(|| unknown.to_owned())),
        ),
        by(
            language.pick("By project", "課題別"),
            language.pick("project", "課題"),
            tally.by(|event| {
                event.project.as_ref().map_or_else(|| unknown.to_owned(), |id| roster.project(id.as_str()))
            }),
        ),
        logs(sources, language),
    ];
    Document { language, title, lead: lead(tally, span, language), sections }
}

/// The period: what was asked for, else from the first to the last question.
pub(crate) fn lead(
    tally: &Tally,
    span: (Option<Timestamp>, Option<Timestamp>),
    language: Language,
) -> Vec<(String, String)> {
    let first = span.0.or_else(|| tally.questions.first().map(|event| event.at));
    // The end of a span is the first instant behind it.
    let last = span.1.map(|end| Timestamp(end.0 - 1)).or_else(|| tally.questions.last().map(|event| event.at));
    let day = |at: Option<Timestamp>| at.map_or_else(|| "–".to_owned(), when::day);
    let period = language.pick("Period (Japan's time)", "対象期間(日本時間)").to_owned();
    vec![(period, format!("{} – {}", day(first), day(last)))]
}

fn indicators(tally: &Tally, roster: &Roster, language: Language) -> Section {
    let all = tally.all();
    let young = tally.people(|person| roster.people.get(person).and_then(|member| member.young));
    let other = tally.people(|person| roster.people.get(person).and_then(|member| member.medicine).map(|yes| !yes));
    let institutions: BTreeSet<String> =
        tally.questions.iter().filter_map(|event| institution(event, roster)).collect();
    let mut table = Table::new(&[language.pick("indicator", "指標"), language.pick("value", "値")]);
    let mut add = |english: &str, japanese: &str, value: u64| {
        table.rows.push(vec![Cell::text(language.pick(english, japanese)), Cell::Number(value)]);
    };
    add("studies with questions", "利用のあった課題数", all.projects.len() as u64);
    add("people who asked", "利用者数", all.people.len() as u64);
    add("of them young researchers", "うち若手研究者", young[0]);
    add("of them not young", "うち若手以外", young[1]);
    add("of them unknown whether young", "うち若手か不明", young[2]);
    add("of them of a field other than medicine", "うち医学以外の分野", other[0]);
    add("of them of medicine", "うち医学分野", other[1]);
    add("of them of an unknown field", "うち分野不明", other[2]);
    add("institutions of people who asked", "利用者の所属機関数", institutions.len() as u64);
    add("sites that were asked", "照会先の施設数", tally.by_site().len() as u64);
    add("questions", "照会数", all.questions);
    add("answered by every site", "全施設が回答", all.answered);
    add("answered without some site", "一部施設が回答", all.partial);
    add("refused", "拒否", all.refused);
    add("ended otherwise or not at all", "その他・未完了", all.other);
    add("cells that left", "開示されたセル数", all.cells);
    if let Some(median) = all.median() {
        add("median time to an answer (ms)", "回答までの時間の中央値(ミリ秒)", median);
    }
    let note = language.pick(
        "Whether somebody is young, of which field and of which institution is what the coordinator's roster says; the log \
         holds none of it. What it does not say is counted as unknown.",
        "若手か否か、分野、所属機関は事務局の名簿によります(監査ログには含まれません)。名簿にないものは「不明」として数えています。",
    );
    Section { title: language.pick("Indicators", "評価指標").into(), note: Some(note.into()), table }
}

/// The groups that asked most first, what is not known last.
fn by_use(groups: BTreeMap<String, Group>, unknown: &str) -> Vec<(String, Group)> {
    let mut groups: Vec<(String, Group)> = groups.into_iter().collect();
    groups.sort_by_key(|(name, group)| (name == unknown, std::cmp::Reverse(group.questions)));
    groups
}

fn groups_table(head: &str, groups: Vec<(String, Group)>, language: Language) -> Table {
    let mut table = Table::new(&[
        head,
        language.pick("questions", "照会"),
        language.pick("answered", "回答"),
        language.pick("partial", "一部回答"),
        language.pick("refused", "拒否"),
        language.pick("other", "その他"),
        language.pick("cells", "セル"),
        language.pick("people", "利用者"),
        language.pick("projects", "課題"),
        language.pick("median ms", "中央値(ms)"),
    ]);
    table.bars = Some(1);
    for (name, group) in groups {
        let number = |value: usize| Cell::Number(value as u64);
        table.rows.push(vec![
            Cell::text(&name),
            Cell::Number(group.questions),
            Cell::Number(group.answered),
            Cell::Number(group.partial),
            Cell::Number(group.refused),
            Cell::Number(group.other),
            Cell::Number(group.cells),
            number(group.people.len()),
            number(group.projects.len()),
            group.median().map_or_else(|| Cell::text("–"), Cell::Number),
        ]);
    }
    table
}

fn sites(tally: &Tally, roster: &Roster, language: Language) -> Section {
    let mut table = Table::new(&[
        language.pick("site", "施設"),
        language.pick("asked", "照会"),
        language.pick("answered", "回答"),
        language.pick("refused", "拒否"),
        language.pick("offline", "未接続"),
        language.pick("late", "期限切れ"),
        language.pick("failed", "失敗"),
        language.pick("other", "その他"),
    ]);
    table.bars = Some(1);
    for (site, (asked, states)) in tally.by_site() {
        let of = |wanted: &[State]| {
            Cell::Number(states.iter().filter(|(state, _)| wanted.contains(state)).map(|(_, count)| *count).sum())
        };
        table.rows.push(vec![
            Cell::text(roster.site(&site)),
            Cell::Number(asked),
            of(&[State::Answered]),
            of(&[State::Refused]),
            of(&[State::Offline]),
            of(&[State::Late]),
            of(&[State::Failed]),
            of(&[State::Aborted, State::Cancelled]),
        ]);
    }
    Section { title: language.pick("By site", "施設別").into(), note: None, table }
}

pub(crate) fn logs(sources: &[Source], language: Language) -> Section {
    project::logs(sources, language)
}
