//! Which version of the CDM a source has.

use std::fmt;

/// The version of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceVersion {
    /// OMOP CDM v5.3.
    V5_3,
    /// OMOP CDM v5.4.
    V5_4,
}

impl SourceVersion {
    /// The version as it is written.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V5_3 => "5.3",
            Self::V5_4 => "5.4",
        }
    }
}

impl fmt::Display for SourceVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the columns of a source say about its version.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    /// A column that v5.4 added.
    pub(super) has_added: bool,
    /// A column under the name that it had in v5.3.
    pub(super) has_renamed: bool,
    /// A table that v5.4 added columns to has none of them.
    pub(super) lacks_added: bool,
}

impl Evidence {
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            has_added: self.has_added || other.has_added,
            has_renamed: self.has_renamed || other.has_renamed,
            lacks_added: self.lacks_added || other.lacks_added,
        }
    }

    /// The version, where `cdm_source` does not say. A name of v5.3 outweighs a column of v5.4, since sites add the
    /// columns that they need early; without a sign of either it is v5.4, which asks for more.
    pub(super) fn version(self) -> SourceVersion {
        match self {
            Self { has_renamed: true, .. } => SourceVersion::V5_3,
            Self { has_added: false, lacks_added: true, .. } => SourceVersion::V5_3,
            _ => SourceVersion::V5_4,
        }
    }
}

/// What `cdm_source.cdm_version` says: `Ok(None)` where it is no version, the major and minor number where it is one
/// that cannot be read.
pub(super) fn stated(text: &str) -> Result<Option<SourceVersion>, (u32, u32)> {
    let number = text.trim_start_matches(|c: char| !c.is_ascii_digit());
    let mut parts = number.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(5)), Some(Ok(3))) => Ok(Some(SourceVersion::V5_3)),
        (Some(Ok(5)), Some(Ok(4))) => Ok(Some(SourceVersion::V5_4)),
        (Some(Ok(major @ 1..=20)), Some(Ok(minor))) if number.contains('.') => Err((major, minor)),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_however_they_are_written() {
        for (text, expect) in [
            ("v5.3.1", Ok(Some(SourceVersion::V5_3))),
            ("5.4", Ok(Some(SourceVersion::V5_4))),
            ("OMOP CDM v5.4.0", Ok(Some(SourceVersion::V5_4))),
            ("v6.0", Err((6, 0))),
            ("5.2.2", Err((5, 2))),
            ("", Ok(None)),
            ("unknown", Ok(None)),
            ("2024-01-01", Ok(None)),
            ("5", Ok(None)),
        ] {
            assert_eq!(stated(text), expect, "{text:?}");
        }
    }
}
