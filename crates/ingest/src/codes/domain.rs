//! What kind of fact a concept stands for: it decides the table that a record goes to.

/// A domain of OMOP's vocabulary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the words are the vocabulary's own")]
pub enum Domain {
    Condition,
    Drug,
    Procedure,
    Measurement,
    Observation,
    Device,
    Specimen,
    Visit,
    Unit,
    Route,
    MeasValue,
    /// Any other, or a mixture of several.
    Other,
}

impl Domain {
    /// The domain of a `domain_id`.
    #[must_use]
    pub fn of(id: &str) -> Self {
        match id {
            "Condition" => Self::Condition,
            "Drug" => Self::Drug,
            "Procedure" => Self::Procedure,
            "Measurement" => Self::Measurement,
            "Observation" => Self::Observation,
            "Device" => Self::Device,
            "Specimen" => Self::Specimen,
            "Visit" => Self::Visit,
            "Unit" => Self::Unit,
            "Route" => Self::Route,
            "Meas Value" => Self::MeasValue,
            _ => Self::Other,
        }
    }
}
