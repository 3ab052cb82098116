use std::convert::Infallible;

use proptest::prelude::*;

use super::*;

/// All nodes of a tree in memory, by the definition of RFC 6962.
struct Model(Vec<Hash>);

impl Nodes for Model {
    type Error = Infallible;
    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        let (from, count) = (usize::try_from(index << level).unwrap(), 1_usize << level);
        Ok(mth(&self.0[from..from + count]))
    }
}

fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Hash::empty(),
        [one] => *one,
        _ => {
            let k = leaves.len().next_power_of_two() / 2;
            Hash::node(mth(&leaves[..k]), mth(&leaves[k..]))
        }
    }
}

fn model(size: u64) -> Model {
    Model((0..size).map(|n| Hash::leaf(&n.to_be_bytes())).collect())
}

/// Test vectors of RFC 6962's reference implementation: inputs and the roots after each.
#[test]
fn roots_are_those_of_the_reference_implementation() {
    let hex = |text: &str| -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    };
    let inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut frontier = Frontier::default();
    for (input, root) in inputs.iter().zip(roots) {
        frontier.push(Hash::leaf(&hex(input)));
        assert_eq!(frontier.root().0.to_vec(), hex(root));
    }
}

#[test]
fn frontier_rows_and_definition_agree() {
    let tree = model(600);
    let (mut frontier, mut rows, mut full) = (Frontier::default(), Rows::default(), Vec::new());
    for size in 0..=600_usize {
        assert_eq!(frontier.root(), mth(&tree.0[..size]), "{size}");
        assert_eq!(Frontier::load(&tree, size as u64).unwrap(), frontier);
        if size < 600 {
            frontier.push(tree.0[size]);
            full.extend(rows.push(tree.0[size]));
        }
    }
    assert_eq!(full.iter().map(|tile| (tile.level, tile.index)).collect::<Vec<_>>(), [(0, 0), (0, 1)]);
    assert_eq!(rows.partial()[0], (2, tree.0[512..].to_vec()));
    assert_eq!(rows.partial()[1].1, [mth(&tree.0[..256]), mth(&tree.0[256..512])]);
}

#[test]
fn every_proof_of_small_trees_verifies_and_no_changed_one_does() {
    for size in 1..=33 {
        let tree = model(size);
        let root = mth(&tree.0);
        for index in 0..size {
            let path = inclusion(&tree, index, size).unwrap();
            let leaf = tree.0[usize::try_from(index).unwrap()];
            assert_eq!(verify_inclusion(leaf, index, size, root, &path), Ok(()));
            for wrong in changed(&path) {
                assert!(verify_inclusion(leaf, index, size, root, &wrong).is_err());
            }
            // A leaf has one place only.
            for other in (0..size + 2).filter(|other| *other != index) {
                assert!(verify_inclusion(leaf, other, size, root, &path).is_err(), "{size} {index} {other}");
            }
        }
        for old in 0..=size {
            let before = (old, mth(&tree.0[..usize::try_from(old).unwrap()]));
            let path = consistency(&tree, old, size).unwrap();
            assert_eq!(verify_consistency(before, (size, root), &path), Ok(()), "{old} {size}");
            for wrong in changed(&path) {
                assert!(verify_consistency(before, (size, root), &wrong).is_err(), "{old} {size}");
            }
            assert!(verify_consistency((old, Hash::of(b"fork")), (size, root), &path).is_err());
            assert!(verify_consistency((size + 1, root), (size, root), &[]).is_err());
        }
    }
}

fn changed(path: &[Hash]) -> Vec<Vec<Hash>> {
    let mut all = vec![path.iter().copied().chain([Hash::of(b"more")]).collect()];
    for at in 0..path.len() {
        let mut one = path.to_vec();
        one[at].0[at % 32] ^= 1;
        all.push(one);
        all.push(path.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, hash)| *hash).collect());
    }
    all
}

#[test]
fn paths_of_tiles() {
    for (tile, path) in [
        (TileId::full(Row::Hashes(0), 0), "tile/0/000"),
        (TileId::full(Row::Hashes(0), 1_234_067), "tile/0/x001/x234/067"),
        (TileId { row: Row::Hashes(1), index: 0, width: 12 }, "tile/1/000.p/12"),
        (TileId { row: Row::Entries, index: 1_000, width: 255 }, "tile/entries/x001/000.p/255"),
    ] {
        assert_eq!(tile.path(), path);
        assert_eq!(TileId::parse(path), Ok(tile));
    }
    for bad in [
        "",
        "tile/",
        "tile/0/",
        "tile/0/0",
        "tile/00/000",
        "tile/8/000",
        "tile/0/x000/001",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/entries/+01",
        "tile/0/000/",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
    ] {
        assert_eq!(TileId::parse(bad), Err(BadTile), "{bad}");
    }
}

#[test]
fn hashes_have_one_spelling() {
    let text = Hash::of(b"x").to_string();
    assert_eq!(Hash::from_base64(&text), Ok(Hash::of(b"x")));
    for bad in [&text[..43], &text.replace('=', ""), &format!("{}9=", &text[..42]), &format!("{text}=")] {
        assert_eq!(Hash::from_base64(bad), Err(BadHash), "{bad}");
    }
}

proptest! {
    #[test]
    fn any_path_is_a_tile_or_refused(
        path in "(tile/)?([0-9]|entries)?/(x[0-9]{3}/){0,8}[0-9]{0,4}(.p/[0-9]{0,4})?",
        any in "\\PC{0,40}",
    ) {
        for path in [path, any] {
            if let Ok(tile) = TileId::parse(&path) {
                prop_assert_eq!(tile.path(), path);
            }
        }
    }

    #[test]
    fn every_tile_has_one_path(level in 0..8_u8, entries: bool, index: u64, width in 1..=WIDTH) {
        let tile = TileId { row: if entries { Row::Entries } else { Row::Hashes(level) }, index, width };
        prop_assert_eq!(TileId::parse(&tile.path()), Ok(tile));
    }

    #[test]
    fn bundles_are_read_back(
        entries in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..20),
        any in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let bytes = bundle(&entries).unwrap();
        prop_assert_eq!(unbundle(&bytes).unwrap(), entries);
        if let Ok(entries) = unbundle(&any) {
            prop_assert_eq!(bundle(&entries).unwrap(), any);
        }
    }

    #[test]
    fn proofs_of_any_shape_are_judged(index: u64, size: u64, count in 0..80_usize) {
        let path = vec![Hash::of(b"x"); count];
        prop_assert!(verify_inclusion(Hash::of(b"y"), index, size, Hash::of(b"z"), &path).is_err());
        prop_assert!(verify_consistency((index, Hash::of(b"y")), (size, Hash::of(b"z")), &path).is_err());
    }
}
