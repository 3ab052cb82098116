//! Laboratory assays and vital signs, with unit, reference range and the limits of what can be measured.

use super::{
    CELSIUS, CM, Domain, G_PER_DL, KG, MG_PER_DL, ML_PER_MIN_NORMALISED, MM_HG, MMOL_PER_L, PER_MIN, PERCENT,
    PG_PER_ML, THOUSAND_PER_UL, Term, U_PER_L,
};

/// An assay.
#[derive(Debug, PartialEq)]
pub struct Assay {
    /// What it measures.
    pub analyte: Analyte,
    /// The concept; the stem of vital signs is shaped like a laboratory code too.
    pub term: Term,
    /// Unit of every value.
    pub unit: &'static Term,
    /// Reference range: low and high.
    pub range: (Option<f64>, Option<f64>),
    /// Least and greatest value that a living patient has.
    pub limits: (f64, f64),
    /// Decimals that are reported.
    pub decimals: i32,
}

impl Assay {
    /// A value as it is reported: within the limits, rounded.
    #[must_use]
    pub fn report(&self, value: f64) -> f64 {
        let scale = 10_f64.powi(self.decimals);
        (value.clamp(self.limits.0, self.limits.1) * scale).round() / scale
    }

    /// Whether it is a vital sign or a measure of the body, and no laboratory test.
    #[must_use]
    pub fn is_vital(&self) -> bool {
        self.term.stem.starts_with("9V")
    }

    /// A reported value with its decimals: the shortest text that reads as the same number.
    pub(crate) fn shown(&self, value: Option<f64>) -> Option<String> {
        value.map(|value| format!("{value:.*}", usize::try_from(self.decimals).unwrap_or(0)))
    }

    /// The reference range as laboratories print it: `4.6-6.2`, `>=60`, `<=0.14`, or nothing.
    pub(crate) fn range_shown(&self) -> String {
        match self.range {
            (Some(low), Some(high)) => format!("{low}-{high}"),
            (Some(low), None) => format!(">={low}"),
            (None, Some(high)) => format!("<={high}"),
            (None, None) => String::new(),
        }
    }

    /// `H` above the range, `L` below it, `N` within.
    pub(crate) fn flag(&self, value: Option<f64>) -> &'static str {
        match (value, self.range) {
            (None, _) | (_, (None, None)) => "",
            (Some(value), (_, Some(high))) if value > high => "H",
            (Some(value), (Some(low), _)) if value < low => "L",
            _ => "N",
        }
    }
}

macro_rules! assays {
    ($($name:ident $analyte:ident = $concept:literal, $text:literal, $stem:literal, $unit:ident, $low:expr, $high:expr, $limits:expr, $decimals:literal;)*) => {
        $(
            #[doc = $text]
            pub static $name: Assay = Assay {
                analyte: Analyte::$analyte,
                term: Term { concept: $concept, name: $text, domain: Domain::Measurement, stem: $stem, parents: &[] },
                unit: &$unit,
                range: ($low, $high),
                limits: $limits,
                decimals: $decimals,
            };
        )*
        /// What is measured.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Analyte {
            $(
                #[doc = $text]
                $analyte
            ),*
        }

        /// All assays.
        pub static ASSAYS: &[&Assay] = &[$(&$name),*];
    };
}

assays! {
    HBA1C HbA1c = 3004410, "haemoglobin A1c in blood", "3X045", PERCENT, Some(4.6), Some(6.2), (3.8, 16.0), 1;
    GLUCOSE Glucose = 3004501, "glucose in serum", "3X010", MG_PER_DL, Some(73.0), Some(109.0), (40.0, 600.0), 0;
    LDL Ldl = 3028437, "LDL cholesterol in serum", "3X077", MG_PER_DL, Some(65.0), Some(139.0), (20.0, 320.0), 0;
    HDL Hdl = 3007070, "HDL cholesterol in serum", "3X070", MG_PER_DL, Some(40.0), Some(95.0), (15.0, 130.0), 0;
    TRIGLYCERIDES Triglycerides = 3022192, "triglycerides in serum", "3X015", MG_PER_DL, Some(40.0), Some(149.0), (25.0, 1200.0), 0;
    CREATININE Creatinine = 3016723, "creatinine in serum", "3X019", MG_PER_DL, Some(0.46), Some(1.07), (0.2, 16.0), 2;
    EGFR Egfr = 46236952, "estimated filtration rate of the kidneys", "8X065", ML_PER_MIN_NORMALISED, Some(60.0), None, (3.0, 160.0), 1;
    AST Ast = 3013721, "aspartate aminotransferase in serum", "3X035", U_PER_L, Some(13.0), Some(30.0), (6.0, 2000.0), 0;
    ALT Alt = 3006923, "alanine aminotransferase in serum", "3X036", U_PER_L, Some(7.0), Some(42.0), (4.0, 2000.0), 0;
    SODIUM Sodium = 3019550, "sodium in serum", "3X011", MMOL_PER_L, Some(138.0), Some(145.0), (115.0, 165.0), 0;
    POTASSIUM Potassium = 3023103, "potassium in serum", "3X016", MMOL_PER_L, Some(3.6), Some(4.8), (2.0, 7.5), 1;
    ALBUMIN Albumin = 3024561, "albumin in serum", "3X017", G_PER_DL, Some(4.1), Some(5.1), (1.2, 5.8), 1;
    CRP Crp = 3020460, "C-reactive protein in serum", "5X070", MG_PER_DL, None, Some(0.14), (0.01, 45.0), 2;
    HAEMOGLOBIN Haemoglobin = 3000963, "haemoglobin in blood", "2X030", G_PER_DL, Some(11.6), Some(16.8), (4.0, 20.0), 1;
    WHITE_CELLS WhiteCells = 3010813, "white cells in blood", "2X010", THOUSAND_PER_UL, Some(3.3), Some(8.6), (0.3, 60.0), 1;
    NT_PROBNP NtProBnp = 3029187, "NT-proBNP in serum", "4X035", PG_PER_ML, None, Some(125.0), (5.0, 35000.0), 0;
    SYSTOLIC Systolic = 3004249, "systolic blood pressure", "9V001", MM_HG, None, Some(139.0), (60.0, 250.0), 0;
    DIASTOLIC Diastolic = 3012888, "diastolic blood pressure", "9V002", MM_HG, None, Some(89.0), (30.0, 150.0), 0;
    HEART_RATE HeartRate = 3027018, "heart rate", "9V003", PER_MIN, Some(50.0), Some(100.0), (30.0, 200.0), 0;
    WEIGHT Weight = 3025315, "body weight", "9V004", KG, None, None, (2.0, 180.0), 1;
    HEIGHT Height = 3036277, "body height", "9V005", CM, None, None, (45.0, 200.0), 1;
    TEMPERATURE Temperature = 3020891, "body temperature", "9V006", CELSIUS, Some(35.5), Some(37.4), (33.0, 42.0), 1;
    OXYGEN_SATURATION OxygenSaturation = 40762499, "oxygen saturation by pulse oximetry", "9V007", PERCENT, Some(95.0), None, (60.0, 100.0), 0;
}
