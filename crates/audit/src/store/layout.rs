//! Where files are.

use std::path::{Path, PathBuf};

use crate::tree::TileId;

/// The folder of a log.
#[derive(Debug, Clone)]
pub(crate) struct Layout(PathBuf);

impl Layout {
    pub(crate) fn new(root: &Path) -> Self {
        Self(root.to_owned())
    }

    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.0.join("lock")
    }

    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.0.join("checkpoint")
    }

    pub(crate) fn cosigned(&self) -> PathBuf {
        self.0.join("cosigned")
    }

    pub(crate) fn seen(&self) -> PathBuf {
        self.0.join("seen")
    }

    pub(crate) fn reserve(&self) -> PathBuf {
        self.0.join("reserve")
    }

    pub(crate) fn journals(&self) -> PathBuf {
        self.0.join("journal")
    }

    pub(crate) fn journal(&self, number: u64) -> PathBuf {
        self.journals().join(number.to_string())
    }

    pub(crate) fn tiles(&self) -> PathBuf {
        self.0.join("tile")
    }

    pub(crate) fn tile(&self, tile: &TileId) -> PathBuf {
        self.0.join(tile.path())
    }

    /// Grouped by thousands, so that no folder grows without bound.
    pub(crate) fn openings(&self, number: u64) -> PathBuf {
        self.0.join("openings").join((number / 1_000).to_string()).join(number.to_string())
    }

    /// Up to where entries are in archives only.
    pub(crate) fn archived(&self) -> PathBuf {
        self.0.join("archived")
    }

    pub(crate) fn cut(&self, size: u64) -> PathBuf {
        self.0.join("cut").join(size.to_string())
    }
}
