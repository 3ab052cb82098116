//! JSON as FHIR servers write it: texts without copies, lists that may be a single value, fields of any type.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// The longest list that a resource may hold where it is converted: a panel has hundreds of parts, not thousands.
const LONGEST: usize = 4096;

/// A string, borrowed from the line unless it has escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text<'a>(Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Borrow;
        impl<'de> Visitor<'de> for Borrow {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Borrow)
    }
}

/// A string whose absence loses nothing: a value of another type counts as absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Loose<'a>(Option<Text<'a>>);

impl Loose<'_> {
    pub(super) fn text(&self) -> Option<&str> {
        self.0.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Loose<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Anything)
    }
}

struct Anything;

impl<'de> Visitor<'de> for Anything {
    type Value = Loose<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Loose(Some(Text(Cow::Borrowed(text)))))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Loose(Some(Text(Cow::Owned(text.to_owned())))))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Loose(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Loose(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Loose(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Loose(None))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Loose(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Loose(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Loose(None))
    }
}

/// Words, in a list or alone; what is neither counts as none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Words<'a>(Vec<Loose<'a>>);

impl Words<'_> {
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(Loose::text)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Words<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        let list = serde_json::from_str(raw).or_else(|_| serde_json::from_str(raw).map(|word| vec![word]));
        Ok(Self(list.unwrap_or_default()))
    }
}

/// A list of objects. A single object counts as a list of one (FHIR's releases differ in what repeats), `null` as none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct List<T>(Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Several(PhantomData))
    }
}

struct Several<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Several<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<Option<T>>()? {
            if items.len() == LONGEST {
                return Err(A::Error::custom("too many"));
            }
            items.extend(item);
        }
        Ok(List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(|item| List(vec![item]))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(List::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, Default, Debug, PartialEq)]
    #[serde(default)]
    struct Thing<'a> {
        #[serde(borrow)]
        text: Option<Text<'a>>,
        #[serde(borrow)]
        loose: Loose<'a>,
        #[serde(borrow)]
        parts: List<Thing<'a>>,
    }

    fn read(json: &str) -> Result<Thing<'_>, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn texts_are_borrowed_unless_escaped() {
        for (json, borrowed) in [(r#"{"text":"a"}"#, true), (r#"{"text":"a\n"}"#, false)] {
            let text = read(json).unwrap().text.unwrap();
            assert_eq!(matches!(text.0, Cow::Borrowed(_)), borrowed);
        }
        assert!(read(r#"{"text":1}"#).is_err());
        assert_eq!(read(r#"{"text":null}"#).unwrap(), Thing::default());
    }

    #[test]
    fn loose_fields_take_anything() {
        for json in ["1", "-1", "1.5", "true", "null", "[[1],{\"a\":2}]", "{\"a\":[1]}", "\" \""] {
            let json = format!(r#"{{"loose":{json},"text":"b"}}"#);
            let thing = read(&json).unwrap();
            assert_eq!((thing.loose.text(), thing.text.as_deref()), (None, Some("b")), "{json}");
        }
        assert_eq!(read(r#"{"loose":" x "}"#).unwrap().loose.text(), Some("x"));
    }

    #[test]
    fn words_are_listed_or_alone() {
        for (json, expect) in [("[\"a\",1,null,\" b \"]", "a b"), ("\"a\"", "a"), ("{\"a\":1}", ""), ("3", "")] {
            let words: Words<'_> = serde_json::from_str(json).unwrap();
            assert_eq!(words.iter().collect::<Vec<_>>().join(" "), expect, "{json}");
        }
    }

    #[test]
    fn lists_may_be_single_or_null_and_have_an_end() {
        for (json, count) in [("[{},null,{}]", 2), ("{\"text\":\"a\"}", 1), ("null", 0), ("[]", 0)] {
            assert_eq!(read(&format!("{{\"parts\":{json}}}")).unwrap().parts.len(), count);
        }
        for json in ["\"a\"", "3", "[3]", "true"] {
            assert!(read(&format!("{{\"parts\":{json}}}")).is_err(), "{json}");
        }
        let list = |length: usize| format!("{{\"parts\":[{}]}}", vec!["{}"; length].join(","));
        assert!(read(&list(LONGEST)).is_ok() && read(&list(LONGEST + 1)).is_err());
    }
}
