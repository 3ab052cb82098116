//! Where files are.

use std::path::{Path, PathBuf};

use crate::tree::TileId;

/// The folder of a log.
#[derive(Debug, Clone)]
pub(super) struct Layout(PathBuf);

impl Layout {
    pub(super) fn new(root: &Path) -> Self {
        Self(root.to_owned())
    }

    pub(super) fn root(&self) -> &Path {
        &self.0
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    pub(super) fn checkpoint(&self) -> PathBuf {
        self.0.join("checkpoint")
    }

    pub(super) fn cosigned(&self) -> PathBuf {
        self.0.join("cosigned")
    }

    pub(super) fn seen(&self) -> PathBuf {
        self.0.join("seen")
    }

    pub(super) fn reserve(&self) -> PathBuf {
        self.0.join("reserve")
    }

    pub(super) fn journals(&self) -> PathBuf {
        self.0.join("journal")
    }

    pub(super) fn journal(&self, number: u64) -> PathBuf {
        self.journals().join(number.to_string())
    }

    pub(super) fn tiles(&self) -> PathBuf {
        self.0.join("tile")
    }

    pub(super) fn tile(&self, tile: &TileId) -> PathBuf {
        self.0.join(tile.path())
    }

    /// Grouped by thousands, so that no folder grows without bound.
    pub(super) fn openings(&self, number: u64) -> PathBuf {
        self.0.join("openings").join((number / 1_000).to_string()).join(number.to_string())
    }

    pub(super) fn cut(&self, size: u64) -> PathBuf {
        self.0.join("cut").join(size.to_string())
    }
}
