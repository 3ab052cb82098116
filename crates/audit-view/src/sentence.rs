//! One thing in one sentence, as it is read aloud in a committee.

use renkei_audit::entry::{Act, State};

use crate::event::{Answer, Event, Kind, Person};
use crate::roster::Roster;
use crate::{details, text, when};

/// The sentence, in Japanese or English, without anything in it that drives a terminal.
#[must_use]
pub fn sentence(event: &Event, roster: &Roster, japanese: bool) -> String {
    let sentence = match (event.kind, japanese) {
        (Kind::Question | Kind::Refusal, true) => question_ja(event, roster),
        (Kind::Question | Kind::Refusal, false) => question_en(event, roster),
        (Kind::Act, true) => act_ja(event, roster),
        (Kind::Act, false) => act_en(event, roster),
    };
    text::line(&sentence)
}

/// A state in a word.
#[must_use]
pub fn state(state: State, japanese: bool) -> &'static str {
    match (state, japanese) {
        (State::Aborted, true) => "中断",
        (State::Answered, true) => "回答",
        (State::Cancelled, true) => "取消",
        (State::Failed, true) => "失敗",
        (State::Late, true) => "期限切れ",
        (State::Offline, true) => "未接続",
        (State::Refused, true) => "拒否",
        (State::Aborted, false) => "aborted",
        (State::Answered, false) => "answered",
        (State::Cancelled, false) => "cancelled",
        (State::Failed, false) => "failed",
        (State::Late, false) => "late",
        (State::Offline, false) => "offline",
        (State::Refused, false) => "refused",
    }
}

/// How a thing ended, in a word.
#[must_use]
pub fn outcome(event: &Event, japanese: bool) -> &'static str {
    match (event.outcome_word(), japanese) {
        ("open", true) => "未完了",
        ("partial", true) => "一部回答",
        ("done", true) => "実施",
        ("open", false) => "open",
        ("partial", false) => "partial",
        ("done", false) => "done",
        _ => event.state.map_or("", |found| state(found, japanese)),
    }
}

/// An act in a few words.
#[must_use]
pub fn act(act: Act, japanese: bool) -> &'static str {
    match (act, japanese) {
        (Act::Alarm, true) => "ログの矛盾（警報）",
        (Act::Approval, true) => "承認の変更",
        (Act::Archive, true) => "古い記録の保管",
        (Act::Ceremony, true) => "鍵・ログの引継ぎ",
        (Act::Clock, true) => "時計のずれ",
        (Act::Config, true) => "設定の変更",
        (Act::Cut, true) => "書きかけの末尾の切取り",
        (Act::Disk, true) => "ログのディスク容量",
        (Act::Key, true) => "鍵・証明書",
        (Act::LogRead, true) => "ログの閲覧",
        (Act::Map, true) => "対応表の採用",
        (Act::OptOut, true) => "オプトアウト名簿の変更",
        (Act::Policy, true) => "方針の変更",
        (Act::Preview, true) => "施設内での試算",
        (Act::Roster, true) => "構成員・施設の変更",
        (Act::Snapshot, true) => "スナップショット",
        (Act::Start, true) => "起動",
        (Act::Stop, true) => "停止",
        (Act::Alarm, false) => "alarm: a log contradicts what was seen of it",
        (Act::Approval, false) => "approval",
        (Act::Archive, false) => "old entries archived",
        (Act::Ceremony, false) => "ceremony",
        (Act::Clock, false) => "clock",
        (Act::Config, false) => "configuration changed",
        (Act::Cut, false) => "torn end cut",
        (Act::Disk, false) => "log's disk",
        (Act::Key, false) => "key or certificate",
        (Act::LogRead, false) => "log read",
        (Act::Map, false) => "map taken",
        (Act::OptOut, false) => "opt-out list changed",
        (Act::Policy, false) => "policy changed",
        (Act::Preview, false) => "preview at the site",
        (Act::Roster, false) => "members or sites changed",
        (Act::Snapshot, false) => "snapshot",
        (Act::Start, false) => "start",
        (Act::Stop, false) => "stop",
    }
}

/// The person with institution, as far as roster and log know them.
#[must_use]
pub fn person(who: &Person, roster: &Roster, japanese: bool) -> String {
    let member = roster.people.get(who.id());
    let name = member.and_then(|member| member.name.as_deref());
    let institution = member.and_then(|member| member.institution.as_deref()).or(who.institution.as_deref());
    let behalf = who.on_behalf.as_deref();
    if japanese {
        let name = name.map_or_else(|| who.id().to_owned(), |name| format!("{name}さん({})", who.id()));
        let of = institution.map(|institution| format!("{institution}の")).unwrap_or_default();
        let behalf = behalf.map(|other| format!("({other} の代理)")).unwrap_or_default();
        format!("{of}{name}{behalf}")
    } else {
        let name = name.map_or_else(|| who.id().to_owned(), |name| format!("{name} ({})", who.id()));
        let of = institution.map(|institution| format!(" of {institution}")).unwrap_or_default();
        let behalf = behalf.map(|other| format!(" on behalf of {other}")).unwrap_or_default();
        format!("{name}{of}{behalf}")
    }
}

fn question_ja(event: &Event, roster: &Roster) -> String {
    let at = when::japanese(event.at);
    let who = event.who.as_ref().map_or_else(|| "不明の利用者".to_owned(), |who| person(who, roster, true));
    let project = event.project.as_ref().map(|id| format!("課題「{}」で", roster.project(id.as_str())));
    let ethics = event.ethics.as_ref().map(|number| format!("(倫理審査 {number})")).unwrap_or_default();
    let asked = match (event.sites.len(), event.tables.as_slice()) {
        (0, _) => "質問".to_owned(),
        (n, []) => format!("{n}施設に質問"),
        (n, tables) => format!("{n}施設に {} の集計を質問", tables.join("・")),
    };
    let ended = ended_ja(event, roster);
    format!("{at}、{who}が{}{ethics}{asked}し、{ended}。", project.unwrap_or_default())
}

fn ended_ja(event: &Event, roster: &Roster) -> String {
    if event.kind == Kind::Refusal || event.state == Some(State::Refused) && event.answers.is_empty() {
        let code = event.code.as_deref().map(|code| format!("({code})")).unwrap_or_default();
        let why = event.detail.as_deref().map(|why| format!("。理由: {why}")).unwrap_or_default();
        return format!("拒否されました{code}{why}");
    }
    let (answered, others) = event.by_site();
    if answered.is_empty() && others.is_empty() {
        return match event.state {
            None => "完了の記録がありません".to_owned(),
            Some(State::Answered) => format!("回答しました({}セル)", event.released),
            Some(other) => format!("{}に終わりました{}", state(other, true), code_ja(event.code.as_deref())),
        };
    }
    let others: Vec<String> = others
        .iter()
        .map(|a| format!("{}は{}{}", roster.site(a.site.as_str()), state(a.state, true), code_ja(a.code.as_deref())))
        .collect();
    let cells: u64 = answered.iter().map(|answer| answer.released).sum();
    let answered = answered.len();
    let whole = match event.state {
        None => "、全体の完了の記録はありません".to_owned(),
        Some(State::Answered) if others.is_empty() => return format!("{answered}施設が回答しました({cells}セル)"),
        Some(State::Answered) => "でした".to_owned(),
        Some(other) => format!("、全体としては{}でした", state(other, true)),
    };
    let others: String = others.iter().map(|other| format!("、{other}")).collect();
    format!("{answered}施設が回答({cells}セル){others}{whole}")
}

fn code_ja(code: Option<&str>) -> String {
    code.map(|code| format!("({code})")).unwrap_or_default()
}

fn question_en(event: &Event, roster: &Roster) -> String {
    let at = when::japan(event.at);
    let who = event.who.as_ref().map_or_else(|| "somebody unknown".to_owned(), |who| person(who, roster, false));
    let project = event.project.as_ref().map(|id| format!(" under {}", roster.project(id.as_str())));
    let ethics = event.ethics.as_ref().map(|number| format!(" (ethics approval {number})")).unwrap_or_default();
    let sites = match event.sites.len() {
        0 => String::new(),
        1 => " 1 site".to_owned(),
        n => format!(" {n} sites"),
    };
    let about = match event.tables.as_slice() {
        [] => String::new(),
        tables => format!(" about {}", tables.join(", ")),
    };
    let ended = ended_en(event, roster);
    format!("{at} JST: {who} asked{sites}{about}{}{ethics}; {ended}.", project.unwrap_or_default())
}

fn ended_en(event: &Event, roster: &Roster) -> String {
    let code = |code: Option<&str>| code.map(|code| format!(" ({code})")).unwrap_or_default();
    if event.kind == Kind::Refusal || event.state == Some(State::Refused) && event.answers.is_empty() {
        let why = event.detail.as_deref().map(|why| format!(": {}", why.trim_end_matches('.'))).unwrap_or_default();
        return format!("refused{}{why}", code(event.code.as_deref()));
    }
    let (answered, others) = event.by_site();
    if answered.is_empty() && others.is_empty() {
        return match event.state {
            None => "no end is recorded".to_owned(),
            Some(State::Answered) => format!("answered with {} cells", event.released),
            Some(other) => format!("{}{}", state(other, false), code(event.code.as_deref())),
        };
    }
    let cells: u64 = answered.iter().map(|answer| answer.released).sum();
    let mut text = format!("{} answered with {cells} cells", answered.len());
    let one = |a: &&Answer| {
        format!(", {} was {}{}", roster.site(a.site.as_str()), state(a.state, false), code(a.code.as_deref()))
    };
    text.extend(others.iter().map(one));
    match event.state {
        None => text.push_str("; no end is recorded"),
        Some(State::Answered) => {}
        Some(other) => text.push_str(&format!("; the whole was {}", state(other, false))),
    }
    text
}

fn act_ja(event: &Event, roster: &Roster) -> String {
    let (at, act) = (when::japanese(event.at), event.act.map_or("", |found| act(found, true)));
    let who = event.who.as_ref().map(|who| format!("{}による", person(who, roster, true))).unwrap_or_default();
    let object = event.object.as_deref().unwrap_or("-");
    let detail = event.detail.as_deref().filter(|text| !text.is_empty());
    let detail = detail.map(|text| format!(": {}", details::japanese(text)));
    format!("{at}、{object} で{who}{act}{}", detail.unwrap_or_default())
}

fn act_en(event: &Event, roster: &Roster) -> String {
    let (at, act) = (when::japan(event.at), event.act.map_or("", |found| act(found, false)));
    let who = event.who.as_ref().map(|who| format!(" by {}", person(who, roster, false))).unwrap_or_default();
    let object = event.object.as_deref().unwrap_or("-");
    let detail = event.detail.as_deref().filter(|text| !text.is_empty()).map(|text| format!(": {text}"));
    format!("{at} JST: {act} at {object}{who}{}", detail.unwrap_or_default())
}
