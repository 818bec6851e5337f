//! The log: one record a call, appended in one piece, in the order in which the calls came back.
//!
//! A record is 32 bytes and what follows: entry and whether it failed (4 bytes each), inode, place, length (8 each);
//! all little-endian. Who reads it is `tests/src/bin/chaos/disk`, which appends records of its own.

use std::ffi::CString;
use std::os::unix::ffi::OsStringExt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use libc::{
    AT_FDCWD, O_APPEND, O_CLOEXEC, O_CREAT, O_WRONLY, SYS_openat, SYS_writev, c_int, c_long, iovec,
    syscall,
};

const HEAD: usize = 32;

#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum Entry {
    /// `at`: 1 it is new, 2 it was emptied, 4 it is a folder. What follows is the path.
    Opened = 1,
    /// What follows was written at `at`.
    Wrote = 2,
    /// `at` is the new length.
    Truncated = 3,
    /// It is at least `at` long now.
    Reserved = 4,
    /// `at` is the same in the record of its end.
    SyncBegan = 5,
    Synced = 6,
    /// From, a zero, to.
    Renamed = 7,
    Removed = 8,
    /// A call was made to fail.
    Failed = 9,
}

#[derive(Clone, Copy)]
pub(crate) struct Record {
    pub(crate) entry: Entry,
    pub(crate) failed: u32,
    pub(crate) inode: u64,
    pub(crate) at: u64,
}

impl Record {
    pub(crate) fn of(entry: Entry, inode: u64) -> Self {
        Self {
            entry,
            failed: 0,
            inode,
            at: 0,
        }
    }
}

/// Unlike all others of this process.
pub(crate) fn ticket() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

/// Appends a record. The caller's `errno` stays what it was.
pub(crate) fn keep(record: Record, follows: &[&[u8]]) {
    static LOG: OnceLock<Option<c_int>> = OnceLock::new();
    let before = error();
    if let Some(log) = LOG.get_or_init(open) {
        append(*log, record, follows);
    }
    set_error(before);
}

fn append(log: c_int, record: Record, follows: &[&[u8]]) {
    let length: usize = follows.iter().map(|part| part.len()).sum();
    let mut head = [0; HEAD];
    head[..4].copy_from_slice(&(record.entry as u32).to_le_bytes());
    head[4..8].copy_from_slice(&record.failed.to_le_bytes());
    head[8..16].copy_from_slice(&record.inode.to_le_bytes());
    head[16..24].copy_from_slice(&record.at.to_le_bytes());
    head[24..].copy_from_slice(&(length as u64).to_le_bytes());
    let parts: Vec<_> = [&head[..]]
        .iter()
        .chain(follows)
        .map(|part| iovec {
            iov_base: part.as_ptr().cast_mut().cast(),
            iov_len: part.len(),
        })
        .collect();
    // SAFETY: the parts are borrowed until the call is over.
    unsafe {
        syscall(
            SYS_writev,
            log as c_long,
            parts.as_ptr(),
            parts.len() as c_long,
        )
    };
}

fn open() -> Option<c_int> {
    let path = CString::new(std::env::var_os("PORTOLAN_DISK_LOG")?.into_vec()).ok()?;
    let flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC;
    // SAFETY: a C string.
    let log = unsafe {
        syscall(
            SYS_openat,
            AT_FDCWD as c_long,
            path.as_ptr(),
            flags as c_long,
            0o600 as c_long,
        )
    };
    c_int::try_from(log).ok().filter(|log| *log >= 0)
}

/// `errno`.
pub(crate) fn error() -> c_int {
    // SAFETY: each thread has its own.
    unsafe { *libc::__errno_location() }
}

pub(crate) fn set_error(error: c_int) {
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = error };
}
