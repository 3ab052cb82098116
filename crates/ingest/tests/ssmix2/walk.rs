//! Storages on disk.

use std::path::Path;

use renkei_ingest::ssmix2::{Kind, Reason, Walk, looks_like};
use renkei_ingest::{Rule, Rules};

use crate::ssmix2::storage::{Storage, jis, message, read, remarked};

const ADT: &str = "0012345678_-_ADT-00_999999999999999_20200410120000123_-_1";
const LAB: &str = "0012345678_20200409_OML-11_000000000004711_20200410120000123_03_1";
const OLD: &str = "0012345678_20200409_OML-11_000000000004711_20200409120000123_03_2";
const GONE: &str = "0012345678_20200409_OML-11_000000000004712_20200409120000123_03_0";
const OTHER: &str = "9912345678_20200409_ADT-12_000000000004711_20200410120000123_03_1";
const VITAL: &str = "001/234/0012345678/20200409/L-OBS^体温^99ZL01/0012345678_20200409_L-OBS_7_202004101200001_1";
const SUMMARY: &str = "001/234/0012345678/20200409/^^^18842-5^退院時サマリー^LN/0012345678_20200409_18842-5";

fn names(root: &Path) -> Vec<String> {
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    Walk::new(root)
        .map(|item| match item {
            Ok(found) => name(&found.path),
            Err(trouble) => format!("{:?} {}", trouble.reason, name(&trouble.path)),
        })
        .collect()
}

#[test]
fn a_storage_is_walked_in_the_order_of_names() {
    let storage = Storage::new();
    assert!(!looks_like(storage.0.path()));
    let storage = storage.put(OTHER, b"1").put(LAB, b"22").put(OLD, b"333").put(GONE, b"").put(ADT, b"4444");
    let root = storage.0.path();
    assert_eq!(names(root), [ADT, OLD, LAB, GONE, OTHER]);
    assert!(looks_like(root));
    let other = Storage::new().at("person.csv", b"").at("a/b/c/d/e/f.csv", b"").at(&format!("a/b/c/d/{LAB}"), b"");
    assert!(!looks_like(other.0.path()) && !looks_like(&other.path("nowhere")));
    let found: Vec<_> = Walk::new(root).map(Result::unwrap).collect();
    assert_eq!(found.iter().map(|found| found.bytes).collect::<Vec<_>>(), [4, 3, 2, 0, 1]);
    assert_eq!((found[0].name.kind.clone(), found[0].name.patient.as_str()), (Kind::Adt00, "0012345678"));
    let modified = std::fs::metadata(&found[0].path).unwrap().modified().unwrap();
    let nanos = modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos();
    assert_eq!(i128::from(found[0].modified), nanos as i128);
}

#[test]
fn what_does_not_belong_there_is_named_and_the_rest_is_found() {
    let storage = Storage::new()
        .put(LAB, b"1")
        .at("Thumbs.db", b"")
        .at("001/234/0012345678/20200409/OML-11/x.tmp", b"")
        .at(&format!("001/234/0012345678/20200410/OML-11/{LAB}"), b"")
        .at(&format!("001/234/0012345679/20200409/OML-11/{LAB}"), b"")
        .at(&format!("001/234/0012345678/20200409/OML-01/{LAB}"), b"")
        .at("a/b/c/d/e/f/g/h", b"");
    let reasons: Vec<_> = Walk::new(storage.0.path())
        .map(|item| item.map_or_else(|t| format!("{:?}", t.reason), |f| f.name.key()))
        .collect();
    let misplaced = format!("{:?}", Reason::Misplaced);
    assert_eq!(
        reasons,
        [&misplaced, "20200409/OML-11/000000000004711", "Name", &misplaced, &misplaced, "Name", "Deep"]
    );
    assert_eq!(names(&storage.path("nowhere")), ["Unreadable(NotFound) nowhere"]);
}

#[test]
fn short_patient_numbers_are_read_from_the_folder() {
    let file = "12_20200409_OML-11_1_20200410120000123_03_1";
    for path in ["12/12/20200409/OML-11", "0/12/20200409/OML-11", "12/20200409/OML-11"] {
        let storage = Storage::new().at(&format!("{path}/{file}"), b"1");
        assert_eq!(names(storage.0.path()), [file], "{path}");
        assert!(looks_like(storage.0.path()), "{path}");
    }
}

#[test]
fn of_a_content_folder_the_main_document_counts() {
    let text = "OBR|1|1||V1|||202004100900\nOBX|1|NM|9A751000000000001^収縮期血圧^JC10||128|mm[Hg]^^ISO+|||||F";
    let storage = Storage::new()
        .at(&format!("{VITAL}/image.jpg"), b"")
        .at(&format!("{VITAL}/main_document.hl7"), &jis(&message("ORU^R30", "I", text)))
        .at(&format!("{SUMMARY}_8_20200410_03_1/a.xml"), b"<a/>")
        .at(&format!("{SUMMARY}_9_20200410_03_1/b/c.xml"), b"");
    let empty = "Name 0012345678_20200409_18842-5_9_20200410_03_1";
    assert_eq!(names(storage.0.path()), ["main_document.hl7", "a.xml", empty]);
    assert!(looks_like(storage.0.path()));
    let (extract, files, troubles) = read(storage.0.path(), &Rules::default());
    assert_eq!((files, troubles, extract.statements.len(), remarked(&extract, "not-read-extended")), (2, 1, 1, 1));
}

#[cfg(unix)]
#[test]
fn links_are_never_followed() {
    use std::os::unix::fs::symlink;
    let outside = Storage::new().put(LAB, b"secret");
    let storage = Storage::new().put(ADT, b"1");
    symlink(outside.0.path(), storage.path("000")).unwrap();
    symlink(storage.0.path(), storage.path("001/loop")).unwrap();
    let file = outside.0.path().join(format!("001/234/0012345678/20200409/OML-11/{LAB}"));
    symlink(file, storage.path(&format!("001/234/0012345678/-/ADT-00/{LAB}"))).unwrap();
    assert_eq!(names(storage.0.path()), ["Link 000".to_owned(), ADT.into(), format!("Link {LAB}"), "Link loop".into()]);
}

#[test]
fn a_valid_a_deleted_and_a_garbage_file() {
    let garbage = "0012345678_20200409_ADT-12_000000000004713_20200410120000123_03_1";
    let deleted = "0012345678_20200409_ADT-12_000000000004712_20200410120000123_03_0";
    let valid = "0012345678_20200409_ADT-12_000000000004711_20200410120000123_03_1";
    let reception = jis(&message("ADT^A04", "O", ""));
    let storage = Storage::new().put(valid, &reception).put(deleted, &reception).put(garbage, b"\x00\x01\x02garbage");
    let (extract, files, troubles) = read(storage.0.path(), &Rules::default());
    assert_eq!((files, troubles, extract.statements.len(), remarked(&extract, "deleted")), (3, 0, 1, 1));
    assert_eq!(extract.rejects.iter().map(|reject| reject.rule).collect::<Vec<_>>(), [Rule::Format]);
}
