//! `renkei explain --rules`: what the language allows and refuses, from the gateway's own table.

use super::{Row, json, print, rows};
use crate::args::ExplainForm;
use crate::command::session;
use crate::console::{Console, clean, clean_lines};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::progress::Progress;
use crate::settings::Settings;

/// Runs the command.
pub(super) async fn run(form: ExplainForm, settings: &Settings, console: Console) -> Result<Exit, Failure> {
    let mut progress = Progress::start(console);
    let client = session::connect(settings, console.lang).await?;
    let mut answer = client.ask("SELECT * FROM renkei.rules", &[]).await?;
    let mut text = String::new();
    while let Some(batch) = answer.next().await? {
        for row in rows(&batch)? {
            match form {
                ExplainForm::Json => text.push_str(&json(row)),
                ExplainForm::Text => text.push_str(&paragraph(&row, console.lang)),
            }
        }
    }
    progress.done();
    print(&text)?;
    Ok(Exit::Ok)
}

fn paragraph(row: &Row, lang: Lang) -> String {
    let of = |name: &str| row.iter().find(|(n, _)| n == name).and_then(|(_, value)| value.as_deref()).unwrap_or("");
    let line = |head: &str, text: &str| {
        let text = clean_lines(text);
        if text.is_empty() { String::new() } else { format!("  {head} {text}\n") }
    };
    let rule = clean(lang.pick(of("rule"), of("rule_ja")));
    let (taken, refused) = (line(lang.pick("+", "○"), of("accepted")), line(lang.pick("-", "×"), of("refused")));
    let (code, hint) = (clean(of("code")), of("hint"));
    let why = line(&format!("  {code}:"), hint);
    format!("{rule}\n{taken}{refused}{why}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_stands_above_its_examples() {
        let pairs = [
            ("rule", "No rows"),
            ("rule_ja", "行は出ません"),
            ("accepted", "SELECT 1"),
            ("refused", "SELECT 2"),
            ("code", "E-ROWS"),
            ("hint", "count"),
        ];
        let row = pairs.map(|(name, value)| (name.to_owned(), Some(value.to_owned()))).into();
        assert_eq!(paragraph(&row, Lang::En), "No rows\n  + SELECT 1\n  - SELECT 2\n    E-ROWS: count\n\n");
        assert!(paragraph(&row, Lang::Ja).starts_with("行は出ません\n  ○ SELECT 1\n"));
    }
}
