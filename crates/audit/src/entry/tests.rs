use std::collections::BTreeMap;

use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use renkei_types::{ProjectId, QueryId, SiteId, SnapshotId};

use super::*;
use crate::note::Head;

fn line<const MAX: usize>(text: &str) -> Line<MAX> {
    Line::new(text).unwrap()
}

fn who(filler: &str) -> Who {
    let line = || Line::lossy(filler);
    Who { institution: line(), key: line(), on_behalf: Some(line()), subject: line() }
}

fn question(sql: &str, filler: &str, sites: usize, rng: &mut ChaCha20Rng, openings: &mut Vec<Opening>) -> Question {
    Question {
        ethics: Some(Line::lossy(filler)),
        level: line("aggregate"),
        parameters: Some(Shown::new("parameters", &filler.chars().take(2_048).collect::<String>(), rng, openings)),
        project: ProjectId::new("p".repeat(63)).unwrap(),
        purpose: Line::lossy(filler),
        sequence: Some(Count::saturating(u64::MAX)),
        sites: List::new(vec![SiteId::new("s".repeat(63)).unwrap(); sites]).unwrap(),
        sql: Shown::new("sql", sql, rng, openings),
        statement: Hash::of(sql.as_bytes()),
    }
}

/// An entry of each kind, with every text `filler`, and every list full if `full`.
fn every_kind(sql: &str, filler: &str, full: bool) -> Vec<Draft> {
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let many = |n: usize| if full { n } else { 1 };
    let mut openings = Vec::new();
    let mut private = Private::default();
    for name in (b'a'..b'a' + 16).map(char::from).take(many(16)) {
        private.seal(&name.to_string().repeat(32), "値", &mut rng, &mut openings).unwrap();
    }
    let sealed = openings.clone();
    let asked = question(sql, filler, many(128), &mut rng, &mut openings);
    let (query, head) = (QueryId::new("q".repeat(63)).unwrap(), Head { size: 1 << 52, root: Hash::of(b"") });
    let origin = Origin::new("o".repeat(128)).unwrap();
    let intent = Intent {
        budget: Some(Budget { after: Count::saturating(1), before: Count::saturating(2) }),
        columns: List::new(vec![Name::new("c".repeat(63)).unwrap(); many(256)]).unwrap(),
        opt_out: Some(Line::lossy(filler)),
        part: u32::MAX,
        policy: Line::lossy(filler),
        private: private.clone(),
        query: query.clone(),
        question: asked.clone(),
        snapshots: List::new(vec![SnapshotId::new("s".repeat(63)).unwrap(); many(128)]).unwrap(),
        software: Line::lossy(filler),
        tables: List::new(vec![Name::new("t".repeat(63)).unwrap(); many(64)]).unwrap(),
        who: who(filler),
    };
    let outcome = Outcome {
        cells: Cells::default(),
        code: Some(line("E-LATE")),
        micros: Count::saturating(5),
        part: 0,
        private: private.clone(),
        query: query.clone(),
        result: Some(Seal::of(&Hash::of(b"salt"), b"answer")),
        site: Some(SiteId::new("tokyo").unwrap()),
        state: State::Late,
    };
    let refusal = Refusal {
        code: line("E-GRANT-TABLE"),
        part: Some(1),
        private: private.clone(),
        query: Some(query),
        question: Some(asked),
        reason: Line::lossy(filler),
        received: Hash::of(b"x"),
        who: Some(who(filler)),
    };
    let admin = Admin {
        act: Act::OptOut,
        detail: Line::lossy(filler),
        digest: Some(Hash::of(b"list")),
        private,
        subject: Line::lossy(filler),
        who: Some(who(filler)),
    };
    let beat = Heartbeat { beat: Count::saturating(9), clock: ClockState::Synchronised, root: Hash::empty() };
    let cosign = Cosign { cosigner: origin.clone(), given: Given::Received, head, origin };
    vec![
        Draft { body: Body::Intent(Box::new(intent)), openings: openings.clone() },
        Draft { body: Body::Outcome(Box::new(outcome)), openings: sealed.clone() },
        Draft { body: Body::Refusal(Box::new(refusal)), openings },
        Draft { body: Body::Admin(admin), openings: sealed },
        Body::Heartbeat(beat).into(),
        Body::Cosign(cosign).into(),
    ]
}

fn entry(body: Body) -> Entry {
    let log = Origin::new("renkei.example/audit/node/tokyo").unwrap();
    Entry { at: Timestamp(1_790_000_000_000_000), body, log, seq: 41, v: Version }
}

/// RFC 8785 by another way: all keys sorted, whatever the order of declaration.
fn sorted(value: &serde_json::Value, out: &mut String) {
    use serde_json::Value;
    match value {
        Value::Object(map) => {
            let map: BTreeMap<_, _> = map.iter().collect();
            out.push('{');
            for (n, (key, value)) in map.into_iter().enumerate() {
                out.push_str(if n == 0 { "" } else { "," });
                out.push_str(&serde_json::to_string(key).unwrap());
                out.push(':');
                sorted(value, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (n, item) in items.iter().enumerate() {
                out.push_str(if n == 0 { "" } else { "," });
                sorted(item, out);
            }
            out.push(']');
        }
        Value::Number(number) => {
            assert!(number.as_i64().is_some_and(|n| n.unsigned_abs() <= MAX_INTEGER));
            out.push_str(&number.to_string());
        }
        other => out.push_str(&other.to_string()),
    }
}

#[test]
fn every_kind_is_canonical_and_read_back() {
    for draft in every_kind("SELECT count(*)\n\tFROM person -- 「人」", "日本語 \"quoted\" \\", false) {
        assert_eq!(draft.check(), Ok(()));
        let entry = entry(draft.body);
        let bytes = entry.encode().unwrap();
        assert_eq!(Entry::decode(&bytes), Ok(entry));
        let mut again = String::new();
        sorted(&serde_json::from_slice(&bytes).unwrap(), &mut again);
        assert_eq!(String::from_utf8(bytes).unwrap(), again);
    }
}

#[test]
fn whatever_is_valid_fits_into_a_bundle() {
    for filler in ["\"".repeat(3_000), "漢".repeat(3_000)] {
        for draft in every_kind(&"\n".repeat(8_192), &filler, true) {
            let bytes = entry(draft.body).encode().unwrap();
            assert!(Entry::decode(&bytes).is_ok());
        }
    }
}

#[test]
fn long_statements_stand_beside_the_log() {
    let draft = every_kind(&"SELECT 1 ".repeat(2_000), "x", false).remove(0);
    assert_eq!(draft.check(), Ok(()));
    assert!(entry(draft.body.clone()).encode().unwrap().len() < 4_000);
    let without = Draft { openings: Vec::new(), ..draft.clone() };
    assert_eq!(without.check(), Err(Malformed::Openings));
    let mut wrong = draft;
    wrong.openings[0].value = Text::new("other").unwrap();
    assert_eq!(wrong.check(), Err(Malformed::Openings));
}

#[test]
fn a_private_field_is_sealed_or_refused_never_dropped() {
    let (mut rng, mut private, mut openings) = (ChaCha20Rng::seed_from_u64(1), Private::default(), Vec::new());
    for name in ('a'..='p').map(String::from) {
        private.seal(&name, "1", &mut rng, &mut openings).unwrap();
    }
    assert_eq!(private.seal("q", "1", &mut rng, &mut openings), Err(BadText));
    assert_eq!(private.seal("p", "2", &mut rng, &mut openings), Ok(()));
    assert_eq!((openings.len(), openings[15].value.as_str()), (16, "2"));
    for bad in ["", "A", "a b", &"a".repeat(33)] {
        assert_eq!(Private::default().seal(bad, "1", &mut rng, &mut openings), Err(BadText), "{bad}");
    }
}

#[test]
fn other_spellings_and_unknown_things_are_refused() {
    let good = String::from_utf8(entry(every_kind("SELECT 1", "x", false).remove(1).body).encode().unwrap()).unwrap();
    for (from, to, why) in [
        ("\"v\":1", "\"v\":2", Malformed::Content),
        ("\"v\":1", "\"v\": 1", Malformed::Spelling),
        ("\"v\":1", "\"v\":1,\"w\":1", Malformed::Content),
        ("\"seq\":41", "\"seq\":41.0", Malformed::Content),
        ("\"seq\":41", "\"seq\":9007199254740992", Malformed::Content),
        ("\"seq\":41", "\"seq\":-41", Malformed::Content),
        ("\"state\":\"late\"", "\"state\":\"Late\"", Malformed::Content),
        ("\"code\":\"E-LATE\"", "\"code\":null", Malformed::Spelling),
        ("\"code\":\"E-LATE\"", "\"code\":\"E-L\\u0041TE\"", Malformed::Spelling),
        ("\"code\":\"E-LATE\"", "\"code\":\"E-L\\nTE\"", Malformed::Content),
        ("\"code\":\"E-LATE\"", "\"code\":\"E-L\u{202e}TE\"", Malformed::Content),
        ("\"code\":\"E-LATE\"", "\"code\":\"E-LATE\",\"code\":\"E-LATE\"", Malformed::Content),
        ("\"outcome\"", "\"result\"", Malformed::Content),
    ] {
        assert!(good.contains(from), "{from}");
        assert_eq!(Entry::decode(good.replace(from, to).as_bytes()), Err(why), "{to}");
    }
    assert_eq!(Entry::decode(&vec![b' '; MAX_ENTRY + 1]), Err(Malformed::TooLong));
}

#[test]
fn hostile_texts_are_refused_or_made_fit() {
    assert!(Name::new("person.year_of_birth").is_ok());
    assert!(["", "A", "a b", "a\"", &"a".repeat(64)].iter().all(|bad| Name::new(*bad).is_err()));
    for bad in ["a\nb", "a\u{1b}[2J", "a\u{202e}b", "a\u{200b}b", "\u{feff}", "a\0", "a\u{85}b", "12345678901"] {
        assert_eq!(Line::<10>::new(bad), Err(BadText), "{bad:?}");
        let made = Line::<10>::lossy(bad);
        assert_eq!(Line::new(made.as_str()), Ok(made));
    }
    assert_eq!(Line::<10>::lossy("12345678901").as_str(), "1234567…");
    assert_eq!(Line::<10>::lossy("漢字漢字").as_str(), "漢字…");
    assert_eq!(Text::<20>::lossy("a\r\nb\rc").as_str(), "a\nb\u{fffd}c");
    assert_eq!(Line::<2>::lossy("漢").as_str(), "…");
    assert!(Text::<20>::new("a\n\tb").is_ok() && Text::<20>::new("a\r\nb").is_err());
}

proptest! {
    #[test]
    fn anything_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(entry) = Entry::decode(&bytes) {
            prop_assert_eq!(entry.encode().unwrap(), bytes);
        }
    }

    #[test]
    fn near_entries_are_read_back_or_refused(kind in 0..6_usize, at in 0..2_000_usize, byte: u8) {
        let mut bytes = entry(every_kind("SELECT 1", "x", false).remove(kind).body).encode().unwrap();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(entry) = Entry::decode(&bytes) {
            prop_assert_eq!(entry.encode().unwrap(), bytes);
        }
    }

    #[test]
    fn any_text_is_made_fit(text in any::<String>()) {
        let line = Line::<40>::lossy(&text);
        prop_assert_eq!(Line::<40>::new(line.as_str()), Ok(line));
        let lines = Text::<40>::lossy(&text);
        prop_assert_eq!(Text::<40>::new(lines.as_str()), Ok(lines));
    }
}
