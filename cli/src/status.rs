//! The sites' states after a question, for a person.

use renkei_types::SiteState;

use crate::answer::{Account, CodeSet, Coverage};
use crate::console::{Colour, Console, Report, clean};
use crate::failure::{state_name, state_remedy};
use crate::grid::{self, Column};
use crate::lang::Lang;

/// All that is to be said after a question; empty where there is nothing.
pub fn text(console: &Console, report: &Report<'_>) -> String {
    let lang = console.lang;
    let mut text = String::new();
    for note in &report.notes {
        text.push_str(note);
        text.push('\n');
    }
    if let Some(account) = report.account {
        for warning in &account.warnings {
            let head = console.paint(Colour::Yellow, lang.pick("warning", "注意"));
            text.push_str(&format!("{head}: {}\n", clean(warning)));
        }
        account.code_sets.iter().for_each(|set| text.push_str(&codes(set, lang)));
        if !account.sites.is_empty() {
            text.push_str(&paint_states(console, account, &sites(account, lang)));
        }
    }
    text.push_str(&last_line(report, lang));
    text
}

/// One set of codes, and for how many of them each site holds data.
fn codes(set: &CodeSet, lang: Lang) -> String {
    let column = clean(set.column.as_deref().unwrap_or("-"));
    let (codes, version) = (set.codes, clean(&set.vocabulary));
    let sites: Vec<String> = set.sites.iter().map(|(site, held)| format!("{} {held}", clean(site))).collect();
    let sites = if sites.is_empty() { "-".to_owned() } else { sites.join(", ") };
    match lang {
        Lang::En => format!("codes: {codes} for {column} ({version}); with data: {sites}\n"),
        Lang::Ja => format!("コード: {column} に {codes} 件({version})、データのある件数: {sites}\n"),
    }
}

fn sites(account: &Account, lang: Lang) -> String {
    let column = |title: &str, right| Column { title: title.into(), right };
    let columns = [
        column(lang.pick("site", "施設"), false),
        column(lang.pick("state", "状態"), false),
        column(lang.pick("time", "時間"), true),
        column(lang.pick("note", "備考"), false),
    ];
    let rows = account.sites.iter().map(|site| {
        let elapsed =
            if site.state == SiteState::Offline { String::new() } else { seconds(site.elapsed_ms as f64 / 1e3) };
        let code = site.code.filter(|_| !site.state.contributes()).map(|code| format!("{code}: ")).unwrap_or_default();
        let remedy = state_remedy(site, lang);
        let message = site.message.as_deref().map(clean).unwrap_or_default();
        let note = match (message.is_empty(), remedy.is_empty()) {
            (true, _) => format!("{code}{remedy}"),
            (false, true) => format!("{code}{message}"),
            (false, false) => format!("{code}{message}; {remedy}"),
        };
        vec![site.site.to_string(), state_name(site.state, lang).to_owned(), elapsed, note]
    });
    grid::render(&columns, &rows.collect::<Vec<_>>())
}

/// Colours each state after the columns were laid out, since escapes have no width.
fn paint_states(console: &Console, account: &Account, table: &str) -> String {
    if !console.colour {
        return table.to_owned();
    }
    let mut lines: Vec<String> = table.lines().map(str::to_owned).collect();
    for (site, line) in account.sites.iter().zip(lines.iter_mut().skip(2)) {
        let colour = match site.state {
            SiteState::Answered | SiteState::Pooled => Colour::Green,
            SiteState::AnsweredHeld => Colour::Yellow,
            _ => Colour::Red,
        };
        let name = state_name(site.state, console.lang);
        *line = line.replacen(&format!("│ {name}"), &format!("│ {}", console.paint(colour, name)), 1);
    }
    lines.push(String::new());
    lines.join("\n")
}

fn last_line(report: &Report<'_>, lang: Lang) -> String {
    let mut parts = Vec::new();
    if let Some(Coverage { sites_asked, sites_answered, persons_share }) = report.account.and_then(|a| a.coverage)
        && sites_asked > 0
    {
        let share = persons_share.filter(|share| share.is_finite()).map(|share| {
            let percent = share * 100.0;
            say!(lang, " ({percent:.0} % of the consortium's persons)", "(対象者の{percent:.0}%)")
        });
        let share = share.unwrap_or_default();
        parts.push(say!(
            lang,
            "{sites_answered} of {sites_asked} sites in the answer{share}",
            "{sites_asked}施設中{sites_answered}施設が回答{share}"
        ));
    }
    if let Some(rows) = report.rows {
        let time = seconds(report.seconds);
        let plural = if rows == 1 { "row" } else { "rows" };
        parts.push(match lang {
            Lang::En => format!("{rows} {plural} in {time}"),
            Lang::Ja => format!("{rows}行 {time}"),
        });
    }
    if let Some(id) = report.account.and_then(|a| a.query_id.as_deref()) {
        parts.push(say!(lang, "query {}", "query {}", clean(id)));
    }
    parts.join(" · ")
}

fn seconds(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.0} ms", seconds * 1e3) } else { format!("{seconds:.1} s") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::StatusForm;

    fn console(lang: Lang, colour: bool) -> Console {
        Console { lang, out_terminal: false, err_terminal: colour, colour, quiet: false, form: StatusForm::Text }
    }

    fn account() -> Account {
        Account::read(
            br#"{"query_id":"q-1","project":"p","sites":[
                {"site":"tokyo","state":"answered","elapsed_ms":120},
                {"site":"osaka","state":"answered_held","minimum_persons":10,"elapsed_ms":1500},
                {"site":"kyoto","state":"late","code":"E-LATE","message":"no answer\u001b in 30 s","elapsed_ms":30000},
                {"site":"nara","state":"offline","code":"E-OFFLINE","elapsed_ms":0}],
                "coverage":{"sites_asked":4,"sites_answered":2,"persons_share":0.642},"warnings":["vocabularies differ"]}"#,
        )
        .unwrap()
        .unwrap()
    }

    #[test]
    fn in_english() {
        let account = account();
        let report = Report { account: Some(&account), rows: Some(1), seconds: 0.031, notes: vec![] };
        assert_eq!(
            text(&console(Lang::En, false), &report),
            "warning: vocabularies differ
 site  │ state               │   time │ note
───────┼─────────────────────┼────────┼─────────────────────────────────────────────────────────────────────
 tokyo │ answered            │ 120 ms │
 osaka │ answered, some held │  1.5 s │ cells of 0 to 9 persons are held
 kyoto │ late                │ 30.0 s │ E-LATE: no answer\\u{1b} in 30 s; ask again with a longer --deadline
 nara  │ offline             │        │ E-OFFLINE: ask again when the site is back
2 of 4 sites in the answer (64 % of the consortium's persons) · 1 row in 31 ms · query q-1"
        );
    }

    #[test]
    fn in_japanese() {
        let account = account();
        let report = Report { account: Some(&account), rows: Some(5), seconds: 2.0, notes: vec![] };
        let shown = text(&console(Lang::Ja, false), &report);
        assert!(shown.contains(" osaka │ 回答(一部保留) │  1.5 s │ 0〜9人のセルは保留\n"), "{shown}");
        assert!(shown.ends_with("4施設中2施設が回答(対象者の64%) · 5行 2.0 s · query q-1"), "{shown}");
    }

    #[test]
    fn sets_of_codes() {
        let json = br#"{"code_sets":[{"column":"t.c","tables":["concept"],"vocabulary":"v9","codes":45,"sites":{"nara":3,"osaka":0}}]}"#;
        let account = Account::read(json).unwrap().unwrap();
        let report = Report { account: Some(&account), rows: None, seconds: 0.0, notes: vec![] };
        let shown = text(&console(Lang::En, false), &report);
        assert!(shown.starts_with("codes: 45 for t.c (v9); with data: nara 3, osaka 0\n"), "{shown}");
        let shown = text(&console(Lang::Ja, false), &report);
        assert!(shown.starts_with("コード: t.c に 45 件(v9)、データのある件数: nara 3, osaka 0\n"), "{shown}");
    }

    #[test]
    fn colours_do_not_move_columns() {
        let account = account();
        let report = Report { account: Some(&account), rows: None, seconds: 0.0, notes: vec![] };
        let plain = text(&console(Lang::En, false), &report);
        let painted = text(&console(Lang::En, true), &report);
        assert!(painted.contains("\u{1b}[1;31mlate\u{1b}[0m"), "{painted}");
        let mut stripped = painted;
        for code in ["\u{1b}[1;31m", "\u{1b}[32m", "\u{1b}[33m", "\u{1b}[0m"] {
            stripped = stripped.replace(code, "");
        }
        assert_eq!(stripped, plain);
    }
}
