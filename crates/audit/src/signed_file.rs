//! Files that one party signs for all: what a file is, in a small signed note that travels beside it.
//!
//! A coordinator signs a file once, and hospitals take it only by a key that they configured themselves. The note's
//! second line is no number and no receipt's title, so that a signature can be read in one way only; it names what
//! the file is for, so that a map cannot be taken for anything else; and a version that only grows, so that an old
//! file cannot be handed out again as the new one. Beside `labs.csv` lies `labs.csv.note`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use renkei_types::Timestamp;

use crate::note::{Note, NoteError, Origin, SigningKey, VerifierKey};
use crate::tree::Hash;

const TITLE: &str = "file/v1";

/// Bytes of a file at most.
pub const MAX_FILE: u64 = 1 << 30;

/// What is signed about a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedFile {
    /// Who signs.
    pub signer: Origin,
    /// What the file is for, such as `map`.
    pub kind: FileName,
    /// What it is called, in all its versions.
    pub name: FileName,
    /// Which version; a later one has a larger number.
    pub version: u64,
    /// The SHA-256 of its bytes.
    pub hash: Hash,
    /// Its bytes.
    pub bytes: u64,
    /// When it was signed.
    pub issued: Timestamp,
}

/// The name of a file for all its versions: 1 to 64 lower-case letters, digits, hyphens, dots and underscores.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName(String);

/// A text is no such name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a name has 1 to 64 lower-case letters, digits, hyphens, dots and underscores, and begins with a letter or digit"
)]
pub struct BadFileName;

/// Why a file cannot be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignedFileError {
    /// No known key has signed.
    #[error("it is signed by {}, which is none of the keys that are trusted here", names(.signers))]
    Unknown {
        /// Who has signed.
        signers: Vec<Origin>,
    },
    /// A signature is not by the key that it names.
    #[error("the signature is not by the key {signer} that it names: it is forged, or the note was changed")]
    Forged {
        /// Whose signature it claims to be.
        signer: Origin,
    },
    /// The note is about something else.
    #[error("the note is no note about a file of this kind")]
    Malformed,
    /// The file is not the one that was signed.
    #[error(
        "the file is not the one that was signed: it was changed afterwards, or the note belongs to another version"
    )]
    Changed,
}

fn names(signers: &[Origin]) -> String {
    signers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl FileName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`BadFileName`]
    pub fn new(name: impl Into<String>) -> Result<Self, BadFileName> {
        let name = name.into();
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let valid = name.bytes().all(|b| plain(b) || matches!(b, b'-' | b'.' | b'_'))
            && name.bytes().next().is_some_and(plain)
            && name.len() <= 64;
        if valid { Ok(Self(name)) } else { Err(BadFileName) }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for FileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the note of a file lies: beside it, under its name with `.note`.
#[must_use]
pub fn note_path(file: &Path) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(".note");
    PathBuf::from(name)
}

impl SignedFile {
    /// Signs it.
    ///
    /// # Errors
    /// [`NoteError`]
    pub fn sign(&self, key: &SigningKey) -> Result<Note, NoteError> {
        let mut note = Note::new(self.text())?;
        note.sign(key)?;
        Ok(note)
    }

    fn text(&self) -> String {
        let Self { signer, kind, name, version, hash, bytes, issued } = self;
        let issued = issued.0;
        format!(
            "{signer}\n{TITLE}\nkind {kind}\nname {name}\nversion {version}\nsha256 {hash}\nbytes {bytes}\nissued {issued}\n"
        )
    }

    /// What a note says, if one of `keys` has signed it.
    ///
    /// # Errors
    /// [`SignedFileError`]; a signature that claims one of the keys and does not verify makes the note worthless,
    /// whoever else has signed.
    pub fn open(note: &Note, keys: &[VerifierKey], kind: &FileName) -> Result<Self, SignedFileError> {
        let mut signer = None;
        for key in keys {
            match note.verify(key) {
                Ok(_) => signer = signer.or(Some(key)),
                Err(NoteError::Unsigned) => {}
                Err(_) => return Err(SignedFileError::Forged { signer: key.name().clone() }),
            }
        }
        let Some(signer) = signer else {
            let signers = note.signatures().iter().map(|signature| signature.name.clone()).collect();
            return Err(SignedFileError::Unknown { signers });
        };
        let file = Self::parse(note.text()).ok_or(SignedFileError::Malformed)?;
        if file.signer == *signer.name() && file.kind == *kind { Ok(file) } else { Err(SignedFileError::Malformed) }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        let signer = Origin::new(lines.next()?).ok()?;
        if lines.next()? != TITLE {
            return None;
        }
        let mut field = |name: &str| lines.next()?.strip_prefix(name)?.strip_prefix(' ');
        let file = Self {
            signer,
            kind: FileName::new(field("kind")?).ok()?,
            name: FileName::new(field("name")?).ok()?,
            version: field("version")?.parse().ok()?,
            hash: Hash::from_base64(field("sha256")?).ok()?,
            bytes: field("bytes")?.parse().ok()?,
            issued: Timestamp(field("issued")?.parse().ok()?),
        };
        (file.text() == text).then_some(file)
    }

    /// Whether `content` is the file that was signed.
    ///
    /// # Errors
    /// [`SignedFileError::Changed`]
    pub fn covers(&self, content: &[u8]) -> Result<(), SignedFileError> {
        let same = content.len() as u64 == self.bytes && Hash::of(content) == self.hash;
        if same { Ok(()) } else { Err(SignedFileError::Changed) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::note::Kind;

    fn key(name: &str, seed: u8) -> SigningKey {
        SigningKey::from_seed(Origin::new(name).unwrap(), Kind::Log, &[seed; 32]).unwrap()
    }

    fn file(signer: &str, content: &[u8]) -> SignedFile {
        SignedFile {
            signer: Origin::new(signer).unwrap(),
            kind: FileName::new("map").unwrap(),
            name: FileName::new("jlac10-core").unwrap(),
            version: 3,
            hash: Hash::of(content),
            bytes: content.len() as u64,
            issued: Timestamp(1_795_375_920_000_000),
        }
    }

    #[test]
    fn what_a_trusted_key_signed_is_believed_and_nothing_else() {
        let (own, other) = (key("c.example/maps", 1), key("c.example/maps", 2));
        let stranger = key("x.example/maps", 3);
        let map = FileName::new("map").unwrap();
        let signed = file("c.example/maps", b"a,b\n");
        let note = Note::parse(signed.sign(&own).unwrap().to_string().as_bytes()).unwrap();
        let trusted = [stranger.verifier().clone(), own.verifier().clone()];
        let opened = SignedFile::open(&note, &trusted, &map).unwrap();
        assert_eq!((&opened, opened.covers(b"a,b\n")), (&signed, Ok(())));
        for changed in [&b"a,c\n"[..], b"a,b", b"", b"a,b\n\n"] {
            assert_eq!(opened.covers(changed), Err(SignedFileError::Changed));
        }
        // A key of the same name is another key.
        let unknown = SignedFile::open(&note, &[other.verifier().clone()], &map).unwrap_err();
        assert_eq!(unknown, SignedFileError::Unknown { signers: vec![own.verifier().name().clone()] });
        assert_eq!(SignedFile::open(&note, &[], &map).unwrap_err(), unknown);
        // Another purpose.
        let charter = FileName::new("charter").unwrap();
        assert_eq!(SignedFile::open(&note, &trusted, &charter), Err(SignedFileError::Malformed));
        // Another's signature below a changed text.
        let newer = SignedFile { version: 4, ..signed.clone() }.text();
        let forged = format!("{newer}\n{}\n", note.signatures()[0]);
        let forged = Note::parse(forged.as_bytes()).unwrap();
        let error = SignedFile::open(&forged, &trusted, &map).unwrap_err();
        assert_eq!(error, SignedFileError::Forged { signer: own.verifier().name().clone() });
        // A trusted key signs in the name of another.
        let note = file("c.example/maps", b"").sign(&stranger).unwrap();
        assert_eq!(SignedFile::open(&note, &trusted, &map), Err(SignedFileError::Malformed));
    }

    #[test]
    fn a_receipt_or_a_checkpoint_of_the_same_key_is_no_file() {
        let own = key("c.example/maps", 1);
        let map = FileName::new("map").unwrap();
        for text in ["c.example/maps\n12\naaaa\n", "c.example/maps\nreceipt/v1\nindex 1\n"] {
            let mut note = Note::new(text).unwrap();
            note.sign(&own).unwrap();
            assert_eq!(SignedFile::open(&note, &[own.verifier().clone()], &map), Err(SignedFileError::Malformed));
        }
    }

    #[test]
    fn names_are_plain() {
        for name in ["jlac10", "a.b_c-1", "1"] {
            assert_eq!(FileName::new(name).unwrap().as_str(), name);
        }
        for name in ["", "A", "-a", ".a", "a b", "a\nb", "あ", &"a".repeat(65)] {
            assert!(FileName::new(name).is_err(), "{name}");
        }
        assert_eq!(note_path(Path::new("/x/labs.csv")), Path::new("/x/labs.csv.note"));
    }

    proptest! {
        #[test]
        fn a_changed_byte_of_a_note_is_never_believed(place in 0..1000_usize, byte: u8) {
            let own = key("c.example/maps", 1);
            let signed = file("c.example/maps", b"x");
            let mut bytes = signed.sign(&own).unwrap().to_string().into_bytes();
            let place = place % bytes.len();
            prop_assume!(bytes[place] != byte);
            bytes[place] = byte;
            let map = FileName::new("map").unwrap();
            if let Ok(note) = Note::parse(&bytes) {
                prop_assert!(SignedFile::open(&note, &[own.verifier().clone()], &map).is_err());
            }
        }
    }
}
