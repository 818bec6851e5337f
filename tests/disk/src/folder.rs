//! Which files lie below `DATA_DIR`, and which descriptors lead to them.

use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use libc::{AT_FDCWD, SYS_faccessat, SYS_lseek, c_char, c_int, c_long, syscall};

use crate::text;

/// More descriptors than the host ever opens; what lies beyond is not watched.
const DESCRIPTORS: usize = 1 << 16;

/// The inode that each leads to; 0 for what is not ours.
static INODES: [AtomicU64; DESCRIPTORS] = [const { AtomicU64::new(0) }; DESCRIPTORS];

pub(crate) struct Opened {
    pub(crate) inode: u64,
    pub(crate) is_folder: bool,
}

/// By its path alone, which the host tells from the root.
pub(crate) fn concerns(path: *const c_char) -> bool {
    static DATA_DIR: OnceLock<Option<PathBuf>> = OnceLock::new();
    let folder = DATA_DIR.get_or_init(|| std::env::var_os("DATA_DIR").map(PathBuf::from));
    let (Some(folder), Some(path)) = (folder, text(path)) else {
        return false;
    };
    let Some(below) = path.strip_prefix(folder.as_os_str().as_bytes()) else {
        return false;
    };
    let without_meaning = [&b"-shm"[..], b".ballast"];
    !below.starts_with(b"/compiled")
        && !without_meaning.iter().any(|end| below.ends_with(end))
        && (below.is_empty() || below.starts_with(b"/"))
}

pub(crate) fn exists(path: *const c_char) -> bool {
    // SAFETY: the path is the caller's, who is about to open it.
    let answer = unsafe {
        syscall(
            SYS_faccessat,
            AT_FDCWD as c_long,
            path,
            libc::F_OK as c_long,
        )
    };
    answer == 0
}

/// Notes where a descriptor leads.
pub(crate) fn opened(file: c_int) -> Opened {
    // SAFETY: all bits zero are a `stat`.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: room for one, and a descriptor that was just opened.
    let known = unsafe { libc::fstat(file, &raw mut stat) } == 0;
    let opened = Opened {
        inode: if known { stat.st_ino } else { 0 },
        is_folder: known && stat.st_mode & libc::S_IFMT == libc::S_IFDIR,
    };
    note(file, opened.inode);
    opened
}

pub(crate) fn closed(file: c_int) {
    note(file, 0);
}

/// Another descriptor of the same file.
pub(crate) fn same(file: c_int, copy: c_int) -> c_int {
    note(copy, inode(file).unwrap_or_default());
    copy
}

pub(crate) fn inode(file: c_int) -> Option<u64> {
    let place = INODES.get(usize::try_from(file).ok()?)?;
    Some(place.load(Ordering::Acquire)).filter(|inode| *inode != 0)
}

/// Where the next byte would go.
pub(crate) fn position(file: c_int) -> c_long {
    // SAFETY: asks, and changes nothing.
    unsafe {
        syscall(
            SYS_lseek,
            file as c_long,
            0 as c_long,
            libc::SEEK_CUR as c_long,
        )
    }
}

fn note(file: c_int, inode: u64) {
    let place = usize::try_from(file).ok().and_then(|file| INODES.get(file));
    if let Some(place) = place {
        place.store(inode, Ordering::Release);
    }
}
