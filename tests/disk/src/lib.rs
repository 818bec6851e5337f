//! A library to be preloaded into the host: what it does to files below `DATA_DIR` is logged, and fails on demand.
//!
//! `LD_PRELOAD` puts these functions in front of libc's. Each asks the kernel itself, so that none calls another.
//! With `PORTOLAN_DISK_LOG` naming a file every call is appended to it (`log`); `PORTOLAN_DISK_FAULT` says which one
//! fails (`fault`). Knows nothing of what the files mean. Left out is what no power cut matters to:
//! `DATA_DIR/compiled` is a cache, `-shm` files are memory, and a ballast is noise.
#![expect(
    unsafe_code,
    reason = "functions in libc's place have libc's signatures, and what they are given is the caller's word"
)]

mod fault;
mod folder;
mod log;

use std::ffi::CStr;

use libc::{
    AT_FDCWD, O_CREAT, O_TRUNC, SYS_close, SYS_dup, SYS_fallocate, SYS_fcntl, SYS_fdatasync,
    SYS_fsync, SYS_ftruncate, SYS_mkdirat, SYS_openat, SYS_pwrite64, SYS_pwritev, SYS_renameat2,
    SYS_unlinkat, SYS_write, SYS_writev, c_char, c_int, c_long, c_uint, c_void, iovec, mode_t,
    off64_t, size_t, ssize_t, syscall,
};

use fault::{How, Kind};
use log::{Entry, Record};

/// A call to the kernel, its answer in libc's way.
macro_rules! kernel {
    ($number:expr $(, $argument:expr)*) => {
        // SAFETY: the caller's own call, handed on as it came.
        unsafe { syscall($number $(, $argument as c_long)*) }
    };
}

/// What libc's function of this name does, once under each of its names.
macro_rules! in_place_of {
    ($name:ident ($($argument:ident: $type:ty),*) -> $result:ty = $does:ident) => {
        /// # Safety
        /// As libc's function of this name.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($argument: $type),*) -> $result {
            $does($($argument),*)
        }
    };
    ($name:ident, $also:ident $arguments:tt -> $result:ty = $does:ident) => {
        in_place_of!($name $arguments -> $result = $does);
        in_place_of!($also $arguments -> $result = $does);
    };
}

// C's `open` takes its third argument only where there is one. Integers come in registers on every Linux that the
// host runs on, so that naming it does no harm; it is used only where the flags say that it is there.
in_place_of!(open, open64(path: *const c_char, flags: c_int, mode: mode_t) -> c_int = open_here);
in_place_of!(openat, openat64(at: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int = open_at);
in_place_of!(creat, creat64(path: *const c_char, mode: mode_t) -> c_int = create);
in_place_of!(close(file: c_int) -> c_int = close_it);
in_place_of!(dup(file: c_int) -> c_int = duplicate);
in_place_of!(fcntl, fcntl64(file: c_int, command: c_int, argument: c_long) -> c_int = control);
in_place_of!(write(file: c_int, from: *const c_void, length: size_t) -> ssize_t = write_on);
in_place_of!(pwrite, pwrite64(file: c_int, from: *const c_void, length: size_t, at: off64_t) -> ssize_t = write_to);
in_place_of!(writev(file: c_int, parts: *const iovec, count: c_int) -> ssize_t = write_parts);
in_place_of!(pwritev, pwritev64(file: c_int, parts: *const iovec, count: c_int, at: off64_t) -> ssize_t = write_parts_to);
in_place_of!(fsync(file: c_int) -> c_int = sync_all);
in_place_of!(fdatasync(file: c_int) -> c_int = sync_data);
in_place_of!(ftruncate, ftruncate64(file: c_int, length: off64_t) -> c_int = truncate);
in_place_of!(posix_fallocate, posix_fallocate64(file: c_int, from: off64_t, length: off64_t) -> c_int = reserve);
in_place_of!(fallocate, fallocate64(file: c_int, mode: c_int, from: off64_t, length: off64_t) -> c_int = allocate);
in_place_of!(rename(from: *const c_char, to: *const c_char) -> c_int = rename_it);
in_place_of!(renameat(from_at: c_int, from: *const c_char, to_at: c_int, to: *const c_char) -> c_int = rename_at);
in_place_of!(unlink(path: *const c_char) -> c_int = remove);
in_place_of!(unlinkat(at: c_int, path: *const c_char, flags: c_int) -> c_int = remove_at);
in_place_of!(mkdir(path: *const c_char, mode: mode_t) -> c_int = make_folder);

fn open_here(path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    open_at(AT_FDCWD, path, flags, mode)
}

fn create(path: *const c_char, mode: mode_t) -> c_int {
    open_at(AT_FDCWD, path, O_CREAT | O_TRUNC | libc::O_WRONLY, mode)
}

fn open_at(at: c_int, path: *const c_char, flags: c_int, mode: mode_t) -> c_int {
    let ours = folder::concerns(path);
    let new = ours && flags & O_CREAT != 0 && !folder::exists(path);
    let file = kernel!(SYS_openat, at, path, flags, mode) as c_int;
    if let Some(path) = text(path).filter(|_| ours && file >= 0) {
        let opened = folder::opened(file);
        let mut record = Record::of(Entry::Opened, opened.inode);
        record.at = u64::from(new)
            | u64::from(flags & O_TRUNC != 0) << 1
            | u64::from(opened.is_folder) << 2;
        log::keep(record, &[path]);
    }
    file
}

fn close_it(file: c_int) -> c_int {
    folder::closed(file);
    kernel!(SYS_close, file) as c_int
}

fn duplicate(file: c_int) -> c_int {
    folder::same(file, kernel!(SYS_dup, file) as c_int)
}

fn control(file: c_int, command: c_int, argument: c_long) -> c_int {
    let answer = kernel!(SYS_fcntl, file, command, argument) as c_int;
    match command {
        libc::F_DUPFD | libc::F_DUPFD_CLOEXEC => folder::same(file, answer),
        _ => answer,
    }
}

fn write_on(file: c_int, from: *const c_void, length: size_t) -> ssize_t {
    written(
        file,
        length,
        None,
        |length| kernel!(SYS_write, file, from, length),
        |count| {
            // SAFETY: the kernel has just read as many bytes from there.
            vec![unsafe { std::slice::from_raw_parts(from.cast::<u8>(), count) }]
        },
    )
}

fn write_to(file: c_int, from: *const c_void, length: size_t, at: off64_t) -> ssize_t {
    written(
        file,
        length,
        Some(at),
        |length| kernel!(SYS_pwrite64, file, from, length, at),
        |count| {
            // SAFETY: as above.
            vec![unsafe { std::slice::from_raw_parts(from.cast::<u8>(), count) }]
        },
    )
}

fn write_parts(file: c_int, parts: *const iovec, count: c_int) -> ssize_t {
    let length = length_of(file, parts, count);
    written(
        file,
        length,
        None,
        |_| kernel!(SYS_writev, file, parts, count),
        |length| all(parts, count, length),
    )
}

fn write_parts_to(file: c_int, parts: *const iovec, count: c_int, at: off64_t) -> ssize_t {
    let length = length_of(file, parts, count);
    // The offset's upper half stands alone where registers are narrow; here it is in the lower one.
    written(
        file,
        length,
        Some(at),
        |_| kernel!(SYS_pwritev, file, parts, count, at, 0),
        |length| all(parts, count, length),
    )
}

/// One write: perhaps refused, perhaps cut short, and logged as far as it went.
fn written<'a>(
    file: c_int,
    length: size_t,
    at: Option<off64_t>,
    write: impl Fn(size_t) -> c_long,
    bytes: impl Fn(usize) -> Vec<&'a [u8]>,
) -> ssize_t {
    let Some(inode) = folder::inode(file) else {
        return write(length) as ssize_t;
    };
    let mut length = length;
    match fault::due(Kind::Write, inode) {
        Some(How::Short) => length = length.div_ceil(2),
        Some(how) => return fault::refuse(how) as ssize_t,
        None => {}
    }
    let done = write(length);
    if let Ok(count) = usize::try_from(done) {
        let end = || folder::position(file) - done;
        let mut record = Record::of(Entry::Wrote, inode);
        record.at = u64::try_from(at.unwrap_or_else(end)).unwrap_or_default();
        log::keep(record, &bytes(count));
    }
    done as ssize_t
}

fn sync_all(file: c_int) -> c_int {
    synced(file, SYS_fsync)
}

fn sync_data(file: c_int) -> c_int {
    synced(file, SYS_fdatasync)
}

/// What another thread writes meanwhile may or may not be part of it: the log has both ends.
fn synced(file: c_int, number: c_long) -> c_int {
    let Some(inode) = folder::inode(file) else {
        return kernel!(number, file) as c_int;
    };
    let mut record = Record::of(Entry::SyncBegan, inode);
    record.at = log::ticket();
    log::keep(record, &[]);
    let answer = match fault::due(Kind::Sync, inode) {
        Some(how) => fault::refuse(how) as c_int,
        None => kernel!(number, file) as c_int,
    };
    record.entry = Entry::Synced;
    record.failed = u32::from(answer != 0);
    log::keep(record, &[]);
    answer
}

fn truncate(file: c_int, length: off64_t) -> c_int {
    let answer = kernel!(SYS_ftruncate, file, length) as c_int;
    if let Some(inode) = folder::inode(file).filter(|_| answer == 0) {
        let mut record = Record::of(Entry::Truncated, inode);
        record.at = u64::try_from(length).unwrap_or_default();
        log::keep(record, &[]);
    }
    answer
}

/// Unlike all others it gives the error itself.
fn reserve(file: c_int, from: off64_t, length: off64_t) -> c_int {
    match allocate(file, 0, from, length) {
        0 => 0,
        _ => log::error(),
    }
}

/// Space that is reserved reads as nothing: a length, as far as the log is concerned.
fn allocate(file: c_int, mode: c_int, from: off64_t, length: off64_t) -> c_int {
    if let Some(inode) = folder::inode(file)
        && let Some(how) = fault::due(Kind::Write, inode)
        && !matches!(how, How::Short)
    {
        return fault::refuse(how) as c_int;
    }
    let answer = kernel!(SYS_fallocate, file, mode, from, length) as c_int;
    if let Some(inode) = folder::inode(file).filter(|_| answer == 0 && mode == 0) {
        let mut record = Record::of(Entry::Reserved, inode);
        record.at = u64::try_from(from.saturating_add(length)).unwrap_or_default();
        log::keep(record, &[]);
    }
    answer
}

fn rename_it(from: *const c_char, to: *const c_char) -> c_int {
    rename_at(AT_FDCWD, from, AT_FDCWD, to)
}

fn rename_at(from_at: c_int, from: *const c_char, to_at: c_int, to: *const c_char) -> c_int {
    let answer = kernel!(SYS_renameat2, from_at, from, to_at, to, 0 as c_uint) as c_int;
    let ours = answer == 0 && (folder::concerns(from) || folder::concerns(to));
    if let Some((from, to)) = text(from).zip(text(to)).filter(|_| ours) {
        log::keep(Record::of(Entry::Renamed, 0), &[from, b"\0", to]);
    }
    answer
}

fn remove(path: *const c_char) -> c_int {
    remove_at(AT_FDCWD, path, 0)
}

fn remove_at(at: c_int, path: *const c_char, flags: c_int) -> c_int {
    let answer = kernel!(SYS_unlinkat, at, path, flags) as c_int;
    if let Some(path) = text(path).filter(|_| answer == 0 && folder::concerns(path)) {
        log::keep(Record::of(Entry::Removed, 0), &[path]);
    }
    answer
}

fn make_folder(path: *const c_char, mode: mode_t) -> c_int {
    kernel!(SYS_mkdirat, AT_FDCWD, path, mode) as c_int
}

/// How long a gathered write is; of one that is not logged nobody asks.
fn length_of(file: c_int, parts: *const iovec, count: c_int) -> size_t {
    folder::inode(file).map_or(0, |_| {
        all(parts, count, usize::MAX)
            .iter()
            .map(|part| part.len())
            .sum()
    })
}

/// The first so many bytes of a gathered write.
fn all<'a>(parts: *const iovec, count: c_int, length: usize) -> Vec<&'a [u8]> {
    let count = usize::try_from(count).unwrap_or_default();
    let mut left = length;
    // SAFETY: the caller's own list, which the kernel reads as well.
    let parts = unsafe { std::slice::from_raw_parts(parts, count) };
    let parts = parts.iter().map(|part| {
        let taken = part.iov_len.min(left);
        left -= taken;
        // SAFETY: as above.
        unsafe { std::slice::from_raw_parts(part.iov_base.cast::<u8>().cast_const(), taken) }
    });
    parts.collect()
}

fn text<'a>(path: *const c_char) -> Option<&'a [u8]> {
    // SAFETY: a path that is no null is a C string for as long as the call lasts.
    (!path.is_null()).then(|| unsafe { CStr::from_ptr(path) }.to_bytes())
}
