//! Logs: to standard error, for people or as JSON.

use std::io::{self, IsTerminal};
use std::str::FromStr;

use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One readable line each.
    #[default]
    Text,
    /// One JSON object each.
    Json,
}

impl FromStr for Format {
    type Err = TelemetryError;
    fn from_str(text: &str) -> Result<Self, TelemetryError> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            other => Err(TelemetryError::Format(other.to_owned())),
        }
    }
}

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not of the form `level` or `target=level,…`.
    #[error("`{0}` is not a log filter: write a level (error, warn, info, debug, trace) or `target=level` pairs")]
    Filter(String),
    /// An unknown format.
    #[error("`{0}` is not a log format: use text or json")]
    Format(String),
    /// Logging was set up before.
    #[error("logging is set up already")]
    Twice,
}

/// The filter when none is given.
pub const DEFAULT_FILTER: &str = "info";

/// Starts logging for the whole process. `main` calls it once, before anything else.
///
/// # Errors
/// [`TelemetryError`] when the filter does not parse or a subscriber is installed already.
pub fn init(filter: &str, format: Format) -> Result<(), TelemetryError> {
    let filter = parse(filter)?;
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).with_ansi(io::stderr().is_terminal());
    let installed = match format {
        Format::Text => builder.try_init(),
        Format::Json => builder.json().flatten_event(true).try_init(),
    };
    installed.map_err(|_| TelemetryError::Twice)
}

fn parse(filter: &str) -> Result<EnvFilter, TelemetryError> {
    let wrong = || TelemetryError::Filter(filter.to_owned());
    // A bare word is taken for a target by the parser, so `inof` would silence everything without a word.
    let level = |text: &str| text.parse::<tracing_subscriber::filter::LevelFilter>().is_ok();
    let directives = filter.split(',').map(str::trim);
    if directives.clone().any(|part| part.is_empty() || !(part.contains('=') || level(part))) {
        return Err(wrong());
    }
    EnvFilter::try_new(filter).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_checked_before_they_silence_anything() {
        for good in ["info", "debug", "info,renkei_service=debug", "off"] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in ["", "inof", "info,", "renkei=loud", "verbose"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
