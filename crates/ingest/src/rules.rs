//! The rules of conversion that a consortium agrees on, so that the same record becomes the same row at every site.

use serde::Deserialize;

/// How much of a date of birth is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub enum BirthPrecision {
    /// The year.
    Year,
    /// Year and month.
    #[default]
    Month,
    /// The day.
    Day,
}

/// The rules.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "snake_case")]
pub struct Rules {
    /// Whether suspected diagnoses (疑い) become conditions. By default they are counted and left out.
    pub keep_suspected: bool,
    /// Days without a record after which an observation period ends and another begins with the next record.
    pub observation_gap_days: u32,
    /// Days between two exposures, or two diagnoses, that still make one era.
    pub era_gap_days: u32,
    /// How much of a date of birth is kept.
    pub birth: BirthPrecision,
    /// Words that mark a test patient when they occur in a name.
    pub test_words: Vec<String>,
    /// Beginnings of patient numbers that are given to test patients.
    pub test_numbers: Vec<String>,
    /// Whether a file whose patient differs from that of its folder is put aside (`true`) or counted (`false`).
    pub strict_patient: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            keep_suspected: false,
            observation_gap_days: 548,
            era_gap_days: 30,
            birth: BirthPrecision::default(),
            test_words: ["テスト", "てすと", "ＴＥＳＴ", "TEST", "ダミー", "訓練"].map(str::to_owned).to_vec(),
            test_numbers: Vec::new(),
            strict_patient: false,
        }
    }
}

impl Rules {
    /// Whether a name or a patient number is that of a test patient.
    #[must_use]
    pub fn is_test(&self, number: &str, names: &[&str]) -> bool {
        let named = |word: &String| names.iter().any(|name| name.to_uppercase().contains(&word.to_uppercase()));
        self.test_words.iter().any(named) || self.test_numbers.iter().any(|start| number.starts_with(start))
    }
}
