//! The report as text for the terminal.

mod sources;

use std::fmt::{self, Write};

use super::{Language, Report, TableReport};
use crate::ingest::people::DUPLICATE_PERSON;

impl Report {
    /// The report as text, some lines for the whole and one for each table and finding.
    #[must_use]
    pub fn text(&self, language: Language) -> String {
        let mut text = String::new();
        // Writing into a String does not fail.
        let _ = self.write(language, &mut text);
        text
    }

    fn write(&self, language: Language, out: &mut String) -> fmt::Result {
        let words = Words::of(language);
        if let Some(id) = &self.snapshot {
            writeln!(out, "{} {id} ({})", words.snapshot, self.seal.as_str())?;
        }
        let people = &self.persons;
        writeln!(
            out,
            "{}: {} ({} {}, {} {}, {} {}; {})",
            words.persons,
            people.present,
            words.first_seen,
            people.first_seen,
            words.recurring,
            people.recurring,
            words.vanished,
            people.vanished,
            self.identity.column()
        )?;
        writeln!(out, "{}: {}", words.vocabulary, self.vocabulary_version.as_deref().unwrap_or("-"))?;
        sources::opted_out(self.opted_out, language, out)?;
        if let Some(report) = &self.sources {
            sources::write(report, language, out)?;
            writeln!(out, "{}:", if language == Language::English { "Rows" } else { "行数" })?;
        }
        let width = self.tables.iter().map(|table| table.table.len()).max().unwrap_or(0);
        for table in &self.tables {
            writeln!(out, "  {:width$}  {}", table.table, words.table(table))?;
        }
        if !self.findings.is_empty() {
            writeln!(out, "{}:", words.findings)?;
        }
        for finding in &self.findings {
            let what = if language == Language::English { finding.oddity.english() } else { finding.oddity.japanese() };
            writeln!(out, "  {}.{}: {} {what}", finding.table, finding.column, finding.rows)?;
        }
        if !self.ignored.is_empty() {
            writeln!(out, "{}:", words.ignored)?;
        }
        for ignored in &self.ignored {
            let column = ignored.column.as_deref().map(|column| format!(" {column}")).unwrap_or_default();
            writeln!(out, "  {}{column}: {}", ignored.file, ignored.reason)?;
        }
        let aside = self.sources.iter().flat_map(|report| &report.sources).any(|source| !source.rejected.is_empty());
        if aside || self.quarantined() > 0 {
            writeln!(out, "{}", words.see_quarantine)?;
        }
        let (read, accepted) = (self.read(), self.accepted());
        writeln!(out, "{}", words.total(read, accepted, self.quarantined(), self.seconds, self.rows_per_second()))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Language::English))
    }
}

struct Words {
    language: Language,
    snapshot: &'static str,
    persons: &'static str,
    first_seen: &'static str,
    recurring: &'static str,
    vanished: &'static str,
    vocabulary: &'static str,
    findings: &'static str,
    ignored: &'static str,
    see_quarantine: &'static str,
}

impl Words {
    fn of(language: Language) -> Self {
        match language {
            Language::English => Self {
                language,
                snapshot: "Snapshot",
                persons: "Persons",
                first_seen: "new",
                recurring: "recurring",
                vanished: "gone",
                vocabulary: "Vocabulary",
                findings: "Kept as they are, but odd",
                ignored: "Left alone, since they are no part of OMOP CDM v5.4",
                see_quarantine: "What is in quarantine is in quarantine.csv in the snapshot's folder, with place and rule.",
            },
            Language::Japanese => Self {
                language,
                snapshot: "スナップショット",
                persons: "患者",
                first_seen: "新規",
                recurring: "継続",
                vanished: "消失",
                vocabulary: "語彙",
                findings: "そのまま取り込んだが注意を要するもの",
                ignored: "OMOP CDM v5.4 にないため取り込まなかったもの",
                see_quarantine: "隔離された行は、スナップショットのフォルダの quarantine.csv に行番号と規則とともにあります。",
            },
        }
    }

    fn table(&self, table: &TableReport) -> String {
        let mut text = match self.language {
            Language::English => format!("{} rows read, {} accepted", table.read, table.accepted),
            Language::Japanese => format!("読込 {} 行、採用 {} 行", table.read, table.accepted),
        };
        let rules: Vec<String> =
            table.rejected.iter().map(|(rule, rows)| format!("{} {rows}", self.rule(rule))).collect();
        if !rules.is_empty() {
            let (label, comma) = match self.language {
                Language::English => (", in quarantine: ", ", "),
                Language::Japanese => ("、隔離: ", "、"),
            };
            text.push_str(label);
            text.push_str(&rules.join(comma));
        }
        text
    }

    /// A rule's name, which is what the quarantine file has; for ours also what it means.
    fn rule(&self, rule: &str) -> String {
        match (rule == DUPLICATE_PERSON, self.language) {
            (true, Language::English) => format!("{rule} (an earlier row has the same person_id)"),
            (true, Language::Japanese) => format!("{rule}(同じ person_id の行が先にあります)"),
            (false, _) => rule.to_owned(),
        }
    }

    fn total(&self, read: u64, accepted: u64, quarantined: u64, seconds: f64, speed: f64) -> String {
        match self.language {
            Language::English => format!(
                "Total: {read} rows read, {accepted} accepted, {quarantined} in quarantine, {seconds:.1} s, {speed:.0} rows/s"
            ),
            Language::Japanese => format!(
                "合計: 読込 {read} 行、採用 {accepted} 行、隔離 {quarantined} 行、{seconds:.1} 秒、{speed:.0} 行/秒"
            ),
        }
    }
}
