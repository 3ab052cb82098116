//! What the programs say of acts, in Japanese. Entries are written in one language; who reads them is told in theirs.
//!
//! A sentence that is not known here is shown as it is written: an entry of a later version, or of somebody else.

/// English as it is written, with `{}` for what differs, and Japanese with `{0}`, `{1}`… for the same.
const WORDS: &[(&str, &str)] = &[
    ("the clock runs without a source of time", "時計は時刻源なしで動いています"),
    ("the clock follows a source of time", "時計は時刻源に従っています"),
    ("whether the clock follows a source of time is not known", "時計が時刻源に従っているかは不明です"),
    ("the clock jumped forward by {} ms", "時計が{0}ミリ秒進みました"),
    ("the clock jumped back by {} ms", "時計が{0}ミリ秒戻りました"),
    ("the clock is {} ms behind the log", "時計がログより{0}ミリ秒遅れています"),
    ("the disk is full: questions are refused", "ディスクが一杯のため、照会を受け付けていません"),
    ("the disk has room again", "ディスクに空きができました"),
    ("{} MiB are free on the disk again: questions are taken", "ディスクの空きが{0} MiB に戻り、照会を受け付けます"),
    (
        "{} MiB are free on the disk, of {} that must be: questions are refused",
        "ディスクの空きが{0} MiB(必要量 {1} MiB)のため、照会を受け付けていません",
    ),
    ("a torn end of {} bytes was cut at size {}", "書きかけの末尾{0}バイトを、{1}件の後ろで切り取りました"),
    ("the configuration in force: {} sites, {} projects", "有効な設定: {0}施設、{1}課題"),
    ("people known by a token: {}", "トークンで識別される利用者: {0}人"),
    ("entries {} to {} were handed out to an auditor", "記録{0}〜{1}を監査担当者に渡しました"),
    (
        "the gateway reads this log for its copy, until the program stops",
        "プログラムの停止まで、ゲートウェイが複製のために読み取ります",
    ),
    ("the newest {} entries of questions shown", "照会に関する新しい記録{0}件を表示"),
    ("the newest {} entries shown", "新しい記録{0}件を表示"),
    ("entries before {} were exported and removed", "{0}より前の記録を書き出して取り除きました"),
    ("recovered: {} parts kept, {} bytes cut", "復旧: {0}件を維持し、{1}バイトを切り取りました"),
    ("version {} taken", "第{0}版を採用"),
    ("a statement was tried; nothing left", "SQL文を試算(外部には何も出ていません)"),
    ("statement `{}` looked at on {} and registered", "SQL文「{0}」をスナップショット {1} で確認して登録"),
    ("statement `{}` registered no longer", "SQL文「{0}」の登録を取消"),
    ("made, sealed as {}; questions run on it", "作成({0}として封印)し、照会の対象にしました"),
    ("questions run on it", "照会の対象にしました"),
    ("removed", "削除"),
    ("another certificate is in use", "証明書が替わりました"),
    ("another configuration is in force", "設定が替わりました"),
    ("another list is in force", "名簿が替わりました"),
    ("no list is in force any more", "名簿がなくなりました"),
    ("minimum {} persons, at most {}", "最小人数{0}、水準は{1}まで"),
    ("members named here", "この施設が指定する構成員"),
    ("added: {}", "追加 {0}"),
    ("changed: {}", "変更 {0}"),
    // Behind `removed`, which has nothing behind it.
    ("removed: {}", "削除 {0}"),
    ("it signs with another key than before", "以前と異なる鍵で署名しています"),
    (
        "it does not continue what it had shown: it went back, or was changed",
        "以前に示した内容の続きではありません(後戻りまたは書き換え)",
    ),
    ("its checkpoint is not signed by its own key", "先頭がそのログ自身の鍵で署名されていません"),
    ("the site {} does not cosign this log", "施設 {0} がこのログへの連署を拒みました"),
    ("the gateway does not cosign this log", "ゲートウェイがこのログへの連署を拒みました"),
    (
        "the entries that it hands out are not those that it signed; nothing of them was kept",
        "渡された記録が署名されたものと異なり、一切保管していません",
    ),
    (
        "a checkpoint that others cosigned is of other entries than those that it hands out",
        "他者が連署した先頭と、渡された記録が異なります",
    ),
    (
        "the configuration names another key of this log; what was seen of it before is closed",
        "設定によりこのログの鍵が替わりました。以前の鍵で見た内容は区切られます",
    ),
    ("a file that is no act was put aside", "操作の記録ではないファイルを除けました"),
];

/// A detail in Japanese, as far as it is known.
pub(crate) fn japanese(detail: &str) -> String {
    // When somebody did it, where that is told beside the entry's own time.
    if let Some((what, at)) = detail.strip_suffix(')').and_then(|text| text.rsplit_once(" (at ")) {
        return format!("{}(実施 {at})", japanese(what));
    }
    if let Some(known) = whole(detail) {
        return known;
    }
    let parts: Vec<String> = detail.split("; ").map(|part| whole(part).unwrap_or_else(|| part.to_owned())).collect();
    parts.join("、")
}

fn whole(text: &str) -> Option<String> {
    WORDS.iter().find_map(|(english, japanese)| {
        // A value ends where the next part of a sentence begins.
        let values = values(text, english).filter(|values| values.iter().all(|value| !value.contains("; ")))?;
        let filled = values.iter().enumerate();
        Some(filled.fold((*japanese).to_owned(), |text, (n, value)| text.replace(&format!("{{{n}}}"), value)))
    })
}

/// What stands for each `{}` of a pattern.
fn values<'a>(text: &'a str, pattern: &str) -> Option<Vec<&'a str>> {
    let mut fixed = pattern.split("{}");
    let mut rest = text.strip_prefix(fixed.next()?)?;
    let mut fixed: Vec<&str> = fixed.collect();
    let Some(last) = fixed.pop() else { return rest.is_empty().then(Vec::new) };
    let mut values = Vec::new();
    for part in fixed {
        let (value, behind) = rest.split_once(part)?;
        values.push(value);
        rest = behind;
    }
    values.push(rest.strip_suffix(last)?);
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_programs_write_is_told_in_japanese() {
        let check = |english: &str, expected: &str| assert_eq!(japanese(english), expected, "{english}");
        check("the clock jumped back by 3600000 ms", "時計が3600000ミリ秒戻りました");
        check(
            "40 MiB are free on the disk, of 64 that must be: questions are refused",
            "ディスクの空きが40 MiB(必要量 64 MiB)のため、照会を受け付けていません",
        );
        check("renkei-node 0.1.0; the clock follows a source of time", "renkei-node 0.1.0、時計は時刻源に従っています");
        check(
            "minimum 10 persons, at most aggregate; added: dm, hf; removed: x",
            "最小人数10、水準はaggregateまで、追加 dm, hf、削除 x",
        );
        check(
            "the newest 20 entries of questions shown (at 2027-01-15T08:00:00Z)",
            "照会に関する新しい記録20件を表示(実施 2027-01-15T08:00:00Z)",
        );
        check(
            "made, sealed as clinical; questions run on it (at x)",
            "作成(clinicalとして封印)し、照会の対象にしました(実施 x)",
        );
        check("something of a later version", "something of a later version");
    }

    #[test]
    fn each_pattern_has_its_values_in_both_languages() {
        for (english, japanese) in WORDS {
            let count = english.matches("{}").count();
            assert!((0..count).all(|n| japanese.contains(&format!("{{{n}}}"))), "{english}");
            assert!(!japanese.contains(&format!("{{{count}}}")), "{english}");
            let text = english.replace("{}", "7");
            assert!(!whole(&text).unwrap().contains('{'), "{english}");
        }
    }
}
