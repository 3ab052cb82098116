//! Tiles, notes and proofs are read and accepted by implementations that are not ours.

use std::path::Path;
use std::sync::Arc;

use renkei_audit::entry::State;
use renkei_audit::note::{Checkpoint, Head, Kind, Note, Origin};
use renkei_audit::store::{Config, Log, Reader};
use renkei_audit::tree::{Hash, Row, TileId, consistency, inclusion, verify_consistency, verify_inclusion};

use crate::common::*;

/// A log of `2 · questions` entries with a checkpoint over all of them.
fn log(root: &Path, questions: u64) -> (Log, Note) {
    let config = Config { reserve: 1_024, ..Config::new(root.to_owned(), node_key(), Arc::new(Hand::new())) };
    let (log, _) = Log::open(config).unwrap();
    let both = |n| [log.append(outcome(n, State::Aborted, None)), log.append(outcome(n, State::Answered, None))];
    let all: Vec<_> = (0..questions).flat_map(both).collect();
    all.into_iter().for_each(|pending| _ = pending.wait().unwrap());
    let note = log.checkpoint().wait().unwrap();
    (log, note)
}

/// Reads our tiles from disk for `tlog_tiles`, which checks each against the root before it believes it.
struct Tiles<'a>(&'a Reader);

impl tlog_tiles::TileReader for Tiles<'_> {
    fn height(&self) -> u8 {
        8
    }

    fn read_tiles(&self, tiles: &[tlog_tiles::Tile]) -> Result<Vec<Vec<u8>>, tlog_tiles::Error> {
        let read = |tile: &tlog_tiles::Tile| {
            let width = usize::try_from(tile.width()).unwrap();
            let ours = TileId { row: Row::Hashes(tile.level()), index: tile.level_index(), width };
            // The path of C2SP, which has no height.
            assert_eq!(tile.path().replacen("tile/8/", "tile/", 1), ours.path());
            let hashes = self.0.tile(&ours).unwrap().unwrap_or_else(|| panic!("{}", ours.path()));
            hashes.iter().flat_map(|hash| hash.0).collect()
        };
        Ok(tiles.iter().map(read).collect())
    }

    fn save_tiles(&self, _: &[tlog_tiles::Tile], _: &[Vec<u8>]) {}
}

fn theirs(hash: Hash) -> tlog_tiles::Hash {
    tlog_tiles::Hash(hash.0)
}

#[test]
fn tlog_tiles_reads_tiles_proofs_and_checkpoints() {
    for questions in [1, 100, 128, 300, 33_000] {
        let folder = tempfile::tempdir().unwrap();
        let (log, note) = log(folder.path(), questions);
        let (reader, size) = (log.reader(), questions * 2);
        let checkpoint = tlog_tiles::Checkpoint::from_bytes(note.text().as_bytes()).unwrap();
        assert_eq!((checkpoint.origin(), checkpoint.size()), (node_key().verifier().name().as_str(), size));
        assert_eq!(checkpoint.to_bytes(), note.text().as_bytes());
        let root = *checkpoint.hash();

        let tiles = Tiles(&reader);
        let hashes = tlog_tiles::TileHashReader::new(size, root, &tiles);
        for index in [0, 1, size / 3, size / 2, size - 1] {
            let leaf = tlog_tiles::record_hash(&reader.entry(index).unwrap());
            let proof = tlog_tiles::prove_record(size, index, &hashes).unwrap();
            let ours = reader.inclusion(index, size).unwrap();
            assert_eq!(ours.path.iter().copied().map(theirs).collect::<Vec<_>>(), proof);
            tlog_tiles::check_record(&proof, size, root, index, leaf).unwrap();
        }
        for old in [1, 2, size / 3 + 1, size / 2, size - 1, size] {
            let before = reader.head(old).unwrap();
            let proof = tlog_tiles::prove_tree(size, old, &hashes).unwrap();
            let ours = reader.consistency(old, size).unwrap();
            assert_eq!(ours.iter().copied().map(theirs).collect::<Vec<_>>(), proof, "{old} of {size}");
            tlog_tiles::check_tree(&proof, size, root, old, theirs(before.root)).unwrap();
        }
    }
}

#[test]
fn ct_merkle_agrees_on_every_proof_of_small_trees() {
    use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
    type Sha = sha2::Sha256;
    let folder = tempfile::tempdir().unwrap();
    let (log, _) = log(folder.path(), 20);
    let reader = log.reader();
    let entries: Vec<Vec<u8>> = reader.entries(0).unwrap().map(|entry| entry.unwrap().1).collect();
    let root = |size: u64| RootHash::<Sha>::new(reader.head(size).unwrap().root.0.into(), size);
    let bytes = |path: &[Hash]| path.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>();
    for size in 1..=40_u64 {
        for index in 0..size {
            let path = inclusion(&reader, index, size).unwrap();
            let proof = InclusionProof::<Sha>::try_from_bytes(bytes(&path)).unwrap();
            root(size).verify_inclusion(&entries[usize::try_from(index).unwrap()], index, &proof).unwrap();
            let leaf = Hash::leaf(&entries[usize::try_from(index).unwrap()]);
            verify_inclusion(leaf, index, size, reader.head(size).unwrap().root, &path).unwrap();
        }
        for old in 1..size {
            let path = consistency(&reader, old, size).unwrap();
            let proof = ConsistencyProof::<Sha>::try_from_bytes(bytes(&path)).unwrap();
            root(size).verify_consistency(&root(old), &proof).unwrap();
            let head = |size| (size, reader.head(size).unwrap().root);
            verify_consistency(head(old), head(size), &path).unwrap();
        }
    }
}

#[test]
fn signed_note_accepts_our_notes_and_we_theirs() {
    use signed_note::{StandardSigner, StandardVerifier, VerifierList};
    let folder = tempfile::tempdir().unwrap();
    let (_, mut note) = log(folder.path(), 3);
    note.cosign(&witness_key(), 1_790_000_000).unwrap();
    let text = note.to_string();
    let verifier = StandardVerifier::new(&node_key().verifier().to_string()).unwrap();
    let read = signed_note::Note::from_bytes(text.as_bytes()).unwrap();
    let (verified, unverified) = read.verify(&VerifierList::new(vec![Box::new(verifier.clone())])).unwrap();
    assert_eq!((verified.len(), unverified.len()), (1, 1));
    assert_eq!(read.to_bytes(), text.as_bytes());
    let forged = text.replacen("\n6\n", "\n7\n", 1);
    assert_ne!(forged, text);
    let read = signed_note::Note::from_bytes(forged.as_bytes()).unwrap();
    assert!(read.verify(&VerifierList::new(vec![Box::new(verifier)])).is_err());

    let secret = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    let head = Head { root: Hash::of(b"root"), size: 12 };
    let checkpoint = Checkpoint { origin: Origin::new("PeterNeumann").unwrap(), head, extensions: Vec::new() };
    let mut theirs = signed_note::Note::new(checkpoint.text().as_bytes(), &[]).unwrap();
    theirs.add_sigs(&[&StandardSigner::new(secret).unwrap()]).unwrap();
    let key = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    let key = renkei_audit::note::VerifierKey::parse(key).unwrap();
    assert_eq!(Checkpoint::open(&Note::parse(&theirs.to_bytes()).unwrap(), &key), Ok(checkpoint));
}

/// A Sigsum log is a log of hashes with the same tree, checkpoints and cosignatures: one is made with this crate, and
/// `sigsum`, which has its own hashing, proofs and signatures, verifies all of it at once.
#[test]
fn sigsum_verifies_tree_checkpoint_and_cosignature() {
    let message = Hash::of(b"an entry");
    let submitter = key("submitter", Kind::Log, 21);
    let checksum = Hash::of(&message.0);
    let leaf_signature = sign(&submitter, &[&b"sigsum.org/v1/tree-leaf\0"[..], &checksum.0].concat());
    let keyhash = Hash::of(submitter.verifier().public());
    let leaf = [&checksum.0[..], &leaf_signature, &keyhash.0].concat();

    // Sigsum's origin is made of the log's key, so the key comes first.
    let public = *key("log", Kind::Log, 22).verifier().public();
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    let origin = format!("sigsum.org/v1/tree/{}", hex(&Hash::of(&public).0));
    let (log, witness) = (key(&origin, Kind::Log, 22), key("witness", Kind::Witness, 23));
    for (index, size) in [(0_u64, 2_u64), (3, 7), (6, 7), (200, 777)] {
        let entries: Vec<Vec<u8>> =
            (0..size).map(|n| if n == index { leaf.clone() } else { n.to_be_bytes().to_vec() }).collect();
        let tree = Memory(entries.iter().map(|entry| Hash::leaf(entry)).collect());
        let head = Head { root: renkei_audit::tree::range(&tree, 0, size).unwrap(), size };
        let path = inclusion(&tree, index, size).unwrap();
        let checkpoint = Checkpoint { origin: log.verifier().name().clone(), head, extensions: Vec::new() };
        let mut note = checkpoint.sign(&log).unwrap();
        note.cosign(&witness, 1_790_000_000).unwrap();

        let mut text = format!(
            "version=2\nlog={}\nleaf={} {}\n\nsize={size}\nroot_hash={}\nsignature={}\ncosignature={} 1790000000 {}\n",
            hex(&Hash::of(&public).0),
            hex(&keyhash.0),
            hex(&leaf_signature),
            hex(&head.root.0),
            hex(&note.signatures()[0].body),
            hex(&Hash::of(witness.verifier().public()).0),
            hex(&note.signatures()[1].body[8..]),
        );
        text.push_str(&format!("\nleaf_index={index}\n"));
        path.iter().for_each(|node| text.push_str(&format!("node_hash={}\n", hex(&node.0))));
        let policy = format!("log {}\nwitness w {}\nquorum w\n", hex(&public), hex(witness.verifier().public()));
        let policy = sigsum::Policy::parse(&policy).unwrap();
        let signature = sigsum::SigsumSignature::from_ascii(&text).unwrap();
        let signer = sigsum::PublicKey::from(*submitter.verifier().public());
        let message = sigsum::Hash::from(message.0);
        sigsum::verify(&message, &signature, std::slice::from_ref(&signer), &policy).unwrap();
        let other = sigsum::Hash::from(Hash::of(b"another").0);
        assert!(sigsum::verify(&other, &signature, &[signer], &policy).is_err());
    }
}

/// An Ed25519 signature over any bytes, by the key of a note's signer.
fn sign(key: &renkei_audit::note::SigningKey, message: &[u8]) -> Vec<u8> {
    let seed = [21; 32];
    let pair = aws_lc_rs::signature::Ed25519KeyPair::from_seed_unchecked(&seed).unwrap();
    let signature = pair.sign(message).as_ref().to_vec();
    assert_eq!(aws_lc_rs::signature::KeyPair::public_key(&pair).as_ref(), key.verifier().public());
    signature
}

/// Leaves in memory.
struct Memory(Vec<Hash>);

impl renkei_audit::tree::Nodes for Memory {
    type Error = std::convert::Infallible;
    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        let (from, count) = (usize::try_from(index << level).unwrap(), 1_usize << level);
        Ok(Hash::fold(&self.0[from..from + count]))
    }
}
