//! Which call fails, and how: `PORTOLAN_DISK_FAULT` is like `sync eio once 7`.
//!
//! The first word is `write` or `sync`; the second `eio`, `enospc` or `short`; `once` lets only the call of that
//! number fail, `always` all from there on.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use libc::{EIO, ENOSPC, c_long};

use crate::log::{self, Entry, Record};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Write,
    Sync,
}

#[derive(Clone, Copy)]
pub(crate) enum How {
    Io,
    NoSpace,
    /// Half of it is written.
    Short,
}

struct Fault {
    kind: Kind,
    how: How,
    always: bool,
    number: u64,
}

/// Whether this call is to fail; counts it.
pub(crate) fn due(kind: Kind, inode: u64) -> Option<How> {
    static FAULT: OnceLock<Option<Fault>> = OnceLock::new();
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let fault = FAULT.get_or_init(read).as_ref()?;
    if fault.kind != kind {
        return None;
    }
    let call = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
    let due = call == fault.number || fault.always && call > fault.number;
    if !due {
        return None;
    }
    let mut record = Record::of(Entry::Failed, inode);
    record.at = call;
    log::keep(record, &[]);
    Some(fault.how)
}

/// A call that failed, in libc's way.
pub(crate) fn refuse(how: How) -> c_long {
    log::set_error(match how {
        How::NoSpace => ENOSPC,
        How::Io | How::Short => EIO,
    });
    -1
}

fn read() -> Option<Fault> {
    let text = std::env::var("PORTOLAN_DISK_FAULT").ok()?;
    let mut words = text.split(' ');
    Some(Fault {
        kind: match words.next()? {
            "write" => Kind::Write,
            "sync" => Kind::Sync,
            _ => return None,
        },
        how: match words.next()? {
            "eio" => How::Io,
            "enospc" => How::NoSpace,
            "short" => How::Short,
            _ => return None,
        },
        always: words.next()? == "always",
        number: words.next()?.parse().ok()?,
    })
}
