//! What a disk may hold when the power goes.
//!
//! * What was written to a file before a flush of it was asked for is there once the flush was
//!   answered.
//! * Of what was written later each write may be there, be absent, or be torn: at a border of
//!   sectors, with either side of it there. A write that is absent may have made the file longer all
//!   the same, with zeros. A change of the length may be there or not.
//! * The name of a file that was created or removed is sure to be so once the folder was flushed;
//!   before, it may be so or not. The model knows one folder, and no change of names.
//! * Memory that processes share (`-shm`) is no file.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::notes::Note;
use crate::chance::Chance;

/// Bytes that a disk writes as a whole.
const SECTOR: usize = 512;

/// Contents of files by name.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// A change of a file that may be lost.
#[derive(Clone, Debug)]
enum Change {
    Write { at: usize, data: Vec<u8> },
    Length(usize),
}

#[derive(Clone, Debug, Default)]
struct File {
    durable: Vec<u8>,
    /// The oldest first.
    changes: Vec<Change>,
    /// Changes that are durable by now.
    drained: usize,
}

/// A disk with one folder.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    /// All files that there ever were, in the order in which they were created.
    files: Vec<File>,
    /// Files by inode, which is used again once a file is removed.
    inodes: BTreeMap<u64, usize>,
    /// Files by name, for sure.
    names: BTreeMap<String, usize>,
    /// Names that were given, or taken away, since the folder was flushed, the oldest first.
    renamings: Vec<(String, Option<usize>)>,
    /// Names that are sure by now.
    settled: usize,
    folder: Option<u64>,
    /// By number of the flush: how much was asked to be flushed.
    flushes: BTreeMap<u64, usize>,
}

impl Disk {
    /// Returns a disk on which all that is in a folder is durable.
    pub(super) fn of(folder: &Path) -> Self {
        let mut disk = Self::default();
        for (name, path) in entries(folder) {
            let inode = fs::metadata(&path).expect("it is there").ino();
            let durable = fs::read(&path).expect("it can be read");
            let file = disk.create(inode, durable);
            disk.names.insert(name, file);
        }
        disk
    }

    /// Carries out what a process did.
    pub(super) fn note(&mut self, note: &Note) {
        match note {
            Note::Opened { name, file, created } => {
                if *created {
                    let file = self.create(*file, Vec::new());
                    self.renamings.push((name.clone(), Some(file)));
                }
            }
            Note::Folder { file } => self.folder = Some(*file),
            Note::Written { file, at, data } => {
                self.file(*file).changes.push(Change::Write { at: *at, data: data.clone() });
            }
            Note::Cut { file, length } => self.file(*file).changes.push(Change::Length(*length)),
            Note::Removed { name } => self.renamings.push((name.clone(), None)),
            Note::Flush { file, number } => {
                let asked = if self.folder == Some(*file) {
                    self.settled + self.renamings.len()
                } else {
                    let file = self.file(*file);
                    file.drained + file.changes.len()
                };
                self.flushes.insert(*number, asked);
            }
            Note::Flushed { file, number } => {
                let asked = self.flushes.remove(number).expect("it was asked for");
                if self.folder == Some(*file) {
                    self.settle(asked);
                } else {
                    self.file(*file).drain(asked);
                }
            }
            Note::Told(_) | Note::Sent(_) => {}
        }
    }

    fn create(&mut self, inode: u64, durable: Vec<u8>) -> usize {
        self.files.push(File { durable, ..File::default() });
        let file = self.files.len() - 1;
        self.inodes.insert(inode, file);
        file
    }

    fn file(&mut self, inode: u64) -> &mut File {
        let file = self.inodes.get(&inode).expect("what is written was opened before");
        &mut self.files[*file]
    }

    fn settle(&mut self, asked: usize) {
        let count = asked.saturating_sub(self.settled);
        for (name, file) in self.renamings.drain(..count) {
            match file {
                Some(file) => self.names.insert(name, file),
                None => self.names.remove(&name),
            };
        }
        self.settled += count;
    }

    /// Returns what the process itself would read.
    pub(super) fn as_written(&self) -> Files {
        let mut all = self.clone();
        all.settle(all.settled + all.renamings.len());
        for file in &mut all.files {
            file.drain(file.drained + file.changes.len());
        }
        all.named(|file| file.durable)
    }

    /// Returns what may be there if the power goes now.
    pub(super) fn after_cut(&self, chance: &mut Chance) -> Files {
        let mut left = self.clone();
        // Everything of the later writes may be lost, or nothing.
        let (all, none) = (chance.once_in(8), chance.once_in(8));
        let stays = |chance: &mut Chance| !none && (all || chance.once_in(2));
        let renamings = std::mem::take(&mut left.renamings);
        left.renamings = renamings.into_iter().filter(|_| stays(chance)).collect();
        left.settle(left.settled + left.renamings.len());
        left.named(|file| if none { file.durable } else { file.torn(all, chance) })
    }

    fn named(mut self, mut contents: impl FnMut(File) -> Vec<u8>) -> Files {
        let names = self.names.into_iter().filter(|(name, _)| !name.ends_with("-shm"));
        names.map(|(name, file)| (name, contents(std::mem::take(&mut self.files[file])))).collect()
    }

    /// Returns how many changes of the file of this name may be lost.
    pub(super) fn unsure(&self, name: &str) -> usize {
        self.names.get(name).map_or(0, |file| self.files[*file].changes.len())
    }
}

impl File {
    fn drain(&mut self, asked: usize) {
        let count = asked.saturating_sub(self.drained);
        let changes: Vec<Change> = self.changes.drain(..count).collect();
        for change in changes {
            match change {
                Change::Write { at, data } => self.write(at, &data),
                Change::Length(length) => self.durable.resize(length, 0),
            }
        }
        self.drained += count;
    }

    fn write(&mut self, at: usize, data: &[u8]) {
        let end = at + data.len();
        if self.durable.len() < end {
            self.durable.resize(end, 0);
        }
        self.durable[at..end].copy_from_slice(data);
    }

    /// Returns what may be there: of each change all, nothing or a part.
    fn torn(mut self, all: bool, chance: &mut Chance) -> Vec<u8> {
        let changes = std::mem::take(&mut self.changes);
        for change in changes {
            match change {
                Change::Length(length) => {
                    if all || chance.once_in(2) {
                        self.durable.resize(length, 0);
                    }
                }
                Change::Write { at, data } if all || chance.once_in(3) => self.write(at, &data),
                Change::Write { at, data } if chance.once_in(2) => self.tear(at, &data, chance),
                Change::Write { at, data } => {
                    if self.durable.len() < at + data.len() && chance.once_in(2) {
                        self.durable.resize(at + data.len(), 0);
                    }
                }
            }
        }
        self.durable
    }

    /// Writes what stands on one side of a border of sectors.
    fn tear(&mut self, at: usize, data: &[u8], chance: &mut Chance) {
        let first = SECTOR - at % SECTOR;
        let borders = data.len().saturating_sub(first).div_ceil(SECTOR);
        if borders == 0 {
            return;
        }
        let border = first + SECTOR * chance.below(borders);
        let (before, behind) = data.split_at(border);
        if chance.once_in(2) {
            self.write(at, before);
        } else {
            self.write(at + border, behind);
        }
    }
}

/// Returns the files of a folder that are no shared memory.
fn entries(folder: &Path) -> Vec<(String, std::path::PathBuf)> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    let entries = entries.map(|entry| {
        let entry = entry.expect("it can be read");
        (entry.file_name().into_string().expect("names are text"), entry.path())
    });
    entries.filter(|(name, _)| !name.ends_with("-shm")).collect()
}

/// Returns the files of a folder, without shared memory.
pub(super) fn contents(folder: &Path) -> Files {
    let read = |(name, path)| (name, fs::read(path).expect("it can be read"));
    entries(folder).into_iter().map(read).collect()
}

/// Writes files into a folder, which is made.
pub(super) fn lay_out(folder: &Path, files: &Files) {
    fs::create_dir(folder).expect("the folder can be made");
    for (name, contents) in files {
        fs::write(folder.join(name), contents).expect("the file can be written");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CUTS: usize = 200;

    /// What may be in the file `a` of a new disk behind these notes.
    fn left(notes: &[Note]) -> Vec<Option<Vec<u8>>> {
        let mut disk = Disk::default();
        disk.note(&Note::Folder { file: 1 });
        disk.note(&Note::Opened { name: "a".to_owned(), file: 2, created: true });
        for note in notes {
            disk.note(note);
        }
        let mut chance = Chance::new(7);
        let mut left: Vec<_> = (0..CUTS).map(|_| disk.after_cut(&mut chance).remove("a")).collect();
        left.sort();
        left.dedup();
        left
    }

    fn written(at: usize, data: &[u8]) -> Note {
        Note::Written { file: 2, at, data: data.to_vec() }
    }

    fn flushed(file: u64) -> [Note; 2] {
        [Note::Flush { file, number: file }, Note::Flushed { file, number: file }]
    }

    #[test]
    fn what_was_flushed_with_its_name_is_there() {
        let notes = [vec![written(0, b"one")], flushed(2).to_vec(), flushed(1).to_vec()].concat();
        assert_eq!(left(&notes), [Some(b"one".to_vec())]);
    }

    #[test]
    fn name_may_be_lost_until_the_folder_is_flushed() {
        let notes = [vec![written(0, b"one")], flushed(2).to_vec()].concat();
        assert_eq!(left(&notes), [None, Some(b"one".to_vec())]);
    }

    #[test]
    fn what_is_written_while_a_flush_goes_on_may_be_lost() {
        let [begins, ends] = flushed(2);
        let notes = [flushed(1).to_vec(), vec![begins, written(0, b"one"), ends]].concat();
        let expected = [b"".to_vec(), b"\0\0\0".to_vec(), b"one".to_vec()];
        assert_eq!(left(&notes), expected.map(Some));
    }

    #[test]
    fn write_is_torn_at_borders_of_sectors() {
        let (old, new) = (vec![b'o'; 1024], vec![b'n'; 1024]);
        let notes = [
            flushed(1).to_vec(),
            vec![written(0, &old)],
            flushed(2).to_vec(),
            vec![written(0, &new)],
        ];
        let torn = |first: &[u8], second: &[u8]| Some([first, second].concat());
        let (o, n) = (&old[..SECTOR], &new[..SECTOR]);
        assert_eq!(left(&notes.concat()), [torn(n, n), torn(n, o), torn(o, n), torn(o, o)]);
    }
}
