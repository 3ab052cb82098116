use renkei_audit::note::{Kind, Origin, SigningKey};
use renkei_types::FixedClock;
use tempfile::TempDir;

use super::*;
use crate::config::MapKey;

const MAP: &[u8] = b"source_code,source_vocabulary_id,target_concept_id\n3A010,JLAC10,3024561\n";

struct Desk {
    dir: TempDir,
    key: SigningKey,
}

impl Desk {
    fn new() -> Self {
        let key = SigningKey::from_seed(Origin::new("c.example/maps").unwrap(), Kind::Log, &[1; 32]).unwrap();
        Self { dir: tempfile::tempdir().unwrap(), key }
    }

    fn sign(&self, file: &str, name: &str, version: u64, content: &[u8]) -> PathBuf {
        let path = self.dir.path().join(file);
        let about = SignedFile {
            signer: self.key.verifier().name().clone(),
            kind: FileName::new("map").unwrap(),
            name: FileName::new(name).unwrap(),
            version,
            hash: Hash::of(content),
            bytes: content.len() as u64,
            issued: Timestamp(1_795_375_920_000_000),
        };
        fs::write(&path, content).unwrap();
        fs::write(note_path(&path), about.sign(&self.key).unwrap().to_string()).unwrap();
        path
    }

    fn codes(&self, maps: &[&PathBuf]) -> Codes {
        let keys = vec![MapKey(self.key.verifier().clone())];
        Codes { keys, signed_maps: maps.iter().map(|path| (*path).clone()).collect(), ..Codes::default() }
    }

    fn take(&self, codes: &Codes) -> Result<Vec<SignedMap>, MapError> {
        let maps = verified(codes, self.dir.path())?;
        remember(self.dir.path(), &maps, &FixedClock(Timestamp(1)))?;
        Ok(maps)
    }

    fn refused(&self, codes: &Codes) -> String {
        self.take(codes).unwrap_err().to_string()
    }
}

#[test]
fn a_map_that_a_configured_key_signed_is_taken_as_it_was_signed() {
    let desk = Desk::new();
    let path = desk.sign("labs.csv", "labs", 2, MAP);
    let codes = desk.codes(&[&path]);
    let maps = desk.take(&codes).unwrap();
    // What becomes of the file afterwards does not count.
    fs::write(&path, "x").unwrap();
    assert_eq!(maps[0].file().content.as_deref(), Some(MAP));
    let own = desk.dir.path().join("own.csv");
    fs::write(&own, MAP).unwrap();
    let force = in_force(&Codes { maps: vec![own], ..codes }, &maps).unwrap();
    let lines: Vec<String> = force.iter().map(|map| map.text(Language::English)).collect();
    assert_eq!(
        lines,
        ["own.csv: the hospital's own", "labs.csv: labs version 2, signed by c.example/maps on 2026-11-22"]
    );
}

#[test]
fn unsigned_changed_and_wrongly_signed_maps_are_refused_with_place_and_remedy() {
    let desk = Desk::new();
    let path = desk.sign("labs.csv", "labs", 1, MAP);
    let codes = desk.codes(&[&path]);
    let check = |needles: &[&str]| {
        let text = desk.refused(&codes);
        assert!(needles.iter().chain(&["labs.csv"]).all(|needle| text.contains(needle)), "{text}");
        assert!(!desk.dir.path().join(SEEN).exists());
    };
    fs::write(&path, [MAP, b"9,JLAC10,1\n"].concat()).unwrap();
    check(&["changed afterwards", "from the coordinator again"]);
    fs::write(&path, MAP).unwrap();
    let note = fs::read_to_string(note_path(&path)).unwrap();
    fs::write(note_path(&path), note.replace("version 1", "version 2")).unwrap();
    check(&["forged", "[codes] keys"]);
    fs::write(note_path(&path), &note[..note.len() - 10]).unwrap();
    check(&["damaged"]);
    fs::remove_file(note_path(&path)).unwrap();
    check(&["is not signed", "labs.csv.note", "[codes] maps"]);
    fs::write(note_path(&path), &note).unwrap();
    fs::remove_file(&path).unwrap();
    check(&["cannot be read"]);
    fs::write(&path, MAP).unwrap();
    let stranger = SigningKey::from_seed(Origin::new("c.example/maps").unwrap(), Kind::Log, &[2; 32]).unwrap();
    let codes = Codes { keys: vec![MapKey(stranger.verifier().clone())], ..codes };
    let text = desk.refused(&codes);
    assert!(text.contains("none of the keys that are trusted here") && text.contains("c.example/maps"), "{text}");
    // The same name of key and file, signed by the stranger.
    let about = SignedFile::open(
        &Note::parse(note.as_bytes()).unwrap(),
        &[desk.key.verifier().clone()],
        &FileName::new("map").unwrap(),
    );
    fs::write(note_path(&path), about.unwrap().sign(&stranger).unwrap().to_string()).unwrap();
    assert!(desk.refused(&desk.codes(&[&path])).contains("none of the keys"));
}

#[test]
fn older_versions_and_two_files_under_one_version_are_refused() {
    let desk = Desk::new();
    let old = desk.sign("old.csv", "labs", 1, b"old");
    let new = desk.sign("new.csv", "labs", 2, MAP);
    desk.take(&desk.codes(&[&old])).unwrap();
    desk.take(&desk.codes(&[&new])).unwrap();
    desk.take(&desk.codes(&[&new])).unwrap();
    let text = desk.refused(&desk.codes(&[&old]));
    assert!(text.contains("version 1") && text.contains("version 2 was taken before"), "{text}");
    let twin = desk.sign("twin.csv", "labs", 2, b"other");
    assert!(desk.refused(&desk.codes(&[&twin])).contains("another file was taken under that version"));
    let text = desk.refused(&desk.codes(&[&new, &new]));
    assert!(text.contains("as is another file"), "{text}");
    // Each version once, for the audit log.
    assert_eq!(renkei_service::signed_log::acts::waiting(desk.dir.path()).len(), 2);
    // A trial knows what was taken.
    let scratch = tempfile::tempdir().unwrap();
    carry(desk.dir.path(), scratch.path()).unwrap();
    assert!(matches!(verified(&desk.codes(&[&old]), scratch.path()), Err(MapError::Older { .. })));
    // What was taken cannot be read: nobody knows what is old.
    fs::write(desk.dir.path().join(SEEN), "{").unwrap();
    assert!(matches!(desk.take(&desk.codes(&[&new])), Err(MapError::Store(_))));
}
