//! `renkei profile show`: what is in effect and where it comes from.

use std::io::{self, Write};

use crate::console::{Console, clean};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::grid::{self, Column};
use crate::settings::{Setting, Settings};

/// Prints the settings.
pub fn show(settings: &Settings, console: Console) -> Result<Exit, Failure> {
    let column = |title: &str| Column { title: title.into(), right: false };
    let columns = [column("setting"), column("value"), column("from")];
    let row = |(key, setting): (&str, Option<Setting>)| match setting {
        Some(Setting { value, source }) => vec![key.to_owned(), clean(&value), source.to_string()],
        None => vec![key.to_owned(), "–".to_owned(), String::new()],
    };
    let rows: Vec<_> = settings.all(&console).into_iter().map(row).collect();
    let text = grid::render(&columns, &rows);
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(Failure::io("stdout", error)),
        _ => {}
    }
    let profile = &settings.profile;
    console.tell(&match &settings.file {
        Some(path) => {
            say!(console.lang, "profile `{profile}` of `{}`", "`{}` のプロファイル `{profile}`", path.display())
        }
        None => say!(console.lang, "there is no configuration file", "設定ファイルはありません"),
    });
    Ok(Exit::Ok)
}
