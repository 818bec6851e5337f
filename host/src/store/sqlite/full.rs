//! A full disk: telling it from a broken one, and room put by for it.
//!
//! The ballast is a file of no meaning. What finishes work is let into its room, so that the backlog drains while
//! nothing new is taken in; it is laid down again as soon as there is room for all of it.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::ffi;
use rusqlite::{Error as Sql, ErrorCode};
use tracing::warn;

use crate::store::Error;

const BALLAST: &str = "portolan.ballast";
const PROBE: &str = "portolan.probe";

/// What a step of laying it down writes, and what must be free besides.
const STEP: u64 = 1 << 20;

/// Between tries to lay it down again where it did not fit.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(4);

/// What a failed statement means to whoever asked.
pub(super) fn verdict(error: &Sql, folder: &Path) -> Error {
    let why = error.to_string();
    let Some(code) = error.sqlite_error() else {
        return Error::Broken(why);
    };
    // What failed to be synced may be lost although a second sync succeeds: nothing goes on after that.
    let synced =
        ![ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_IOERR_DIR_FSYNC].contains(&code.extended_code);
    let by_the_disk = matches!(
        code.code,
        ErrorCode::SystemIoFailure | ErrorCode::CannotOpen
    );
    match code.code {
        ErrorCode::DiskFull => Error::Full(why),
        _ if by_the_disk && synced && !has_room(folder, 16) => Error::Full(why),
        _ => Error::Broken(why),
    }
}

/// SQLite says `disk I/O error` of a quota or a limit on files, too: the disk itself is asked.
fn has_room(folder: &Path, pages: usize) -> bool {
    let probe = folder.join(PROBE);
    let tried = File::create(&probe).and_then(|mut file| {
        for page in 0..pages {
            file.write_all(&noise(4096, page as u64))?;
        }
        file.sync_all()
    });
    // Left behind it would do no harm: the next probe overwrites it.
    let _ = fs::remove_file(&probe);
    !tried.is_err_and(|error| is_no_room(&error))
}

pub(super) fn is_no_room(error: &io::Error) -> bool {
    let kinds = [
        ErrorKind::StorageFull,
        ErrorKind::QuotaExceeded,
        ErrorKind::FileTooLarge,
    ];
    kinds.contains(&error.kind())
}

pub(super) struct Ballast {
    folder: PathBuf,
    /// `None`: it cannot be written, and that was said.
    file: Option<File>,
    /// How large it shall be, and is.
    aim: u64,
    laid: u64,
    given_up: bool,
    /// After it did not fit: when it is tried again, and how long that is after the last time.
    next: Option<Instant>,
    pause: Duration,
}

/// What came of laying it down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Laid {
    Whole,
    Partly,
    NoRoom,
}

impl Ballast {
    pub(super) fn new(folder: &Path, aim: u64) -> Self {
        let mut options = File::options();
        options.write(true).create(true).truncate(false);
        let file = match aim {
            0 => None,
            _ => options
                .open(folder.join(BALLAST))
                .map_err(|error| warn!("no room can be put by for a full disk: {BALLAST}: {error}"))
                .ok(),
        };
        let laid = file.as_ref().and_then(|file| file.metadata().ok());
        Self {
            folder: folder.to_owned(),
            file,
            aim,
            laid: laid.map_or(0, |metadata| metadata.len().min(aim)),
            given_up: false,
            next: None,
            pause: Duration::ZERO,
        }
    }

    /// For a start without any room. Whether there was any.
    pub(super) fn give_up_in(folder: &Path) -> bool {
        let file = folder.join(BALLAST);
        let had = file.metadata().is_ok_and(|metadata| metadata.len() > 0);
        had && File::create(file).is_ok()
    }

    /// Whether a step is to be made while there is nothing else to do.
    pub(super) fn is_wanting(&self) -> bool {
        self.file.is_some() && !self.given_up && self.laid < self.aim
    }

    /// One step at first. A small disk is not filled: then half of what went in is enough.
    pub(super) fn step(&mut self) {
        if self.grow() == Laid::NoRoom {
            self.aim = self.laid / 2;
            self.shrink_to(self.aim);
            warn!(
                "the disk of the data directory is almost full: only {} MiB are put by for that",
                self.aim >> 20
            );
        }
    }

    /// Makes its room free for what finishes work. Whether there was any.
    pub(super) fn give_up(&mut self) -> bool {
        let had = self.laid > 0;
        self.shrink_to(0);
        self.given_up = true;
        had
    }

    /// Everything that was given up, and whether something can be written besides. What does not fit whole is given up.
    pub(super) fn lay_again(&mut self) -> bool {
        if self.next.is_some_and(|next| Instant::now() < next) {
            return false;
        }
        while self.file.is_some() && self.laid < self.aim {
            match self.grow() {
                Laid::Whole => break,
                Laid::Partly => {}
                Laid::NoRoom => {
                    // Whoever else uses the disk is not to be left without room twice a second.
                    self.shrink_to(0);
                    self.pause = (self.pause * 2).clamp(SHORTEST, LONGEST);
                    self.next = Some(Instant::now() + self.pause);
                    return false;
                }
            }
        }
        self.pause = Duration::ZERO;
        let pages = usize::try_from(STEP.min(self.aim.max(1)) / 4096).unwrap_or(0);
        if !has_room(&self.folder, pages.max(16)) {
            return false;
        }
        self.given_up = false;
        true
    }

    fn grow(&mut self) -> Laid {
        let step = STEP.min(self.aim - self.laid);
        let Some(file) = &mut self.file else {
            return Laid::Whole;
        };
        let whole = self.laid + step == self.aim;
        // Noise: what is all zeros takes no room on some file systems.
        let bytes = noise(usize::try_from(step).unwrap_or(0), self.laid);
        let written = file
            .seek(SeekFrom::Start(self.laid))
            .and_then(|_| file.write_all(&bytes))
            .and_then(|()| if whole { file.sync_all() } else { Ok(()) });
        match written {
            Ok(()) => {
                self.laid += step;
                if whole { Laid::Whole } else { Laid::Partly }
            }
            Err(error) => {
                if !is_no_room(&error) {
                    warn!("no room can be put by for a full disk: {BALLAST}: {error}");
                    self.file = None;
                }
                Laid::NoRoom
            }
        }
    }

    fn shrink_to(&mut self, length: u64) {
        if let Some(file) = &self.file
            && let Err(error) = file.set_len(length)
        {
            warn!("{BALLAST} cannot be made smaller: {error}");
        }
        self.laid = length;
    }
}

fn noise(bytes: usize, seed: u64) -> Vec<u8> {
    let mut state = seed.wrapping_add(0x9e37_79b9_7f4a_7c15) | 1;
    let mut noise = Vec::with_capacity(bytes + 8);
    while noise.len() < bytes {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        noise.extend_from_slice(&state.to_le_bytes());
    }
    noise.truncate(bytes);
    noise
}
