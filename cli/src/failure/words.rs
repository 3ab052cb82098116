//! The words for codes and states.

use renkei_types::{Code, SiteOutcome, SiteState};

use crate::lang::Lang;

/// A code in a few Japanese words; the gateway's own sentence follows it.
pub fn title_ja(code: Code) -> &'static str {
    match code {
        Code::Syntax => "SQL の文法の誤り",
        Code::StatementKind => "問い合わせ(SELECT)一文のみ",
        Code::TooLarge => "文が上限を超過",
        Code::UnknownTable => "存在しない表",
        Code::UnknownColumn => "存在しない列",
        Code::UnknownFunction => "使えない関数",
        Code::Parameter => "パラメーターの誤り",
        Code::Type => "型の不一致",
        Code::Rows => "個人単位の行は出力不可",
        Code::JoinKey => "結合キーの不足",
        Code::JoinReference => "参照表との結合の誤り",
        Code::NullableKey => "NULL になり得るキー",
        Code::KeyUse => "キーの使い方の誤り",
        Code::Aggregate => "院外に出せない集計関数",
        Code::Argument => "院外に出せない引数または集計キー",
        Code::Limit => "個人の行に対する LIMIT・ウィンドウ",
        Code::SetOperation => "集合演算の誤り",
        Code::Subquery => "使えない副問い合わせ",
        Code::NotSupported => "未対応の構文",
        Code::ReferenceOnly => "参照表だけの問い合わせ",
        Code::Unauthenticated => "利用者を確認できません",
        Code::Project => "プロジェクトがないか、メンバーではありません",
        Code::TableGrant => "許可されていない表",
        Code::MinimumPersons => "最小人数の下限",
        Code::Level => "許可された水準を超える問い合わせ",
        Code::Grid => "刻みに合わない値",
        Code::Budget => "質問回数の上限",
        Code::Auditor => "監査担当者の権限",
        Code::Clock => "時計のずれ",
        Code::Offline => "施設が未接続",
        Code::Late => "期限内に回答なし",
        Code::NoSnapshot => "施設にデータなし",
        Code::SnapshotGone => "指定のスナップショットは保存されていません",
        Code::NotMapped => "この施設では未対応付け(0 ではありません)",
        Code::Undetermined => "比較する値が未確定(一部の施設で非開示)",
        Code::Digest => "施設と解釈が不一致",
        Code::Busy => "混雑中",
        Code::Failed => "施設で失敗",
        Code::MinSites => "回答施設数の不足",
        Code::Overflow => "合計が列の型を超過",
        Code::Cancelled => "取り消し",
    }
}

/// A state in a word.
pub fn state_name(state: SiteState, lang: Lang) -> &'static str {
    match state {
        SiteState::Answered => lang.pick("answered", "回答"),
        SiteState::AnsweredHeld => lang.pick("answered, some held", "回答(一部保留)"),
        SiteState::Refused => lang.pick("refused", "拒否"),
        SiteState::Offline => lang.pick("offline", "未接続"),
        SiteState::Late => lang.pick("late", "期限切れ"),
        SiteState::NotMapped => lang.pick("not mapped", "未対応付け"),
        SiteState::NotApproved => lang.pick("not approved", "未承認"),
        SiteState::Failed => lang.pick("failed", "失敗"),
        SiteState::Pooled => lang.pick("pooled", "合算"),
    }
}

/// What a state means for the reader, and what to do.
pub fn state_remedy(site: &SiteOutcome, lang: Lang) -> String {
    match site.state {
        SiteState::Answered | SiteState::Pooled => String::new(),
        SiteState::AnsweredHeld => match site.minimum_persons {
            Some(k) => {
                let below = k.saturating_sub(1);
                say!(lang, "cells of 0 to {below} persons are held", "0〜{below}人のセルは保留")
            }
            None => say!(lang, "cells of few persons are held", "少人数のセルは保留"),
        },
        SiteState::Refused => say!(lang, "change the statement", "文を変更してください"),
        SiteState::Offline => say!(lang, "ask again when the site is back", "施設の復旧後にもう一度"),
        SiteState::Late => say!(lang, "ask again with a longer --deadline", "--deadline を延ばしてもう一度"),
        SiteState::NotMapped => {
            say!(lang, "not in this site's records; it is not zero", "この施設のデータにありません(0 ではありません)")
        }
        SiteState::NotApproved => {
            say!(lang, "ask the coordinator for this site's approval", "この施設の承認を事務局に依頼")
        }
        SiteState::Failed => say!(lang, "give the query id to the coordinator", "query id を事務局に伝えてください"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn titles_are_distinct() {
        let titles: BTreeSet<_> = Code::ALL.iter().map(|code| title_ja(*code)).collect();
        assert_eq!(titles.len(), Code::ALL.len());
    }
}
