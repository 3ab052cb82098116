//! A sign of life on a terminal while the hospitals work.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::StatusForm;
use crate::console::Console;

/// A spinner with the time that has passed; nothing where standard error is no terminal.
#[derive(Debug)]
pub struct Progress(Option<ProgressBar>, Console);

impl Progress {
    /// Begins.
    pub fn start(console: Console) -> Self {
        if !console.err_terminal || console.quiet || console.form == StatusForm::Json {
            return Self(None, console);
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let cancel = console.lang.pick("Ctrl-C cancels", "Ctrl-C で中止");
        if let Ok(style) = ProgressStyle::with_template(&format!("{{spinner}} {{msg}} {{elapsed}} ({cancel})")) {
            bar.set_style(style);
        }
        bar.set_message(console.lang.pick("asking the hospitals", "各病院に問い合わせ中"));
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(Some(bar), console)
    }

    /// Shows how many rows have come.
    pub fn rows(&self, rows: u64) {
        if let Some(bar) = &self.0 {
            bar.set_message(say!(self.1.lang, "receiving, {rows} rows", "受信中 {rows}行"));
        }
    }

    /// Takes the spinner away, before anything else is written to the terminal.
    pub fn done(&mut self) {
        if let Some(bar) = self.0.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.done();
    }
}
