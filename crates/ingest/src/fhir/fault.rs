//! Why a resource cannot be read, and where in it.

use std::borrow::Cow;

use serde::Deserialize;

use crate::Rule;

/// A rule that a resource breaks, and the element that breaks it, by its path within the resource.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) rule: Rule,
    pub(super) path: Option<Cow<'static, str>>,
}

impl Fault {
    /// An element without which the resource cannot be read is absent or not to be understood.
    pub(super) fn essential(path: &'static str) -> Self {
        Self { rule: Rule::Essential, path: Some(Cow::Borrowed(path)) }
    }

    /// The piece as a whole is not what it should be.
    pub(super) fn whole(rule: Rule) -> Self {
        Self { rule, path: None }
    }

    /// The same, below an element.
    pub(super) fn below(self, element: &str) -> Self {
        let path = match self.path {
            Some(path) if !path.is_empty() => format!("{element}.{path}"),
            _ => element.to_owned(),
        };
        Self { rule: self.rule, path: Some(Cow::Owned(path)) }
    }
}

/// A value of the wrong type is named by its path; what is no JSON at all is not.
pub(super) fn parse<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Fault> {
    serde_json::from_str(json).map_err(|error| {
        if !error.is_data() {
            return Fault::whole(Rule::Format);
        }
        let path = path(json, offset(json, error.line(), error.column()));
        Fault { rule: Rule::Type, path: Some(Cow::Owned(path)) }
    })
}

/// How many bytes were read when an error came up.
fn offset(json: &str, line: usize, column: usize) -> usize {
    let before: usize = json.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    before + column
}

enum Frame<'a> {
    Object { key: &'a str, awaits_key: bool },
    Array(usize),
}

/// The path of the value that the first `end` bytes of a JSON text lead into. Names that no element of FHIR has are not
/// repeated: they may be anything.
fn path(json: &str, end: usize) -> String {
    let bytes = json.as_bytes();
    let end = end.min(bytes.len());
    let mut frames: Vec<Frame<'_>> = Vec::new();
    let mut at = 0;
    while at < end {
        match bytes[at] {
            b'"' => {
                let close = close(bytes, at + 1);
                if let Some(Frame::Object { key, awaits_key: awaits @ true }) = frames.last_mut() {
                    *key = json.get(at + 1..close).unwrap_or_default();
                    *awaits = false;
                }
                at = close;
            }
            b'{' => frames.push(Frame::Object { key: "", awaits_key: true }),
            b'[' => frames.push(Frame::Array(0)),
            b'}' | b']' => {
                frames.pop();
            }
            b',' => match frames.last_mut() {
                Some(Frame::Object { awaits_key, .. }) => *awaits_key = true,
                Some(Frame::Array(index)) => *index += 1,
                None => {}
            },
            _ => {}
        }
        at += 1;
    }
    write(&frames)
}

/// Where a string ends that began before `from`: the position of its closing quote.
fn close(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at
}

fn write(frames: &[Frame<'_>]) -> String {
    let mut path = String::new();
    for frame in frames.iter().take(16) {
        match frame {
            Frame::Object { key: "", .. } => {}
            Frame::Object { key, .. } => {
                if !path.is_empty() {
                    path.push('.');
                }
                let named = key.len() <= 40 && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                path.push_str(if named { key } else { "?" });
            }
            Frame::Array(index) => {
                path.push_str(&format!("[{index}]"));
            }
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::super::model::{Concept, Quantity};
    use super::*;

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only whether it parses matters")]
    struct Thing<'a> {
        #[serde(borrow)]
        code: Concept<'a>,
        #[serde(borrow, default)]
        value: Option<Quantity<'a>>,
    }

    #[test]
    fn the_wrong_value_is_named_by_its_path_and_never_repeated() {
        for (json, path) in [
            (r#"{"code":{"coding":[{"code":"1"},{"code":7}]}}"#, "code.coding[1].code"),
            (r#"{"code": {"coding": [ {"code" : {"secret":1} } ] } }"#, "code.coding[0].code"),
            ("{\"code\":{},\n \"value\": {\n  \"unit\":3, \"value\": \"secret\"\n}}", "value.value"),
            (r#"{"secret\"":[{"a":[1,{"b":"}]"}]}],"code":"secret"}"#, "code"),
            (r#"{"code":{"coding":"secret"}}"#, "code.coding"),
            (r#"{"code":{"coding":[true]}}"#, "code.coding[0]"),
            (r#"{"code":[["secret"]]}"#, "code[0][0]"),
        ] {
            let fault = parse::<Thing<'_>>(json).unwrap_err();
            assert_eq!(fault, Fault { rule: Rule::Type, path: Some(path.into()) }, "{json}");
        }
    }

    #[test]
    fn what_is_no_json_has_no_path() {
        for json in
            ["", "{", "{\"code\":{}", "{\"code\":{}}x", "nothing", "{\"code\":{\"coding\":[{\"code\":\"\\x\"}]}}"]
        {
            assert_eq!(parse::<Thing<'_>>(json).unwrap_err(), Fault::whole(Rule::Format), "{json}");
        }
        let deep = "[".repeat(10_000);
        assert_eq!(parse::<serde_json::Value>(&deep).unwrap_err().rule, Rule::Format);
    }

    #[test]
    fn paths_of_foreign_names_are_hidden() {
        let json = r#"{"山田 太郎":{"code":"#;
        assert_eq!(path(json, json.len()), "?.code");
        assert_eq!(Fault::essential("b").below("A").path.as_deref(), Some("A.b"));
        assert_eq!(Fault::whole(Rule::Format).below("A").path.as_deref(), Some("A"));
    }
}
