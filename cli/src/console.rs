//! What the terminal is like, and the two ways of speaking on standard error.

use std::io::{self, IsTerminal, Write};

use serde_json::json;

use crate::answer::Account;
use crate::args::{Cli, StatusForm};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::status;

/// What the terminal is like and how to speak. Cheap to copy.
#[derive(Debug, Clone, Copy)]
pub struct Console {
    /// The language.
    pub lang: Lang,
    /// Whether standard output is a terminal.
    pub out_terminal: bool,
    /// Whether standard error is a terminal.
    pub err_terminal: bool,
    /// Whether standard error takes colours.
    pub colour: bool,
    /// Whether only errors are printed.
    pub quiet: bool,
    /// The form of the status.
    pub form: StatusForm,
}

/// What is left to say when a command ends.
#[derive(Debug, Default)]
pub struct Report<'a> {
    /// The account of the answer.
    pub account: Option<&'a Account>,
    /// Rows that were written.
    pub rows: Option<u64>,
    /// Seconds from the start.
    pub seconds: f64,
    /// Sentences about the output itself.
    pub notes: Vec<String>,
}

impl Console {
    /// Looks at the streams and at what the shell says.
    pub fn new(cli: &Cli) -> Self {
        let shell = &cli.surroundings;
        let locale = [&shell.lc_all, &shell.lc_messages, &shell.locale].into_iter().flatten().find(|l| !l.is_empty());
        let err_terminal = io::stderr().is_terminal();
        let no_color = shell.no_color.as_deref().is_some_and(|value| !value.is_empty());
        let dumb = shell.term.as_deref() == Some("dumb");
        Self {
            lang: cli.talk.lang.unwrap_or_else(|| locale.map(|l| Lang::of_locale(l)).unwrap_or_default()),
            out_terminal: io::stdout().is_terminal(),
            err_terminal,
            colour: err_terminal && !no_color && !dumb,
            quiet: cli.talk.quiet,
            form: cli.talk.status,
        }
    }

    /// Writes a line for people; nothing where they asked for quiet or for JSON.
    pub fn tell(&self, text: &str) {
        if !self.quiet && self.form == StatusForm::Text {
            self.write(text);
        }
    }

    /// `text` in bold red, green or yellow where colours are taken.
    pub fn paint(&self, colour: Colour, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match colour {
            Colour::Red => "1;31",
            Colour::Green => "32",
            Colour::Yellow => "33",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// Says how a question ended.
    pub fn report(&self, exit: Exit, report: &Report<'_>) {
        match self.form {
            StatusForm::Json => self.json(exit, report, None),
            StatusForm::Text => {
                self.tell(status::text(self, report).trim_end());
            }
        }
    }

    /// Says why a command failed, and gives its exit.
    pub fn fail(&self, failure: &Failure) -> Exit {
        let exit = failure.exit();
        if matches!(failure, Failure::Closed) {
            return exit;
        }
        let report = Report { account: failure.account(), ..Report::default() };
        match self.form {
            StatusForm::Json => self.json(exit, &report, Some(failure)),
            StatusForm::Text => {
                let head = self.paint(Colour::Red, self.lang.pick("error", "エラー"));
                self.write(&format!("{head}: {}", failure.text(self.lang)));
                if report.account.is_some() {
                    self.tell(status::text(self, &report).trim_end());
                }
            }
        }
        exit
    }

    fn json(&self, exit: Exit, report: &Report<'_>, failure: Option<&Failure>) {
        let line = json!({
            "status": exit.name(),
            "exit_status": exit.status(),
            "rows": report.rows,
            "seconds": failure.is_none().then_some(report.seconds),
            "answer": report.account.map(|account| &account.raw),
            "notes": report.notes,
            "error": failure.map(|failure| failure.json(self.lang)),
        });
        self.write(&line.to_string());
    }

    /// Nothing can be said about a standard error that does not take it.
    fn write(&self, text: &str) {
        if !text.is_empty() {
            let _said = writeln!(io::stderr().lock(), "{text}");
        }
    }
}

/// A colour with a meaning.
#[derive(Debug, Clone, Copy)]
pub enum Colour {
    /// Wrong.
    Red,
    /// Right.
    Green,
    /// Mind.
    Yellow,
}

/// `text` with everything escaped that could drive a terminal or turn the order of characters around.
pub fn clean(text: &str) -> String {
    let unsafe_char = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(unsafe_char) {
        return text.to_owned();
    }
    text.chars().map(|c| if unsafe_char(c) { c.escape_default().to_string() } else { c.to_string() }).collect()
}

/// As [`clean`], keeping line breaks.
pub fn clean_lines(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_drives_a_terminal_is_escaped() {
        assert_eq!(clean("糖尿病 ok"), "糖尿病 ok");
        assert_eq!(clean("a\u{1b}[2Jb\n\u{202e}c"), "a\\u{1b}[2Jb\\n\\u{202e}c");
        assert_eq!(clean_lines("a\nb\u{7}"), "a\nb\\u{7}");
    }
}
