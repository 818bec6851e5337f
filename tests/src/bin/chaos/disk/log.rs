//! The log's records, as `tests/disk/src/log.rs` writes them, and those of this program: what was acknowledged.

use std::ops::Range;
use std::path::PathBuf;

const HEAD: usize = 32;
const ACKNOWLEDGED: u32 = 10;

/// One call, or what was read meanwhile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Record {
    Opened {
        inode: u64,
        path: PathBuf,
        new: bool,
        emptied: bool,
        is_folder: bool,
    },
    /// The bytes are a range of the log.
    Wrote {
        inode: u64,
        at: usize,
        bytes: Range<usize>,
    },
    Truncated {
        inode: u64,
        length: usize,
    },
    Reserved {
        inode: u64,
        end: usize,
    },
    SyncBegan {
        inode: u64,
        ticket: u64,
    },
    Synced {
        inode: u64,
        ticket: u64,
        failed: bool,
    },
    Renamed {
        from: PathBuf,
        to: PathBuf,
    },
    Removed {
        path: PathBuf,
    },
    /// A call was made to fail.
    Failed,
    Acknowledged {
        guid: String,
    },
}

/// All records, as far as they are whole: of the last one a killed host may have written a part.
pub(crate) fn read(log: &[u8]) -> Vec<Record> {
    let (mut records, mut at) = (Vec::new(), 0);
    while let Some(head) = log.get(at..at + HEAD) {
        let number = |from: usize| {
            let bytes = head[from..from + 8].try_into().expect("eight of them");
            u64::from_le_bytes(bytes)
        };
        let Ok(length) = usize::try_from(number(24)) else {
            break;
        };
        let bytes = at + HEAD..(at + HEAD).saturating_add(length);
        let Some(follows) = log.get(bytes.clone()) else {
            break;
        };
        let kind = u32::from_le_bytes(head[..4].try_into().expect("four of them"));
        let failed = head[4..8] != [0; 4];
        let (inode, place) = (number(8), number(16));
        at = bytes.end;
        records.extend(record(kind, failed, inode, place, bytes, follows));
    }
    records
}

fn record(
    kind: u32,
    failed: bool,
    inode: u64,
    place: u64,
    bytes: Range<usize>,
    follows: &[u8],
) -> Option<Record> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let at = usize::try_from(place).ok()?;
    Some(match kind {
        1 => Record::Opened {
            inode,
            path: text(follows).into(),
            new: place & 1 != 0,
            emptied: place & 2 != 0,
            is_folder: place & 4 != 0,
        },
        2 => Record::Wrote { inode, at, bytes },
        3 => Record::Truncated { inode, length: at },
        4 => Record::Reserved { inode, end: at },
        5 => Record::SyncBegan {
            inode,
            ticket: place,
        },
        6 => Record::Synced {
            inode,
            ticket: place,
            failed,
        },
        7 => {
            let both = text(follows);
            let (from, to) = both.split_once('\0')?;
            Record::Renamed {
                from: from.into(),
                to: to.into(),
            }
        }
        8 => Record::Removed {
            path: text(follows).into(),
        },
        9 => Record::Failed,
        ACKNOWLEDGED => Record::Acknowledged {
            guid: text(follows),
        },
        _ => return None,
    })
}

/// To be appended to the log in one piece.
pub(crate) fn acknowledged(guid: &str) -> Vec<u8> {
    let mut record = vec![0; HEAD];
    record[..4].copy_from_slice(&ACKNOWLEDGED.to_le_bytes());
    record[24..].copy_from_slice(&(guid.len() as u64).to_le_bytes());
    record.extend_from_slice(guid.as_bytes());
    record
}
