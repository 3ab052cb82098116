//! What keeps a program's log alive: heartbeats and signatures when they are due, with a look at clock and disk.

use std::path::Path;
use std::time::Instant;

use renkei_audit::clock::{TIMESYNC, Watch, source_of_time, words};
use renkei_audit::entry::{Act, Admin, Body, ClockState, Line, Private};
use renkei_audit::note::Note;
use renkei_audit::store::{Log, StoreError};
use renkei_types::Timestamp;

/// The pulse of one log.
#[derive(Debug)]
pub struct Pulse {
    subject: String,
    watch: Watch,
    begun: Instant,
    scarce: bool,
}

/// Whether this machine's clock follows a source of time.
#[must_use]
pub fn clock_state() -> ClockState {
    source_of_time(Path::new(TIMESYNC))
}

/// The same in words, for the entry of a start.
#[must_use]
pub fn clock_words() -> &'static str {
    words(clock_state())
}

impl Pulse {
    /// Begins, with the program's name and the present time.
    #[must_use]
    pub fn begin(subject: impl Into<String>, now: Timestamp) -> Self {
        let begun = Instant::now();
        Self { subject: subject.into(), watch: Watch::new(now, begun.elapsed(), clock_state()), begun, scarce: false }
    }

    /// To be called about once a second: what the clock did is recorded, a heartbeat or checkpoint that is due is made,
    /// and the operator is told when questions begin to be refused for want of room on the disk.
    ///
    /// # Errors
    /// [`StoreError`]: the log takes nothing.
    pub async fn beat(&mut self, log: &Log, now: Timestamp) -> Result<Option<Note>, StoreError> {
        for news in self.watch.look(now, self.begun.elapsed(), clock_state()) {
            tracing::warn!(news, "the machine's clock");
            log.append(Body::Admin(self.act(&news))).await?;
        }
        let note = log.tick(self.watch.state()).await?;
        match (std::mem::replace(&mut self.scarce, log.scarce()), self.scarce) {
            (false, true) => {
                tracing::error!("the audit log's disk is nearly full; questions are refused until there is room");
            }
            (true, false) => tracing::warn!("the audit log's disk has room again; questions are taken"),
            _ => {}
        }
        Ok(note)
    }

    fn act(&self, news: &str) -> Admin {
        let (detail, subject) = (Line::lossy(news), Line::lossy(&self.subject));
        Admin { act: Act::Clock, detail, digest: None, private: Private::default(), subject, who: None }
    }
}
