//! The statement: an argument, a file or standard input.

use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use crate::args::Statement;
use crate::failure::Failure;
use crate::lang::Lang;

/// Reads the statement.
///
/// # Errors
/// [`Failure`] when there is none, or it is not text.
pub fn read(statement: &Statement, lang: Lang) -> Result<String, Failure> {
    let (place, bytes) = match (&statement.sql, statement.file.as_deref()) {
        (Some(sql), _) => return check(sql.clone(), lang),
        (None, Some(path)) if path != Path::new("-") => {
            let place = path.display().to_string();
            let bytes = fs::read(path).map_err(|error| Failure::io(place.clone(), error))?;
            (place, bytes)
        }
        (None, file) => {
            if file.is_none() && io::stdin().is_terminal() {
                return Err(Failure::Usage(
                    say!(lang, "there is no statement", "SQL 文がありません"),
                    Some(say!(
                        lang,
                        "write it as an argument, in a file (-f FILE) or into standard input",
                        "引数、ファイル(-f FILE)または標準入力で与えてください"
                    )),
                ));
            }
            let mut bytes = Vec::new();
            io::stdin().lock().read_to_end(&mut bytes).map_err(|error| Failure::io("stdin", error))?;
            ("stdin".to_owned(), bytes)
        }
    };
    let text = decode(bytes).ok_or_else(|| {
        Failure::Usage(
            say!(lang, "`{place}` is not UTF-8 text", "`{place}` は UTF-8 のテキストではありません"),
            Some(say!(
                lang,
                "save it as UTF-8 (it may be Shift_JIS)",
                "UTF-8 で保存してください(Shift_JIS の可能性があります)"
            )),
        )
    })?;
    check(text, lang)
}

/// UTF-8, without the mark that some editors put first.
fn decode(bytes: Vec<u8>) -> Option<String> {
    let text = String::from_utf8(bytes).ok()?;
    Some(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

fn check(text: String, lang: Lang) -> Result<String, Failure> {
    if text.trim().is_empty() {
        return Err(Failure::usage(say!(lang, "the statement is empty", "SQL 文が空です")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_utf8_with_or_without_a_mark() {
        assert_eq!(decode("\u{feff}SELECT '東京'".into()).unwrap(), "SELECT '東京'");
        assert_eq!(decode(b"SELECT '\x93\x8c\x8b\x9e'".to_vec()), None);
    }

    #[test]
    fn an_argument_is_taken_as_it_is_but_not_empty() {
        let of = |sql: &str| Statement { sql: Some(sql.into()), file: None };
        assert_eq!(read(&of(" SELECT 1 "), Lang::En).unwrap(), " SELECT 1 ");
        assert!(read(&of(" \n"), Lang::En).is_err());
    }
}
