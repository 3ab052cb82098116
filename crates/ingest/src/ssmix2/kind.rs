//! The kinds of data of the standardized storage.

use std::fmt;

/// A kind of data, as folders and file names say it. What a message says of itself (MSH-9) is no part of it: some
/// systems write every reception as an admission.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each known kind has its own name")]
pub enum Kind {
    Adt00,
    Adt01,
    Adt12,
    Adt21,
    Adt22,
    Adt31,
    Adt32,
    Adt41,
    Adt42,
    Adt51,
    Adt52,
    Adt61,
    Ppr01,
    Omd,
    Omp01,
    Omp02,
    Omp11,
    Omp12,
    Oml01,
    Oml11,
    Oml12,
    Omg01,
    Omg02,
    Omg03,
    Omg11,
    Omg12,
    Omg13,
    /// A folder of the extended storage, under its whole name.
    Extended(Box<str>),
    /// Any other word.
    Other(Box<str>),
}

const KNOWN: [(&str, Kind); 27] = [
    ("ADT-00", Kind::Adt00),
    ("ADT-01", Kind::Adt01),
    ("ADT-12", Kind::Adt12),
    ("ADT-21", Kind::Adt21),
    ("ADT-22", Kind::Adt22),
    ("ADT-31", Kind::Adt31),
    ("ADT-32", Kind::Adt32),
    ("ADT-41", Kind::Adt41),
    ("ADT-42", Kind::Adt42),
    ("ADT-51", Kind::Adt51),
    ("ADT-52", Kind::Adt52),
    ("ADT-61", Kind::Adt61),
    ("PPR-01", Kind::Ppr01),
    ("OMD", Kind::Omd),
    ("OMP-01", Kind::Omp01),
    ("OMP-02", Kind::Omp02),
    ("OMP-11", Kind::Omp11),
    ("OMP-12", Kind::Omp12),
    ("OML-01", Kind::Oml01),
    ("OML-11", Kind::Oml11),
    ("OML-12", Kind::Oml12),
    ("OMG-01", Kind::Omg01),
    ("OMG-02", Kind::Omg02),
    ("OMG-03", Kind::Omg03),
    ("OMG-11", Kind::Omg11),
    ("OMG-12", Kind::Omg12),
    ("OMG-13", Kind::Omg13),
];

impl Kind {
    /// The kind that a word names.
    #[must_use]
    pub fn of(word: &str) -> Self {
        match KNOWN.iter().find(|(name, _)| *name == word) {
            Some((_, kind)) => kind.clone(),
            None if word.contains('^') => Self::Extended(word.into()),
            None => Self::Other(word.into()),
        }
    }

    /// Its word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Extended(word) | Self::Other(word) => word,
            known => KNOWN.iter().find(|(_, kind)| kind == known).map_or("", |(name, _)| name),
        }
    }

    /// Whether files of this kind are converted. Those of the others need not be opened: they are counted by kind.
    /// Planned events, orders that have no result yet, diets and whatever is unknown are not converted; of the
    /// extended storage the HL7 messages of vital signs are.
    #[must_use]
    pub fn is_converted(&self) -> bool {
        let planned = matches!(self, Self::Adt01 | Self::Adt21 | Self::Adt41 | Self::Adt51);
        let ordered = matches!(self, Self::Omd | Self::Oml01 | Self::Omg01 | Self::Omg02 | Self::Omg03);
        !planned && !ordered && !matches!(self, Self::Oml12 | Self::Other(_))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_its_word() {
        for (word, kind) in KNOWN {
            assert_eq!((Kind::of(word), kind.as_str()), (kind.clone(), word));
        }
        assert_eq!(
            Kind::of("L-OBSERVATIONS^OBSERVATIONS^99ZL01"),
            Kind::Extended("L-OBSERVATIONS^OBSERVATIONS^99ZL01".into())
        );
        assert_eq!(Kind::of("ADT-99").as_str(), "ADT-99");
        assert!(!Kind::of("ADT-99").is_converted() && !Kind::Adt01.is_converted() && Kind::Adt00.is_converted());
    }
}
