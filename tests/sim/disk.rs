//! A [`Disk`] is what may be left of the results file when the plug is pulled.
//!
//! It keeps what programs see (the cache) apart from what is on the platter. Between two syncs
//! every touched sector is on its own: a power loss leaves the old one, the new one, or NUL bytes
//! where nothing was before. The size and the file's name are on their own as well.
//!
//! A failed sync is taken as Linux takes it: some sectors were written, some will be by the next
//! sync, and some are forgotten: programs go on seeing them until the power goes.

use crate::rng::Rng;
use std::collections::BTreeSet;

/// What a drive writes whole or not at all.
const SECTOR_BYTES: usize = 512;

#[derive(Debug, Default)]
pub(crate) struct Disk {
    file: Option<Inode>,
    /// A failed sync has made the system forget something that programs still see.
    pub(crate) has_forgotten: bool,
}

#[derive(Debug, Default)]
struct Inode {
    cache: Vec<u8>,
    platter: Vec<u8>,
    platter_size: usize,
    /// The sectors that the next sync writes.
    dirty: BTreeSet<usize>,
    size_is_dirty: bool,
    /// Nothing below this byte has changed since the last sync.
    unsynced_from: usize,
    name_is_durable: bool,
}

impl Disk {
    pub(crate) fn exists(&self) -> bool {
        self.file.is_some()
    }

    /// What a program reads; nothing if there is no file.
    pub(crate) fn content(&self) -> &[u8] {
        self.file.as_ref().map_or(&[], |file| &file.cache)
    }

    /// What stands after the last newline.
    pub(crate) fn last_line(&self) -> &[u8] {
        let lines = self.content().rsplit(|byte| *byte == b'\n');
        lines.into_iter().next().unwrap_or_default()
    }

    pub(crate) fn create(&mut self) {
        assert!(self.file.is_none(), "create_new");
        self.file = Some(Inode::default());
    }

    fn file(&mut self) -> &mut Inode {
        self.file.as_mut().expect("an open file")
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) {
        let file = self.file();
        let start = file.cache.len();
        file.cache.extend_from_slice(bytes);
        if !bytes.is_empty() {
            let last = (file.cache.len() - 1) / SECTOR_BYTES;
            file.dirty.extend(start / SECTOR_BYTES..=last);
        }
        file.size_is_dirty = true;
        file.unsynced_from = file.unsynced_from.min(start);
    }

    pub(crate) fn truncate(&mut self, size: usize) {
        let file = self.file();
        if size == file.cache.len() {
            return;
        }
        file.cache.resize(size, 0);
        file.dirty.retain(|sector| sector * SECTOR_BYTES < size);
        if !size.is_multiple_of(SECTOR_BYTES) {
            file.dirty.insert(size / SECTOR_BYTES);
        }
        file.size_is_dirty = true;
        file.unsynced_from = file.unsynced_from.min(size);
    }

    pub(crate) fn sync(&mut self) {
        self.file().sync();
    }

    pub(crate) fn sync_name(&mut self) {
        self.file().sync();
        self.file().name_is_durable = true;
    }

    /// A sync that fails.
    pub(crate) fn fail_to_sync(&mut self, rng: &mut Rng) {
        let file = self.file.as_mut().expect("an open file");
        for sector in std::mem::take(&mut file.dirty) {
            match rng.below(3) {
                0 => file.write_sector(sector),
                1 => drop(file.dirty.insert(sector)),
                _ => self.has_forgotten = true,
            }
        }
        if file.size_is_dirty {
            match rng.below(3) {
                0 => file.write_size(),
                1 => {}
                _ => {
                    file.size_is_dirty = false;
                    self.has_forgotten = true;
                }
            }
        }
    }

    /// The power goes, and comes back.
    pub(crate) fn lose_power(&mut self, rng: &mut Rng) {
        let Some(file) = &mut self.file else { return };
        if !file.name_is_durable && rng.one_in(2) {
            self.file = None;
            return;
        }
        file.lose_power(rng);
    }

    /// Whether a power loss now would leave these bytes at the end of the file.
    pub(crate) fn is_durable(&self, tail: &[u8]) -> bool {
        let Some(file) = &self.file else { return false };
        file.name_is_durable
            && file.dirty.is_empty()
            && !file.size_is_dirty
            && file.platter.len() == file.platter_size
            && file.platter.ends_with(tail)
    }
}

impl Inode {
    fn sync(&mut self) {
        for sector in std::mem::take(&mut self.dirty) {
            self.write_sector(sector);
        }
        if self.size_is_dirty {
            self.write_size();
        }
        self.unsynced_from = self.cache.len();
    }

    fn write_sector(&mut self, sector: usize) {
        let start = sector * SECTOR_BYTES;
        let end = (start + SECTOR_BYTES).min(self.cache.len());
        if self.platter.len() < end {
            self.platter.resize(end, 0);
        }
        self.platter[start..end].copy_from_slice(&self.cache[start..end]);
        // What a program has cut off is written as NUL bytes.
        let cut = end..(start + SECTOR_BYTES).min(self.platter.len());
        self.platter[cut].fill(0);
    }

    fn write_size(&mut self) {
        self.platter_size = self.cache.len();
        self.platter.resize(self.platter_size, 0);
        self.size_is_dirty = false;
    }

    fn lose_power(&mut self, rng: &mut Rng) {
        for sector in std::mem::take(&mut self.dirty) {
            match rng.below(3) {
                0 => {}
                1 => self.write_sector(sector),
                _ => self.blank_sector(sector),
            }
        }
        let mut size = self.platter_size;
        if self.size_is_dirty {
            let (least, most) = (size.min(self.cache.len()), size.max(self.cache.len()));
            let boundary = (least / SECTOR_BYTES + 1) * SECTOR_BYTES;
            size = *rng.pick(&[size, self.cache.len(), boundary.min(most)]);
        }
        self.platter.resize(size, 0);
        self.cache.clone_from(&self.platter);
        *self = Self {
            platter_size: size,
            unsynced_from: size,
            name_is_durable: true,
            cache: std::mem::take(&mut self.cache),
            platter: std::mem::take(&mut self.platter),
            ..Self::default()
        };
    }

    /// What was synced stays; the rest of the sector was allotted and never written.
    fn blank_sector(&mut self, sector: usize) {
        let start = (sector * SECTOR_BYTES).max(self.unsynced_from);
        let end = ((sector + 1) * SECTOR_BYTES).min(self.platter.len());
        if start < end {
            self.platter[start..end].fill(0);
        }
    }
}
