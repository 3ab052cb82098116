//! How far an ingest is, at a terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::ingest::{Language, Phase, Progress};

const BYTES: &str = "{spinner} {msg:24} {bar:30} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta}";
const THINGS: &str = "{spinner} {msg:24} {bar:30} {human_pos}/{human_len} {per_sec} {eta}";
/// The first time nobody knows how many there are.
const UNKNOWN: &str = "{spinner} {msg:24} {human_pos} {per_sec} {elapsed}";

pub(super) struct Bar {
    bar: ProgressBar,
    language: Language,
    style: &'static str,
}

impl Bar {
    pub(super) fn new(language: Language) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(4));
        Self { bar, language, style: "" }
    }

    pub(super) fn show(&mut self, progress: Progress) {
        let style = match progress.phase {
            Phase::Scan | Phase::Vocabulary | Phase::Patients if progress.total == 0 => UNKNOWN,
            Phase::Scan | Phase::Patients => THINGS,
            Phase::Vocabulary | Phase::Persons | Phase::Tables | Phase::Checks | Phase::Publish => BYTES,
        };
        if style != self.style {
            self.style = style;
            self.bar.reset();
            if let Ok(style) = ProgressStyle::with_template(style) {
                self.bar.set_style(style);
            }
        }
        if progress.total > 0 {
            self.bar.set_length(progress.total.max(progress.done));
        }
        self.bar.set_position(progress.done);
        self.bar.set_message(message(progress, self.language));
    }

    pub(super) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

fn message(progress: Progress, language: Language) -> &'static str {
    let (english, japanese) = match progress.phase {
        Phase::Scan => ("files", "ファイル"),
        Phase::Vocabulary => ("vocabulary", "語彙"),
        Phase::Patients | Phase::Persons => ("patients", "患者"),
        Phase::Tables => (progress.table, progress.table),
        Phase::Checks => ("checks", "検査"),
        Phase::Publish => ("publishing", "公開"),
    };
    match language {
        Language::English => english,
        Language::Japanese => japanese,
    }
}
