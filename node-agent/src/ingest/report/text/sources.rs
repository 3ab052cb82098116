//! What the hospital's own sources came to, as text.

use std::fmt::{self, Write};

use renkei_staging::{RemarkCount, SourceReport};

use super::super::Language;
use crate::ingest::sources::{Mapping, SourcesReport};

/// Writes the part of the report that is about sources.
pub(super) fn write(report: &SourcesReport, language: Language, out: &mut String) -> fmt::Result {
    let ja = language == Language::Japanese;
    writeln!(out, "{}", if ja { "ソース:" } else { "Sources:" })?;
    for source in &report.sources {
        self::source(source, ja, out)?;
    }
    opted_out(report.opted_out, language, out)?;
    if !report.assembly.is_empty() {
        let title = if ja { "患者ごとの統合:" } else { "When patients were put together:" };
        writeln!(out, "{title}")?;
        remarks(&report.assembly, ja, out)?;
    }
    if !report.maps.is_empty() {
        writeln!(out, "{}", if ja { "使用した対応表(上のものが優先):" } else { "Maps in force, the first counts:" })?;
    }
    for map in &report.maps {
        writeln!(out, "  {}", map.text(language))?;
    }
    if !report.mapping.is_empty() {
        let title = if ja {
            "標準コンセプトへの対応(未対応コードは renkei-node map coverage で確認できます):"
        } else {
            "Codes that lead to a concept (renkei-node map coverage lists those that do not):"
        };
        writeln!(out, "{title}")?;
    }
    let width = report.mapping.iter().map(|mapping| mapping.table.len()).max().unwrap_or(0);
    for mapping in &report.mapping {
        writeln!(out, "  {:width$}  {}", mapping.table, share(mapping, ja))?;
    }
    Ok(())
}

/// Writes how many patients were left out; nothing where there are none.
pub(super) fn opted_out(patients: u64, language: Language, out: &mut String) -> fmt::Result {
    match (patients, language) {
        (0, _) => Ok(()),
        (_, Language::Japanese) => writeln!(out, "オプトアウトにより除外した患者: {patients} 名"),
        (_, Language::English) => writeln!(out, "Patients left out since they opted out: {patients}"),
    }
}

fn source(source: &SourceReport, ja: bool, out: &mut String) -> fmt::Result {
    let SourceReport { name, format, files, unchanged, new, changed, gone, statements, patients, .. } = source;
    match ja {
        true => writeln!(
            out,
            "  {name}({format}): {files} ファイル(変更なし {unchanged}、新規 {new}、更新 {changed}、消失 {gone})、患者 {patients} 名、記録 {statements} 件"
        )?,
        false => writeln!(
            out,
            "  {name} ({format}): {files} files ({unchanged} unchanged, {new} new, {changed} changed, {gone} gone), {statements} statements about {patients} patients"
        )?,
    }
    if source.afresh {
        let text = if ja {
            "規則またはプログラムが変わったため、すべて読み直しました"
        } else {
            "everything was read again, since rules or program have changed"
        };
        writeln!(out, "    {text}")?;
    }
    if source.unreadable > 0 {
        let count = source.unreadable;
        match ja {
            true => writeln!(
                out,
                "  ! {count} 件のフォルダまたはファイルを読めませんでした(権限を確認してください。次回また読みます。今回は消失の判定をしていません)"
            )?,
            false => writeln!(
                out,
                "  ! {count} folders or files could not be read: check the permissions. They are tried again; nothing counts as gone this time"
            )?,
        }
    }
    kinds(source, ja, out)?;
    if !source.rejected.is_empty() {
        let rules: Vec<String> = source.rejected.iter().map(|(rule, count)| format!("{rule} {count}")).collect();
        let label = if ja { "隔離" } else { "in quarantine" };
        writeln!(out, "    {label}: {}", rules.join(if ja { "、" } else { ", " }))?;
    }
    remarks(&source.remarks, ja, out)
}

/// One line for each kind of file, with its outcomes.
fn kinds(source: &SourceReport, ja: bool, out: &mut String) -> fmt::Result {
    for kind in source.kinds.chunk_by(|a, b| a.kind == b.kind) {
        let Some(first) = kind.first() else { continue };
        let outcomes: Vec<String> =
            kind.iter().map(|count| format!("{} {}", outcome(&count.outcome, ja), count.files)).collect();
        writeln!(out, "    {:8}  {}", first.kind, outcomes.join(if ja { "、" } else { ", " }))?;
    }
    Ok(())
}

fn outcome(outcome: &str, ja: bool) -> &str {
    match (outcome, ja) {
        ("converted", true) => "変換",
        ("nothing", true) => "対象なし",
        ("nothing", false) => "nothing in them",
        ("rejected", true) => "隔離",
        ("rejected", false) => "in quarantine",
        ("partly", true) => "一部隔離",
        ("partly", false) => "in part in quarantine",
        (other, _) => other,
    }
}

/// Grave ones first, each with its mark.
fn remarks(remarks: &[RemarkCount], ja: bool, out: &mut String) -> fmt::Result {
    let known = remarks.iter().filter_map(|counted| Some((renkei_staging::remark(&counted.id)?, counted.count)));
    let mut known: Vec<_> = known.collect();
    known.sort_by_key(|(remark, count)| (!remark.grave, std::cmp::Reverse(*count)));
    for (remark, count) in known {
        let mark = if remark.grave { "!" } else { " " };
        writeln!(out, "  {mark} {count} {}", if ja { remark.japanese } else { remark.english })?;
    }
    Ok(())
}

fn share(mapping: &Mapping, ja: bool) -> String {
    let percent = |part: u64, whole: u64| if whole == 0 { 0.0 } else { 100.0 * part as f64 / whole as f64 };
    let rows = percent(mapping.mapped_rows, mapping.rows);
    let codes = percent(mapping.mapped_codes, mapping.codes);
    let Mapping { mapped_rows, rows: all, mapped_codes, codes: different, .. } = mapping;
    if ja {
        format!("行 {rows:.1} %({mapped_rows}/{all})、コード {codes:.1} %({mapped_codes}/{different})")
    } else {
        format!("rows {rows:.1} % ({mapped_rows} of {all}), codes {codes:.1} % ({mapped_codes} of {different})")
    }
}
