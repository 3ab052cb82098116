use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use renkei_pki::{Authority, AuthorityError, Credentials, DevError, DevSpec, Files, dev_ca};
use renkei_types::FixedClock;

use crate::support::{DAY, NOW};

fn spec(sites: &[&str], people: &[&str]) -> DevSpec {
    DevSpec {
        sites: sites.iter().map(|id| id.parse().unwrap()).collect(),
        people: people.iter().map(|id| id.parse().unwrap()).collect(),
        ..DevSpec::new("c".parse().unwrap())
    }
}

fn names(dir: &Path, files: &[std::path::PathBuf]) -> Vec<String> {
    files.iter().map(|file| file.strip_prefix(dir).unwrap().display().to_string()).collect()
}

#[test]
fn one_run_makes_everything_and_the_next_adds_what_is_new() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let first = dev_ca(&spec(&["tokyo", "osaka.2"], &["sato"]), dir, NOW).unwrap();
    assert_eq!(
        names(dir, &first.made),
        [
            "ca.pem",
            "ca.key",
            "gateway.pem",
            "gateway.key",
            "sites/tokyo.pem",
            "sites/tokyo.key",
            "sites/osaka.2.pem",
            "sites/osaka.2.key",
            "people/sato.pem",
            "people/sato.key",
        ]
    );
    assert_eq!(first.kept, Vec::<std::path::PathBuf>::new());

    let before: Vec<_> = first.made.iter().map(|path| fs::read(path).unwrap()).collect();
    let second = dev_ca(&spec(&["tokyo", "osaka.2", "kyoto"], &["sato"]), dir, NOW.after(DAY)).unwrap();
    assert_eq!(names(dir, &second.made), ["sites/kyoto.pem", "sites/kyoto.key"]);
    assert_eq!(second.kept, first.made);
    let after: Vec<_> = first.made.iter().map(|path| fs::read(path).unwrap()).collect();
    assert_eq!(before, after);

    for stem in ["gateway", "sites/tokyo", "sites/osaka.2", "sites/kyoto", "people/sato"] {
        let at = |suffix: &str| dir.join(format!("{stem}.{suffix}"));
        let clock = Arc::new(FixedClock(NOW.after(DAY)));
        Credentials::load(&dir.join("ca.pem"), &at("pem"), &at("key"), clock).unwrap();
        assert_eq!(fs::metadata(at("key")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(fs::metadata(dir.join("ca.key")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn what_cannot_be_kept_is_named_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    dev_ca(&spec(&["tokyo"], &[]), dir, NOW).unwrap();

    let other = DevSpec { consortium: "d".parse().unwrap(), ..spec(&[], &[]) };
    assert!(matches!(dev_ca(&other, dir, NOW), Err(DevError::Consortium { .. })));
    let renamed = DevSpec { gateway_id: "second".into(), ..spec(&[], &[]) };
    assert!(matches!(dev_ca(&renamed, dir, NOW), Err(DevError::OtherPeer { .. })));
    let hosts = DevSpec { dns: vec!["localhost".into(), "lead.example".into()], ..spec(&[], &[]) };
    assert!(matches!(dev_ca(&hosts, dir, NOW), Err(DevError::MissingHost { host, .. }) if host == "lead.example"));
    let late = dev_ca(&spec(&["tokyo"], &[]), dir, NOW.after(400 * DAY));
    assert!(matches!(late, Err(DevError::Stale { .. })));

    fs::remove_file(dir.join("sites/tokyo.pem")).unwrap();
    let error = dev_ca(&spec(&["tokyo"], &[]), dir, NOW).unwrap_err();
    assert!(matches!(&error, DevError::HalfPair { missing, .. } if missing.ends_with("sites/tokyo.pem")), "{error}");
    fs::remove_file(dir.join("sites/tokyo.key")).unwrap();
    let Files { made, .. } = dev_ca(&spec(&["tokyo"], &[]), dir, NOW).unwrap();
    assert_eq!(names(dir, &made), ["sites/tokyo.pem", "sites/tokyo.key"]);
}

#[test]
fn an_authority_reads_back_and_is_never_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let made = Authority::create("c".parse().unwrap(), NOW).unwrap();
    made.save(dir.path()).unwrap();
    let read = Authority::load(dir.path()).unwrap();
    assert_eq!((read.consortium(), read.cert_pem()), (made.consortium(), made.cert_pem()));
    assert!(matches!(made.save(dir.path()), Err(AuthorityError::Exists(_))));

    let other = tempfile::tempdir().unwrap();
    Authority::create("c".parse().unwrap(), NOW).unwrap().save(other.path()).unwrap();
    fs::copy(other.path().join("ca.key"), dir.path().join("ca.key")).unwrap();
    assert!(matches!(Authority::load(dir.path()), Err(AuthorityError::NotAuthority { .. })));
}

#[test]
fn the_gateway_answers_to_loopback_names_and_addresses() {
    let dir = tempfile::tempdir().unwrap();
    dev_ca(&spec(&[], &[]), dir.path(), NOW).unwrap();
    let pem = fs::read(dir.path().join("gateway.pem")).unwrap();
    let (_, pem) = x509_parser::pem::parse_x509_pem(&pem).unwrap();
    let cert = pem.parse_x509().unwrap();
    let shown = format!("{:?}", cert.subject_alternative_name().unwrap().unwrap().value.general_names);
    for part in ["renkei://c/gateway/gateway", "localhost", "[127, 0, 0, 1]", "0, 0, 0, 1]"] {
        assert!(shown.contains(part), "{shown}");
    }
}
