//! What a disk holds for sure, and what it may hold, after any record of the log.
//!
//! Sure is what an fsync that came back covers: of a file its bytes, of a folder its names. All that came later may
//! be there or not, each call by itself, and of a write any of its sectors. What an fsync that failed covered is lost,
//! also if a later one succeeds: the kernel has forgotten that it was to be written.

pub(crate) mod file;
pub(crate) mod log;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use portolan_tests::dice::Dice;

use file::File;
use log::Record;

/// Files by their paths: the disk as it is found when the power is back.
pub(crate) type Image = BTreeMap<PathBuf, Vec<u8>>;

#[derive(Default)]
pub(crate) struct Disk {
    files: Vec<File>,
    /// Which file an inode is now: numbers are given again.
    inodes: HashMap<u64, usize>,
    folders: HashMap<u64, PathBuf>,
    /// Names that are sure.
    names: BTreeMap<PathBuf, usize>,
    /// Changes of names that are not, in order.
    renaming: Vec<(u64, Name)>,
    /// How many changes of names there were when an fsync of a folder began.
    began: HashMap<u64, u64>,
    count: u64,
}

enum Name {
    Given(PathBuf, usize),
    Removed(PathBuf),
    Changed(PathBuf, PathBuf),
}

/// How much of what is not sure an image gets.
#[derive(Clone, Copy)]
pub(crate) enum Fate {
    /// Nothing.
    None,
    /// Some calls, whole or in part, whatever their order was.
    Some,
    /// All up to one, and part of that one.
    Until,
}

impl Disk {
    /// `log` holds the bytes that the records tell of.
    pub(crate) fn play(&mut self, record: &Record, log: &[u8]) {
        match record {
            Record::Opened {
                inode,
                path,
                new,
                emptied,
                is_folder,
            } => {
                if *is_folder {
                    self.folders.insert(*inode, path.clone());
                } else if *new || !self.inodes.contains_key(inode) {
                    self.files.push(File::default());
                    let file = self.files.len() - 1;
                    self.inodes.insert(*inode, file);
                    self.rename(Name::Given(path.clone(), file));
                } else if *emptied && let Some(file) = self.file(*inode) {
                    file.truncate(0);
                }
            }
            Record::Wrote { inode, at, bytes } => {
                if let Some(file) = self.file(*inode) {
                    file.write(*at, bytes.clone());
                }
            }
            Record::Truncated { inode, length } => {
                if let Some(file) = self.file(*inode) {
                    file.truncate(*length);
                }
            }
            Record::Reserved { inode, end } => {
                if let Some(file) = self.file(*inode) {
                    file.reserve(*end);
                }
            }
            Record::SyncBegan { inode, ticket } => {
                if let Some(file) = self.file(*inode) {
                    file.sync_began(*ticket);
                } else {
                    self.began.insert(*ticket, self.count);
                }
            }
            Record::Removed { path } => self.rename(Name::Removed(path.clone())),
            Record::Renamed { from, to } => self.rename(Name::Changed(from.clone(), to.clone())),
            Record::Synced {
                inode,
                ticket,
                failed,
            } => self.synced(*inode, *ticket, *failed, log),
            Record::Failed | Record::Acknowledged { .. } => {}
        }
    }

    /// An fsync came back.
    fn synced(&mut self, inode: u64, ticket: u64, failed: bool, log: &[u8]) {
        if let Some(file) = self.file(inode) {
            file.synced(ticket, failed, log);
            return;
        }
        let (Some(folder), Some(until)) = (
            self.folders.get(&inode).cloned(),
            self.began.remove(&ticket),
        ) else {
            return;
        };
        if failed {
            return;
        }
        let mut left = Vec::new();
        for (number, name) in std::mem::take(&mut self.renaming) {
            if number < until && name.lies_in(&folder) {
                name.apply(&mut self.names);
            } else {
                left.push((number, name));
            }
        }
        self.renaming = left;
    }

    /// What may be found if the power goes now.
    pub(crate) fn image(&self, fate: Fate, dice: &mut Dice, log: &[u8]) -> Image {
        let mut names = self.names.clone();
        let until = match fate {
            Fate::Until => dice.below(self.renaming.len() + 1),
            _ => 0,
        };
        for (at, (_, name)) in self.renaming.iter().enumerate() {
            let kept = match fate {
                Fate::None => false,
                Fate::Some => dice.one_in(2),
                Fate::Until => at < until,
            };
            if kept {
                name.apply(&mut names);
            }
        }
        let images = names
            .into_iter()
            .map(|(path, file)| (path, self.files[file].image(fate, dice, log)));
        images.collect()
    }

    fn file(&mut self, inode: u64) -> Option<&mut File> {
        let file = *self.inodes.get(&inode)?;
        self.files.get_mut(file)
    }

    fn rename(&mut self, name: Name) {
        self.renaming.push((self.count, name));
        self.count += 1;
    }
}

impl Name {
    fn lies_in(&self, folder: &Path) -> bool {
        let (Self::Given(path, _) | Self::Removed(path) | Self::Changed(_, path)) = self;
        path.parent() == Some(folder)
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self {
            Self::Given(path, file) => {
                names.insert(path.clone(), *file);
            }
            Self::Removed(path) => {
                names.remove(path);
            }
            Self::Changed(from, to) => {
                if let Some(file) = names.remove(from) {
                    names.insert(to.clone(), file);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &[u8] = b"oldnew";

    /// A file in a folder, named for sure, with its first three bytes written and not synced.
    fn written() -> Disk {
        let mut disk = Disk::default();
        for record in [
            opened(1, "/data", true),
            opened(2, "/data/file", false),
            began(1),
            synced(1, false),
            wrote(0..3),
        ] {
            disk.play(&record, LOG);
        }
        disk
    }

    fn opened(inode: u64, path: &str, is_folder: bool) -> Record {
        Record::Opened {
            inode,
            path: path.into(),
            new: !is_folder,
            emptied: false,
            is_folder,
        }
    }

    fn wrote(bytes: std::ops::Range<usize>) -> Record {
        Record::Wrote {
            inode: 2,
            at: 0,
            bytes,
        }
    }

    fn began(inode: u64) -> Record {
        Record::SyncBegan {
            inode,
            ticket: inode,
        }
    }

    fn synced(inode: u64, failed: bool) -> Record {
        Record::Synced {
            inode,
            ticket: inode,
            failed,
        }
    }

    /// What is in the file in so many images.
    fn found(disk: &Disk, fate: Fate) -> std::collections::BTreeSet<Vec<u8>> {
        let mut dice = Dice::new(1);
        let file = Path::new("/data/file");
        let images = (0..100).map(|_| disk.image(fate, &mut dice, LOG));
        images
            .map(|mut image| image.remove(file).expect("its name is sure"))
            .collect()
    }

    #[test]
    fn what_an_fsync_covered_is_in_every_image_and_what_came_later_in_some() {
        let mut disk = written();
        assert_eq!(found(&disk, Fate::None), [b"".to_vec()].into());

        for record in [began(2), wrote(3..6), synced(2, false)] {
            disk.play(&record, LOG);
        }

        assert_eq!(found(&disk, Fate::None), [b"old".to_vec()].into());
        let both = [b"old".to_vec(), b"new".to_vec()].into();
        assert_eq!(found(&disk, Fate::Some), both);
        assert_eq!(found(&disk, Fate::Until), both);
    }

    #[test]
    fn what_an_fsync_failed_on_is_lost_though_the_next_one_succeeds() {
        let mut disk = written();
        for failed in [true, false] {
            disk.play(&began(2), LOG);
            disk.play(&synced(2, failed), LOG);
        }
        assert_eq!(found(&disk, Fate::None), [b"".to_vec()].into());
    }

    #[test]
    fn a_name_is_sure_once_its_folder_was_synced() {
        let mut disk = written();
        let removed = Record::Removed {
            path: "/data/file".into(),
        };
        disk.play(&removed, LOG);
        let mut dice = Dice::new(1);
        let images = (0..100).map(|_| disk.image(Fate::Some, &mut dice, LOG).len());
        let names: std::collections::BTreeSet<_> = images.collect();
        assert_eq!(names, [0, 1].into());

        disk.play(&began(1), LOG);
        disk.play(&synced(1, false), LOG);

        assert!(disk.image(Fate::None, &mut dice, LOG).is_empty());
    }
}
