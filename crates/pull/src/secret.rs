//! Passwords and tokens, read from files that only the node's account can read.

use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use crate::{Error, Kind};

/// Longest secret in bytes; tokens in use stay below 8 KiB.
const LONGEST: u64 = 64 << 10;

/// A secret; `Debug` does not show it.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn new(text: String) -> Self {
        Self(text)
    }

    /// The first line of the file.
    pub(crate) fn read(path: &Path, what: &str) -> Result<Self, Error> {
        let text = read_private(path, what)?;
        let line = text.lines().next().unwrap_or_default();
        if line.is_empty() {
            let what = format!("the {what} file {} is empty", path.display());
            return Err(Error::new(Kind::Configuration, what, "write it into the first line"));
        }
        Ok(Self(line.to_owned()))
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The text of a file that accounts of others cannot read.
pub(crate) fn read_private(path: &Path, what: &str) -> Result<String, Error> {
    let wrong = |text: &str, remedy: &str| {
        Error::new(Kind::Configuration, format!("the {what} file {} {text}", path.display()), remedy)
    };
    let unreadable = |error| wrong("cannot be read", "check the path and the rights of the node's account").by(error);
    let file = File::open(path).map_err(unreadable)?;
    if open_to_all(&file.metadata().map_err(unreadable)?) {
        return Err(wrong("can be read by every account of this machine", "take that right away: chmod o= FILE"));
    }
    let mut text = String::new();
    file.take(LONGEST + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > LONGEST {
        return Err(wrong("is longer than 64 KiB", "name the file that holds nothing else"));
    }
    Ok(text)
}

#[cfg(unix)]
fn open_to_all(metadata: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o007 != 0
}

#[cfg(not(unix))]
fn open_to_all(_: &fs::Metadata) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn only_private_files_are_secrets() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("password");
        for (text, mode, expected) in [
            ("s3cret\n", 0o600, Ok("s3cret")),
            (" with blanks \r\nsecond line", 0o640, Ok(" with blanks ")),
            ("s3cret", 0o644, Err("every account")),
            ("\n", 0o600, Err("is empty")),
            ("", 0o600, Err("is empty")),
        ] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            match (Secret::read(&path, "password"), expected) {
                (Ok(secret), Ok(expected)) => {
                    assert_eq!(secret.expose(), expected);
                    assert_eq!(format!("{secret:?}"), "Secret(…)");
                }
                (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
                (got, _) => panic!("{got:?}, not {expected:?}"),
            }
        }
        fs::write(&path, "x".repeat(70_000)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(Secret::read(&path, "password").unwrap_err().to_string().contains("64 KiB"));
        assert!(Secret::read(&dir.path().join("none"), "password").unwrap_err().to_string().contains("cannot be read"));
    }
}
