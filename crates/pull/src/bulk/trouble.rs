//! Why a request failed, and whether asking again can help.

use std::time::Duration;

use http::StatusCode;
use http::header::{DATE, RETRY_AFTER};

use super::http::Answer;
use crate::{Error, Kind};

/// Longest wait that a server can ask for.
const LONGEST: Duration = Duration::from_secs(3_600);
/// Longest body of an error that is looked at.
const OUTCOME_BYTES: usize = 1 << 20;

/// A failed request.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) error: Error,
    /// Whether the same request may succeed later.
    pub(super) passing: bool,
    /// When the server wants to be asked again.
    pub(super) after: Option<Duration>,
    /// What the server answered, where it did.
    pub(super) status: Option<StatusCode>,
}

impl Trouble {
    pub(super) fn passing(error: Error) -> Self {
        Self { error, passing: true, after: None, status: None }
    }

    pub(super) fn lasting(error: Error) -> Self {
        Self { error, passing: false, after: None, status: None }
    }

    /// An answer that is not the one that was asked for.
    pub(super) async fn answered(mut answer: Answer, host: &str, what: &str) -> Self {
        let status = answer.status;
        let after = after(&answer);
        let codes = match answer.whole(OUTCOME_BYTES).await {
            Ok(body) => codes(&body),
            Err(_) => String::new(),
        };
        let said = format!("{host} answers {} to {what}{codes}", status.as_u16());
        let (kind, remedy) = match status.as_u16() {
            401 => (Kind::Refused, "check auth: the server does not accept the token or certificate"),
            403 => (Kind::Refused, "have the server's administrator allow this client to export"),
            404 | 405 | 501 => (Kind::Source, "check base and scope: the server may not offer this kind of export"),
            407 => (Kind::Refused, "the proxy wants a password, which is not supported; have it let the node through"),
            429 => (Kind::Unreachable, "the server is asked too often; try again later"),
            500..=599 => (Kind::Unreachable, "try again later; the server's log says why"),
            _ => (Kind::Source, "the server's log says why"),
        };
        let passing = matches!(status.as_u16(), 408 | 425 | 429 | 500 | 502 | 503 | 504);
        Self { error: Error::new(kind, said, remedy), passing, after, status: Some(status) }
    }
}

/// The codes of an OperationOutcome, which are of a fixed list; its texts may speak of patients.
fn codes(body: &[u8]) -> String {
    let Ok(outcome) = serde_json::from_slice::<serde_json::Value>(body) else { return String::new() };
    let issues = outcome["issue"].as_array().map(Vec::as_slice).unwrap_or_default();
    let plain = |code: &&str| code.len() <= 40 && code.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let mut codes: Vec<&str> = issues.iter().filter_map(|issue| issue["code"].as_str()).filter(plain).collect();
    codes.dedup();
    codes.truncate(5);
    if codes.is_empty() { String::new() } else { format!(" (OperationOutcome: {})", codes.join(", ")) }
}

/// When the server wants to be asked again: seconds, or a date by its own clock.
pub(super) fn after(answer: &Answer) -> Option<Duration> {
    wait(answer.header(RETRY_AFTER)?, answer.header(DATE))
}

fn wait(retry_after: &str, date: Option<&str>) -> Option<Duration> {
    let text = retry_after.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let (then, now) = (httpdate::parse_http_date(text).ok()?, httpdate::parse_http_date(date?).ok()?);
            then.duration_since(now).unwrap_or_default()
        }
    };
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits() {
        let date = Some("Wed, 25 Nov 2026 07:00:00 GMT");
        for (text, date, expected) in [
            ("0", None, Some(0)),
            (" 120 ", None, Some(120)),
            ("999999999", None, Some(3_600)),
            ("99999999999999999999999", None, None),
            ("-1", date, None),
            ("soon", date, None),
            ("Wed, 25 Nov 2026 07:00:30 GMT", date, Some(30)),
            ("Wed, 25 Nov 2026 06:00:30 GMT", date, Some(0)),
            ("Wed, 25 Nov 2026 07:00:30 GMT", None, None),
        ] {
            assert_eq!(wait(text, date).map(|wait| wait.as_secs()), expected, "{text}");
        }
    }

    #[test]
    fn only_codes_are_repeated() {
        let outcome = br#"{"resourceType":"OperationOutcome","issue":[{"code":"not-supported","diagnostics":"Taro"},
            {"code":"Taro Yamada"},{"code":"processing"}]}"#;
        assert_eq!(codes(outcome), " (OperationOutcome: not-supported, processing)");
        for other in [&b"<html>"[..], b"{}", b"[1]", b"{\"issue\":{\"code\":\"x\"}}", b""] {
            assert_eq!(codes(other), "");
        }
    }
}
