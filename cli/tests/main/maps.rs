//! Maps that a coordinator signs.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::shell::Desk;

const MAP: &str = "source_code,source_vocabulary_id,target_concept_id\n3A010,JLAC10,3024561\n";

fn signed(desk: &Desk) -> String {
    let made = desk.run(&["map", "key", "--name", "c.example/maps", "--out", "maps.key"]);
    assert_eq!(made.status, 0, "{made:?}");
    fs::write(desk.path("labs.csv"), MAP).unwrap();
    let ran = desk.run(&["map", "sign", "labs.csv", "--signing-key", "maps.key"]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "labs.csv.note\n"), "{ran:?}");
    made.out.trim().to_owned()
}

#[test]
fn a_key_is_made_once_for_its_owner_alone() {
    let desk = Desk::new();
    let public = signed(&desk);
    assert!(public.starts_with("c.example/maps+"), "{public}");
    assert_eq!(fs::metadata(desk.path("maps.key")).unwrap().permissions().mode() & 0o777, 0o600);
    let before = fs::read(desk.path("maps.key")).unwrap();
    assert_eq!(desk.run(&["map", "key", "--name", "c.example/maps", "--out", "maps.key"]).status, 1);
    assert_eq!(fs::read(desk.path("maps.key")).unwrap(), before);
    assert_eq!(desk.run(&["map", "key", "--name", "a b", "--out", "other.key"]).status, 2);
    assert!(!desk.path("other.key").exists());
    // The secret half is in no output.
    let secret = String::from_utf8(before).unwrap();
    assert!(!public.contains(secret.trim().rsplit('+').next().unwrap()));
}

#[test]
fn a_signed_map_is_believed_by_its_key_and_as_it_was() {
    let desk = Desk::new();
    let public = signed(&desk);
    let check = || desk.run(&["map", "check", "labs.csv", "--trusted-key", &public]);
    let ran = check();
    assert_eq!((ran.status, ran.out.as_str()), (0, "labs 1 c.example/maps\n"), "{ran:?}");
    fs::write(desk.path("labs.csv"), MAP.replace("3024561", "3024562")).unwrap();
    let ran = check();
    assert!(ran.status == 2 && ran.err.contains("changed afterwards"), "{ran:?}");
    let other = desk.run(&["map", "key", "--name", "c.example/maps", "--out", "other.key"]).out;
    let ran = desk.run(&["map", "check", "labs.csv", "--trusted-key", &other]);
    assert!(ran.status == 2 && ran.err.contains("none of the keys that are trusted here"), "{ran:?}");
    let ran = desk.run(&["map", "check", "labs.csv", "--trusted-key", "nonsense", "--lang", "ja"]);
    assert!(ran.status == 2 && ran.err.contains("公開鍵ではありません"), "{ran:?}");
}

#[test]
fn versions_grow_and_only_maps_are_signed() {
    let desk = Desk::new();
    let public = signed(&desk);
    let sign = |args: &[&str]| desk.run(&[&["map", "sign", "labs.csv", "--signing-key", "maps.key"], args].concat());
    assert_eq!(sign(&[]).status, 0);
    let ran = desk.run(&["map", "check", "labs.csv", "--trusted-key", &public]);
    assert_eq!(ran.out, "labs 2 c.example/maps\n");
    let ran = sign(&["--version", "2"]);
    assert!(ran.status == 2 && ran.err.contains("version 2 of labs is signed already"), "{ran:?}");
    assert_eq!(sign(&["--version", "20261130"]).status, 0);
    assert_eq!(sign(&["--version", "1", "--name", "drugs"]).status, 0);
    assert_eq!(sign(&["--name", "Not a name"]).status, 2);
    fs::write(desk.path("labs.csv"), "patient,name\n1,x\n").unwrap();
    let ran = sign(&[]);
    assert!(ran.status == 2 && ran.err.contains("is no map"), "{ran:?}");
    fs::write(desk.path("labs.csv"), MAP).unwrap();
    fs::set_permissions(desk.path("maps.key"), fs::Permissions::from_mode(0o640)).unwrap();
    let ran = sign(&[]);
    assert!(ran.status == 2 && ran.err.contains("chmod 600"), "{ran:?}");
}
