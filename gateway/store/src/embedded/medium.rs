//! The calls that change a disk. All of them go through here, so that a test can let each one fail.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The disk that a store writes to.
#[derive(Clone, Debug, Default)]
pub(super) struct Medium {
    #[cfg(test)]
    pub(super) faults: Option<std::sync::Arc<super::tests::Faults>>,
}

// === impl Medium ===

impl Medium {
    pub(super) fn write_at(&self, file: &File, offset: u64, octets: &[u8]) -> io::Result<()> {
        self.strike()?;
        file.write_all_at(octets, offset)
    }

    pub(super) fn set_len(&self, file: &File, length: u64) -> io::Result<()> {
        self.strike()?;
        file.set_len(length)
    }

    pub(super) fn sync(&self, file: &File) -> io::Result<()> {
        self.strike()?;
        #[cfg(test)]
        if self.faults.as_ref().is_some_and(|faults| faults.skips_sync()) {
            return Ok(());
        }
        file.sync_data()
    }

    pub(super) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.strike()?;
        fs::rename(from, to)
    }

    #[cfg(test)]
    fn strike(&self) -> io::Result<()> {
        self.faults.as_ref().map_or(Ok(()), |faults| faults.strike())
    }

    #[cfg(not(test))]
    #[expect(clippy::unnecessary_wraps, clippy::unused_self, reason = "fails in tests")]
    const fn strike(&self) -> io::Result<()> {
        Ok(())
    }
}
