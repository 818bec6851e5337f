//! A mapper whose entities carry a mark that lies in the module's data: a test overwrites it in the built file,
//! and so has as many versions as it likes of which each entity tells by which it was made.
//!
//! It also hands out the operator's `versioned.txt`, so that a test sees that file being reread.

use std::hint::black_box;

use portolan_sdk::{
    Description, Diagnostic, Entity, Error, Event, File, Mapper, Outcome, Owner, export_mapper,
};
use serde::Deserialize;

/// What a test looks for in the file. Nothing else in it may read so.
static MARK: [u8; 16] = *b"mark-of-version!";

#[derive(Default)]
struct Versioned {
    note: Option<String>,
}

#[derive(Deserialize)]
struct Issue {
    id: u64,
}

impl Mapper for Versioned {
    fn describe() -> Description {
        Description::of(["issue"])
            .reads(Owner::Operator, "versioned.txt")
            .writes("marked")
    }

    fn open(files: Vec<File>) -> Result<Self, Vec<Diagnostic>> {
        let note = files.into_iter().next().map(|file| file.text);
        Ok(Self { note })
    }

    fn map(&self, event: &Event) -> Result<Outcome, Error> {
        let issue: Issue = event.subject()?;
        // Read from memory, not folded into the code.
        let mark = black_box(&MARK);
        Ok(Entity::new("marked", issue.id.to_string())
            .property("madeBy", String::from_utf8_lossy(mark))
            .property("note", self.note.as_deref())
            .into())
    }
}

export_mapper!(Versioned);
