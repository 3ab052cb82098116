//! Configuration: one TOML file, read once, with every mistake reported in one go.
//!
//! What must stay true: a key that nobody reads is a mistake, since a misspelt limit must not silently mean "no limit".
//! Types refuse unknown keys themselves (`#[serde(deny_unknown_fields)]` on each), which also tells what they know, so
//! each unknown key is answered with the nearest known one. To report all of them, what the reading stumbles over (an
//! unknown key, a value of the wrong type) is noted, taken out of the document, and the rest is read again; a key that
//! is then missing is not reported on top. [`Settings::check`] comes last: it sees a complete value and names every key
//! it objects to.

use std::fmt;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer};

/// A type that a configuration file is read into.
pub trait Settings: DeserializeOwned {
    /// Objects to values that parse but make no sense, each by its dotted key.
    fn check(&self, problems: &mut Problems);
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration `{}` cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file has mistakes.
    #[error("the configuration `{}` has {} mistake{}:\n{problems}", path.display(), problems.len(),
        if problems.len() == 1 { "" } else { "s" })]
    Wrong {
        /// The file.
        path: PathBuf,
        /// All mistakes that could be found.
        problems: Problems,
    },
}

/// One mistake and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line and column, from 1, where they are known.
    pub place: Option<(usize, usize)>,
    /// What is wrong, with the remedy.
    pub message: String,
}

/// All mistakes of one file, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    found: Vec<Problem>,
    /// Dotted keys with their place, to locate what `check` objects to.
    places: Vec<(String, (usize, usize))>,
}

impl Problems {
    /// Objects to the value of `key`, written with dots (`tls.key`, `site.0.id`).
    pub fn add(&mut self, key: &str, message: impl fmt::Display) {
        // A key that has a default is not in the file: its table is the nearest place.
        let mut shown = key;
        let place = loop {
            if let Some((_, place)) = self.places.iter().find(|(known, _)| known == shown) {
                break Some(*place);
            }
            match shown.rsplit_once('.') {
                Some((parent, _)) => shown = parent,
                None => break None,
            }
        };
        self.found.push(Problem { place, message: format!("`{key}` {message}") });
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The mistakes, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.found.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.found.iter().enumerate() {
            let end = if index + 1 == self.found.len() { "" } else { "\n" };
            match problem.place {
                Some((line, column)) => write!(f, "  line {line}, column {column}: {}{end}", problem.message)?,
                None => write!(f, "  {}{end}", problem.message)?,
            }
        }
        Ok(())
    }
}

/// Reads and checks a configuration file.
///
/// # Errors
/// [`ConfigError`] when the file cannot be read or has mistakes.
pub fn load<T: Settings>(path: &Path) -> Result<T, ConfigError> {
    let text = fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
    parse(&text).map_err(|problems| ConfigError::Wrong { path: path.to_owned(), problems })
}

/// Reads and checks the text of a configuration file.
///
/// # Errors
/// [`Problems`], all that could be found.
pub fn parse<T: Settings>(text: &str) -> Result<T, Problems> {
    let mut problems = Problems::default();
    let read: Option<T> = read(text, &mut problems);
    if let Some(settings) = &read {
        settings.check(&mut problems);
    }
    problems.found.sort_by_key(|problem| problem.place);
    match read {
        Some(settings) if problems.is_empty() => Ok(settings),
        _ => Err(problems),
    }
}

fn read<T: DeserializeOwned>(text: &str, problems: &mut Problems) -> Option<T> {
    let mut document = match DeTable::parse(text) {
        Ok(document) => document,
        Err(error) => {
            problems.found.push(located(text, error.span(), error.message().to_owned()));
            return None;
        }
    };
    note_places(text, document.get_ref(), "", &mut problems.places);
    let mut whole = true;
    loop {
        let error = match T::deserialize(Deserializer::from(document.clone())) {
            Ok(settings) => return whole.then_some(settings),
            Err(error) => error,
        };
        let unknown = unknown_key(error.message());
        if !whole && error.message().starts_with("missing field") {
            return None;
        }
        whole &= unknown.is_some();
        let message = unknown.map_or_else(|| error.message().to_owned(), |unknown| unknown.explain());
        problems.found.push(located(text, error.span(), message));
        if !error.span().is_some_and(|span| remove(document.get_mut(), &span)) {
            return None;
        }
    }
}

struct Unknown {
    key: String,
    known: Vec<String>,
}

/// Takes serde's sentence about an unknown field apart; it is the only place where the known ones are told.
fn unknown_key(message: &str) -> Option<Unknown> {
    let (key, rest) = message.strip_prefix("unknown field `")?.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    Some(Unknown { key: key.to_owned(), known })
}

impl Unknown {
    fn explain(&self) -> String {
        let Self { key, known } = self;
        let nearest = known
            .iter()
            .map(|name| (strsim::damerau_levenshtein(name, key), name))
            .min()
            .filter(|(distance, name)| *distance <= (name.len().max(key.len()) / 2).max(1));
        match nearest {
            Some((_, name)) => format!("`{key}` is not known here; did you mean `{name}`?"),
            None if known.is_empty() => format!("`{key}` is not known here; nothing is expected"),
            None => format!("`{key}` is not known here; known are `{}`", known.join("`, `")),
        }
    }
}

fn located(text: &str, span: Option<Range<usize>>, message: String) -> Problem {
    Problem { place: span.map(|span| place(text, span.start)), message }
}

fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}

fn note_places(text: &str, table: &DeTable<'_>, prefix: &str, places: &mut Vec<(String, (usize, usize))>) {
    for (key, value) in table {
        let path = format!("{prefix}{}", key.get_ref());
        places.push((path.clone(), place(text, key.span().start)));
        note_value(text, value, &path, places);
    }
}

fn note_value(text: &str, value: &Spanned<DeValue<'_>>, path: &str, places: &mut Vec<(String, (usize, usize))>) {
    match value.get_ref() {
        DeValue::Table(table) => note_places(text, table, &format!("{path}."), places),
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                let path = format!("{path}.{index}");
                places.push((path.clone(), place(text, item.span().start)));
                note_value(text, item, &path, places);
            }
        }
        _ => {}
    }
}

/// Takes the entry out whose key or value stands at `span`.
fn remove(table: &mut DeTable<'_>, span: &Range<usize>) -> bool {
    let found = table.iter().find(|(key, value)| key.span() == *span || value.span() == *span);
    match found.map(|(key, _)| key.clone()) {
        Some(key) => table.remove(&key).is_some(),
        None => table.iter_mut().any(|(_, value)| remove_within(value, span)),
    }
}

fn remove_within(value: &mut Spanned<DeValue<'_>>, span: &Range<usize>) -> bool {
    match value.get_mut() {
        DeValue::Table(table) => remove(table, span),
        DeValue::Array(items) => items.iter_mut().any(|item| remove_within(item, span)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Program {
        listen: String,
        #[serde(default)]
        limits: Limits,
        #[serde(default)]
        sites: Vec<Site>,
    }

    #[derive(Debug, Default, serde::Deserialize)]
    #[serde(deny_unknown_fields, default)]
    struct Limits {
        minimum_persons: u32,
        deadline_seconds: u32,
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Site {
        id: String,
    }

    impl Settings for Program {
        fn check(&self, problems: &mut Problems) {
            if !self.listen.contains(':') {
                problems.add("listen", "needs a port");
            }
            if self.limits.minimum_persons < 5 {
                problems.add("limits.minimum_persons", "must be at least 5");
            }
            for (index, site) in self.sites.iter().enumerate() {
                if site.id.is_empty() {
                    problems.add(&format!("sites.{index}.id"), "must not be empty");
                }
            }
        }
    }

    fn shown(text: &str) -> String {
        parse::<Program>(text).unwrap_err().to_string()
    }

    #[test]
    fn a_good_file_is_read() {
        let text = "listen = 'a:1'\n[limits]\nminimum_persons = 10\n[[sites]]\nid = 'tokyo'\n";
        let program: Program = parse(text).unwrap();
        assert_eq!((program.listen.as_str(), program.limits.minimum_persons), ("a:1", 10));
        assert_eq!(program.limits.deadline_seconds, 0);
    }

    #[test]
    fn every_unknown_key_and_every_objection_is_reported_at_once() {
        let text = "listne = 1\nlisten = 'a'\n\n[limits]\n  minimum_person = 3\nminimum_persons = 2\n\
                    [[sites]]\nid = ''\nzzzzzzzz = 1\n[limitz]\n";
        assert_eq!(
            shown(text),
            "  line 1, column 1: `listne` is not known here; did you mean `listen`?\n  \
             line 2, column 1: `listen` needs a port\n  \
             line 5, column 3: `minimum_person` is not known here; did you mean `minimum_persons`?\n  \
             line 6, column 1: `limits.minimum_persons` must be at least 5\n  \
             line 8, column 1: `sites.0.id` must not be empty\n  \
             line 9, column 1: `zzzzzzzz` is not known here; known are `id`\n  \
             line 10, column 2: `limitz` is not known here; did you mean `limits`?"
        );
    }

    #[test]
    fn a_default_is_objected_to_at_its_table() {
        assert_eq!(
            shown("listen = 'a:1'\n[limits]\n"),
            "  line 2, column 2: `limits.minimum_persons` must be at least 5"
        );
        assert_eq!(shown("listen = 'a:1'\n"), "  `limits.minimum_persons` must be at least 5");
    }

    #[test]
    fn syntax_types_and_missing_keys_name_their_place() {
        assert!(shown("listen = \n").starts_with("  line 1, column 10: "), "{}", shown("listen = \n"));
        let text = "listen = 'a:1'\nunknown = 1\n[limits]\nminimum_persons = 'ten'\n";
        let text = shown(text);
        assert!(text.contains("line 2, column 1: `unknown`"), "{text}");
        assert!(text.contains("line 4, column 19: invalid type: string \"ten\""), "{text}");
        assert!(shown("").contains("missing field `listen`"));
    }

    #[test]
    fn the_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("gateway.toml");
        let error = load::<Program>(&path).unwrap_err();
        assert!(matches!(error, ConfigError::Read { .. }));
        fs::write(&path, "listen = 'x'").unwrap();
        let error = load::<Program>(&path).unwrap_err().to_string();
        assert!(error.contains("gateway.toml") && error.contains("has 2 mistakes"), "{error}");
    }
}
