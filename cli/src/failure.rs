//! Why a command failed, as it is told: code, sentence, place in the statement, what to do.

mod words;

use std::io;

use arrow_flight::error::FlightError;
use renkei_pki::CredentialsError;
use renkei_types::Refusal;
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::address::AddressError;
use crate::answer::{self, Account};
use crate::caret;
use crate::console::{clean, clean_lines};
use crate::exit::Exit;
use crate::lang::Lang;
use crate::trouble::{self, Trouble};

pub use words::{state_name, state_remedy};

/// Why a command failed.
#[derive(Debug)]
pub enum Failure {
    /// The command line or the configuration; the sentence is in the reader's language already.
    Usage(String, Option<String>),
    /// Not a gateway's address.
    Address(AddressError),
    /// Own certificate, key or authority.
    Credentials(CredentialsError),
    /// No connection, or none any more.
    Trouble(Trouble),
    /// The gateway or the hospitals' rules say no.
    Refused(Box<Refused>),
    /// The call failed without a refusal.
    Call(Code, String, Option<Box<Account>>),
    /// A file or stream could not be read or written.
    Io(String, io::Error),
    /// The answer cannot be understood or written down.
    Answer(String),
    /// An audit log, or the index over it, cannot be read.
    Log(String),
    /// The reader of standard output has gone, which is its right.
    Closed,
    /// Interrupted by the one who asked.
    Interrupted,
    /// A fault in this program.
    Internal,
}

/// A refusal with what it refers to.
#[derive(Debug)]
pub struct Refused {
    /// The refusal.
    pub refusal: Refusal,
    /// The statement.
    pub sql: String,
    /// The sites' states, where sites were asked.
    pub account: Option<Account>,
}

impl Failure {
    /// A mistake in the command line.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into(), None)
    }

    /// A file or stream that failed.
    pub fn io(what: impl Into<String>, error: io::Error) -> Self {
        Self::Io(what.into(), error)
    }

    /// A call that failed.
    pub fn of_status(status: &Status, sql: &str) -> Self {
        let account = answer::account(status);
        if let Some(refusal) = answer::refusal(status) {
            return Self::Refused(Box::new(Refused { refusal, sql: sql.to_owned(), account }));
        }
        // What tonic makes of an answer that is HTTP but not gRPC.
        if status.message().contains("HTTP status code") || status.message().contains("content-type") {
            return Self::Trouble(Trouble::WebPage(status.message().to_owned()));
        }
        Self::Call(status.code(), status.message().to_owned(), account.map(Box::new))
    }

    /// A stream that failed.
    pub fn of_stream(error: &FlightError, sql: &str) -> Self {
        match error {
            FlightError::Tonic(status) => Self::of_status(status, sql),
            other => Self::Answer(other.to_string()),
        }
    }

    /// What the command's exit is.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage(..) | Self::Address(_) | Self::Credentials(_) => Exit::Usage,
            Self::Trouble(trouble) => trouble.exit(),
            Self::Refused(refused) => Exit::of_code(refused.refusal.code),
            Self::Call(code, ..) => match code {
                Code::Unauthenticated | Code::PermissionDenied => Exit::Denied,
                Code::InvalidArgument => Exit::Usage,
                Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted => Exit::Unavailable,
                _ => Exit::Failure,
            },
            Self::Io(..) | Self::Answer(_) | Self::Log(_) | Self::Internal => Exit::Failure,
            Self::Closed => Exit::Ok,
            Self::Interrupted => Exit::Interrupted,
        }
    }

    /// The sites' states, where the gateway sent them with the failure.
    pub fn account(&self) -> Option<&Account> {
        match self {
            Self::Refused(refused) => refused.account.as_ref(),
            Self::Call(_, _, account) => account.as_deref(),
            _ => None,
        }
    }

    /// The whole for a person, in one or several lines.
    pub fn text(&self, lang: Lang) -> String {
        if let Self::Refused(refused) = self {
            return refused.text(lang);
        }
        let (message, hint) = self.parts(lang);
        match hint {
            Some(hint) => format!("{message}\n{}", hint_line(&hint, lang)),
            None => message,
        }
    }

    /// The same for a program.
    pub fn json(&self, lang: Lang) -> Value {
        if let Self::Refused(refused) = self {
            return serde_json::to_value(&refused.refusal).unwrap_or(Value::Null);
        }
        let (message, hint) = self.parts(lang);
        json!({ "code": null, "message": message, "hint": hint, "position": null })
    }

    fn parts(&self, lang: Lang) -> (String, Option<String>) {
        match self {
            Self::Usage(message, hint) => (clean_lines(message), hint.clone()),
            Self::Address(error) => (address(error, lang), None),
            Self::Credentials(error) => (trouble::credentials(error, lang), None),
            Self::Trouble(trouble) => {
                let (cause, remedy) = trouble.text(lang);
                (clean(&cause), Some(remedy))
            }
            Self::Refused(refused) => (clean_lines(&refused.refusal.message), refused.refusal.hint.clone()),
            Self::Call(code, message, _) => {
                let message = clean_lines(message);
                let message = if message.is_empty() { format!("{code:?}") } else { message };
                (say!(lang, "the gateway says: {message}", "ゲートウェイの応答: {message}"), call_hint(*code, lang))
            }
            Self::Io(what, error) if what.is_empty() => (error.to_string(), None),
            Self::Io(what, error) => (format!("`{what}`: {error}"), None),
            Self::Answer(why) => {
                let why = clean_lines(why);
                (
                    say!(lang, "the answer cannot be used: {why}", "回答を扱えません: {why}"),
                    Some(
                        lang.pick(
                            "this program may be older than the gateway",
                            "このプログラムがゲートウェイより古い可能性があります",
                        )
                        .into(),
                    ),
                )
            }
            Self::Log(why) => {
                let why = clean_lines(why);
                (
                    say!(lang, "the audit log cannot be used: {why}", "監査ログを扱えません: {why}"),
                    Some(
                        lang.pick(
                            "`renkei audit verify` says what is wrong with it",
                            "`renkei audit verify` で何が問題かを確認できます",
                        )
                        .into(),
                    ),
                )
            }
            Self::Closed => (String::new(), None),
            Self::Interrupted => (
                say!(
                    lang,
                    "interrupted; the question was withdrawn and the hospitals stop working on it",
                    "中断しました。質問は取り下げられ、各病院での処理も止まります"
                ),
                None,
            ),
            Self::Internal => (
                say!(lang, "a fault in this program; please report it", "このプログラムの不具合です。ご報告ください"),
                None,
            ),
        }
    }
}

impl Refused {
    fn text(&self, lang: Lang) -> String {
        let Refusal { code, message, hint, position } = &self.refusal;
        let title = lang.pick("", words::title_ja(*code));
        let message = clean_lines(message);
        let mut text =
            if title.is_empty() { format!("{code}: {message}") } else { format!("{code} {title}: {message}") };
        if let Some(at) = position {
            text.push_str(&say!(lang, " (line {}, column {})", "({}行{}文字目)", at.line, at.column));
            if let Some(place) = caret::render(caret::statement(&self.sql), *at) {
                text.push('\n');
                text.push_str(&place);
            }
        }
        if let Some(hint) = hint {
            text.push('\n');
            text.push_str(&hint_line(&clean_lines(hint), lang));
        }
        text
    }
}

fn hint_line(hint: &str, lang: Lang) -> String {
    format!("{}: {hint}", lang.pick("hint", "ヒント"))
}

fn address(error: &AddressError, lang: Lang) -> String {
    match (error, lang) {
        (_, Lang::En) => error.to_string(),
        (AddressError::Plain(text), Lang::Ja) => {
            format!("`{text}` は TLS のない接続です。`flightsql://host:port` か `host:port` と書いてください")
        }
        (AddressError::Shape(text), Lang::Ja) => {
            format!(
                "`{text}` はゲートウェイのアドレスではありません。`gateway.example.org:7443` のように書いてください"
            )
        }
    }
}

fn call_hint(code: Code, lang: Lang) -> Option<String> {
    let hint = match code {
        Code::Unauthenticated => lang.pick(
            "give a certificate (--cert, --key) or a token (--token-file) of this consortium",
            "このコンソーシアムの証明書(--cert, --key)かトークン(--token-file)を指定してください",
        ),
        Code::PermissionDenied => lang.pick("ask the coordinator for access", "事務局に利用許可を依頼してください"),
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted => {
            lang.pick("ask again later", "時間をおいてもう一度実行してください")
        }
        Code::Unimplemented => {
            lang.pick("program and gateway are of different versions", "プログラムとゲートウェイの版が異なります")
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use renkei_types::{Code as Stable, Position};

    fn refused(sql: &str, at: (u64, u64)) -> Failure {
        let refusal = Refusal::new(Stable::UnknownColumn, "SELECT: `foo` is not a column of person")
            .hint("write `gender_concept_id`")
            .at(Some(Position { line: at.0, column: at.1 }));
        Failure::Refused(Box::new(Refused { refusal, sql: sql.into(), account: None }))
    }

    #[test]
    fn a_refusal_points_at_its_place() {
        let failure = refused("SELECT '糖尿病',\n  foo FROM person", (2, 3));
        assert_eq!(
            failure.text(Lang::En),
            "E-COLUMN: SELECT: `foo` is not a column of person (line 2, column 3)\n\
             2 |   foo FROM person\n  |   ^\nhint: write `gender_concept_id`"
        );
        assert_eq!(
            failure.text(Lang::Ja).lines().next().unwrap(),
            "E-COLUMN 存在しない列: SELECT: `foo` is not a column of person(2行3文字目)"
        );
        assert_eq!(failure.exit(), Exit::Usage);
        assert_eq!(failure.json(Lang::En)["position"]["column"], 3);
    }

    #[test]
    fn a_page_of_a_proxy_is_recognised() {
        let status = Status::new(Code::Unavailable, "grpc-status header missing, mapped from HTTP status code 503");
        assert!(matches!(Failure::of_status(&status, ""), Failure::Trouble(Trouble::WebPage(_))));
    }

    #[test]
    fn calls_without_a_refusal_have_their_exit() {
        for (code, exit) in [
            (Code::Unauthenticated, Exit::Denied),
            (Code::PermissionDenied, Exit::Denied),
            (Code::InvalidArgument, Exit::Usage),
            (Code::Unavailable, Exit::Unavailable),
            (Code::DeadlineExceeded, Exit::Unavailable),
            (Code::Internal, Exit::Failure),
            (Code::Unimplemented, Exit::Failure),
        ] {
            assert_eq!(Failure::of_status(&Status::new(code, "x"), "").exit(), exit, "{code:?}");
        }
    }
}
