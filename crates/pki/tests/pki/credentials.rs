use std::fs;
use std::path::Path;
use std::sync::Arc;

use renkei_pki::{Authority, AuthorityError, Credentials, CredentialsError};
use renkei_types::{FixedClock, Timestamp};

use crate::support::{DAY, NOW, authority, issue, request};

fn load(dir: &Path, now: Timestamp) -> Result<Credentials, CredentialsError> {
    Credentials::load(&dir.join("ca.pem"), &dir.join("own.pem"), &dir.join("own.key"), Arc::new(FixedClock(now)))
}

/// A folder with a site's three files.
fn folder() -> (tempfile::TempDir, Authority) {
    let (dir, ca) = (tempfile::tempdir().unwrap(), authority());
    let own = issue(&ca, "renkei://c/site/tokyo");
    fs::write(dir.path().join("ca.pem"), ca.cert_pem()).unwrap();
    fs::write(dir.path().join("own.pem"), own.cert_pem).unwrap();
    fs::write(dir.path().join("own.key"), own.key_pem).unwrap();
    (dir, ca)
}

#[test]
fn good_files_load_and_tell_their_dates_but_not_their_key() {
    let (dir, _) = folder();
    let credentials = load(dir.path(), NOW).unwrap();
    assert_eq!(credentials.name().to_string(), "renkei://c/site/tokyo");
    assert_eq!(credentials.not_after(), NOW.after(30 * DAY));
    assert_eq!(credentials.not_before().after(DAY / 288), NOW);
    let shown = format!("{credentials:?}");
    assert!(shown.contains("renkei://c/site/tokyo") || shown.contains("tokyo"));
    assert!(!shown.to_lowercase().contains("key"), "{shown}");
}

#[test]
fn missing_and_garbled_files_are_named() {
    for (file, wanted) in [("ca.pem", "certificate"), ("own.pem", "certificate"), ("own.key", "private key")] {
        let (dir, _) = folder();
        let path = dir.path().join(file);
        fs::write(&path, "not PEM at all").unwrap();
        let error = load(dir.path(), NOW).unwrap_err();
        assert!(
            matches!(&error, CredentialsError::NotPem { path: found, wanted: what } if *found == path && *what == wanted),
            "{error}"
        );

        fs::remove_file(&path).unwrap();
        let error = load(dir.path(), NOW).unwrap_err();
        assert!(matches!(&error, CredentialsError::Read { path: found, .. } if *found == path), "{error}");
        assert!(error.to_string().contains(file));
    }
}

#[test]
fn a_key_of_another_certificate_is_noticed() {
    let (dir, ca) = folder();
    fs::write(dir.path().join("own.key"), issue(&ca, "renkei://c/site/kyoto").key_pem).unwrap();
    assert!(matches!(load(dir.path(), NOW), Err(CredentialsError::KeyMismatch { .. })));
}

#[test]
fn dates_are_checked_against_the_clock_and_shown() {
    let (dir, _) = folder();
    let late = load(dir.path(), NOW.after(31 * DAY)).unwrap_err();
    assert!(matches!(late, CredentialsError::Expired { .. }));
    assert!(late.to_string().contains("expired at 2026-05-01T00:00:00Z"), "{late}");

    let early = load(dir.path(), Timestamp(NOW.0 - 3_600_000_000)).unwrap_err();
    assert!(matches!(early, CredentialsError::NotYetValid { .. }));
    assert!(early.to_string().contains("2026-03-31T23:55:00Z"), "{early}");

    // A peer whose clock lags by four minutes is within the back-dating.
    load(dir.path(), Timestamp(NOW.0 - 240_000_000)).unwrap();
}

#[test]
fn an_issuer_of_the_same_name_with_another_key_is_foreign() {
    let (dir, _) = folder();
    fs::write(dir.path().join("ca.pem"), authority().cert_pem()).unwrap();
    assert!(matches!(load(dir.path(), NOW), Err(CredentialsError::ForeignIssuer { .. })));
}

#[test]
fn a_root_identifies_no_peer() {
    let (dir, ca) = folder();
    fs::write(dir.path().join("own.pem"), ca.cert_pem()).unwrap();
    assert!(matches!(load(dir.path(), NOW), Err(CredentialsError::Name { .. })));
}

#[test]
fn the_authority_vouches_for_its_own_consortium_and_for_real_hosts_only() {
    let ca = authority();
    let error = ca.issue(&request("renkei://other/site/tokyo"), NOW).unwrap_err();
    assert!(matches!(error, AuthorityError::Consortium { .. }));
    for host in ["", "two words", "https://host", "a..b"] {
        let mut asked = request("renkei://c/site/tokyo");
        asked.dns = vec![host.into()];
        assert!(matches!(ca.issue(&asked, NOW), Err(AuthorityError::HostName(_))), "{host}");
    }
    let mut asked = request("renkei://c/site/tokyo");
    asked.valid_days = 0;
    assert!(matches!(ca.issue(&asked, NOW), Err(AuthorityError::Validity(0))));
    asked.valid_days = u32::MAX;
    assert!(matches!(ca.issue(&asked, NOW), Err(AuthorityError::Validity(_))));
}
