//! English and Japanese, side by side.

use std::fmt;

/// The language of status and errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// 日本語.
    Ja,
}

impl Lang {
    /// Reads a locale such as `ja_JP.UTF-8`.
    pub fn of_locale(locale: &str) -> Self {
        let language = locale.split(['_', '.', '-', '@']).next().unwrap_or("");
        if language.eq_ignore_ascii_case("ja") { Self::Ja } else { Self::En }
    }

    /// The phrase of this language.
    pub fn pick<T>(self, en: T, ja: T) -> T {
        match self {
            Self::En => en,
            Self::Ja => ja,
        }
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.pick("en", "ja"))
    }
}

/// Formats one of two sentences, the English or the Japanese one.
macro_rules! say {
    ($lang:expr, $en:literal, $ja:literal $(, $($rest:tt)*)?) => {
        match $lang {
            $crate::lang::Lang::En => format!($en $(, $($rest)*)?),
            $crate::lang::Lang::Ja => format!($ja $(, $($rest)*)?),
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locales_name_their_language_first() {
        for ja in ["ja", "ja_JP.UTF-8", "JA_JP", "ja-JP", "ja_JP.eucJP"] {
            assert_eq!(Lang::of_locale(ja), Lang::Ja, "{ja}");
        }
        for en in ["", "C", "C.UTF-8", "en_GB.UTF-8", "jav_ID", "POSIX"] {
            assert_eq!(Lang::of_locale(en), Lang::En, "{en}");
        }
    }
}
