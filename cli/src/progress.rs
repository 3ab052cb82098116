//! A sign of life on a terminal while the hospitals work.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::StatusForm;
use crate::console::{Console, clean};
use crate::polling::Stage;

/// Hospitals that are named while they are waited for.
const NAMES: usize = 4;

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

    /// Whether anybody sees it.
    pub fn is_shown(&self) -> bool {
        self.0.is_some()
    }

    /// Shows which hospitals are still at work.
    pub fn stage(&self, stage: &Stage) {
        let Some(bar) = self.0.as_ref().filter(|_| stage.sites_asked > 0) else { return };
        let (done, asked) = (stage.sites_done, stage.sites_asked);
        let mut waiting: Vec<String> = stage.waiting().take(NAMES + 1).map(clean).collect();
        if waiting.len() > NAMES {
            waiting.truncate(NAMES);
            waiting.push("…".to_owned());
        }
        bar.set_message(match waiting.is_empty() {
            true => say!(self.1.lang, "{done} of {asked} hospitals, merging", "{asked}施設中{done}施設が終了、合算中"),
            false => {
                let waiting = waiting.join(", ");
                say!(
                    self.1.lang,
                    "{done} of {asked} hospitals, waiting for {waiting}",
                    "{asked}施設中{done}施設が終了、待機中: {waiting}"
                )
            }
        });
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
