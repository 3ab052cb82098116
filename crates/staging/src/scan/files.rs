//! All files under a folder, in the order of their names. Symbolic links are not followed: what they point to may lie
//! outside, and may be a folder above.

use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};

/// Hands out every file under `folder` (or `folder` itself, if it is a file) until `each` has enough; `Err` for what
/// cannot be looked at.
pub(super) fn under(folder: &Path, each: &mut dyn FnMut(Result<(PathBuf, Metadata), ()>) -> bool) -> bool {
    match fs::metadata(folder) {
        Ok(metadata) if metadata.is_file() => each(Ok((folder.to_owned(), metadata))),
        _ => inside(folder, each),
    }
}

fn inside(folder: &Path, each: &mut dyn FnMut(Result<(PathBuf, Metadata), ()>) -> bool) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return each(Err(())) };
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in entries {
        match entry {
            Ok(entry) => paths.push(entry.path()),
            Err(_) => {
                if !each(Err(())) {
                    return false;
                }
            }
        }
    }
    // What is still being fetched is not there yet.
    paths.retain(|path| path.extension().is_none_or(|extension| extension != "part"));
    paths.sort();
    paths.into_iter().all(|path| match fs::symlink_metadata(&path) {
        Ok(metadata) if metadata.is_dir() => inside(&path, each),
        Ok(metadata) if metadata.is_file() => each(Ok((path, metadata))),
        Ok(_) => true,
        Err(_) => each(Err(())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_order_and_links_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir_all(root.join("b/c")).unwrap();
        fs::create_dir_all(root.join("c.part")).unwrap();
        for name in ["b/c/1", "b/2", "a", "a.part", "c.part/x"] {
            fs::write(root.join(name), name).unwrap();
        }
        fs::write(dir.path().join("outside"), "x").unwrap();
        std::os::unix::fs::symlink(dir.path().join("outside"), root.join("link")).unwrap();
        std::os::unix::fs::symlink(&root, root.join("loop")).unwrap();
        let mut names = Vec::new();
        under(&root, &mut |file| {
            names.push(file.unwrap().0.strip_prefix(&root).unwrap().to_owned());
            true
        });
        assert_eq!(names, ["a", "b/2", "b/c/1"].map(PathBuf::from));
        let mut alone = 0;
        under(&root.join("a"), &mut |file| {
            alone += usize::from(file.is_ok());
            true
        });
        assert_eq!(alone, 1);
    }
}
