//! What is printed, piece by piece while it is found out: blocks for people, or lines of JSON.

use std::collections::BTreeSet;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, StdoutLock, Write};

use super::paint::Paint;
use super::told::Collected;
use super::totals::{Compared, Totals};
use super::{json, text};
use crate::plugins::Refused;
use crate::preview::input::Object;
use crate::preview::{Made, Opening, Preview, Told};

/// Bytes written at once.
const WRITTEN: usize = 64 << 10;

pub(super) struct Report {
    out: BufWriter<StdoutLock<'static>>,
    json: bool,
    paint: Paint,
    totals: Totals,
    told: Collected,
    remarks: Vec<String>,
    has_port: bool,
    /// Plugins that found no configuration, and might in the organization.
    unconfigured: BTreeSet<String>,
    /// Nothing more is printed: whoever read has stopped reading, as `head` does, or there is no room.
    unread: bool,
    /// Why what should have been printed is lost.
    lost: Option<String>,
}

impl Report {
    pub(super) fn new(json: bool, no_color: bool, has_port: bool) -> Self {
        let stdout = io::stdout();
        let paint = Paint(stdout.is_terminal() && !no_color && !json);
        Self {
            out: BufWriter::with_capacity(WRITTEN, stdout.lock()),
            json,
            paint,
            totals: Totals {
                port: has_port.then(Compared::default),
                ..Totals::default()
            },
            told: Collected::default(),
            remarks: Vec::new(),
            has_port,
            unconfigured: BTreeSet::new(),
            unread: false,
            lost: None,
        }
    }

    pub(super) fn objects(&self) -> u64 {
        self.totals.objects
    }

    pub(super) fn is_unread(&self) -> bool {
        self.unread
    }

    /// Something about the whole, said once.
    pub(super) fn remark(&mut self, remark: String) {
        if !self.remarks.contains(&remark) {
            self.remarks.push(remark);
        }
    }

    /// Files that are no plugins: a host would leave them out.
    pub(super) fn refused(&mut self, refused: &[Refused]) {
        for refused in refused {
            let told = Told::error(format!(
                "{} is not loaded: {}",
                refused.path.display(),
                refused.why
            ));
            self.totals.tell(&told);
            self.told.add(None, &told, None);
            if self.json {
                self.write(|out, _| json::refused(out, &told));
            }
        }
    }

    pub(super) fn openings(&mut self, openings: Vec<Opening>) {
        for opening in openings {
            for told in &opening.told {
                self.totals.tell(told);
                self.told.add(Some(&opening.plugin), told, None);
            }
            if opening.lacks_organization {
                self.unconfigured.insert(opening.plugin.name.clone());
            }
            match self.json {
                true => self.write(|out, _| json::opening(out, &opening)),
                false => self.write(|out, paint| text::opening(out, paint, &opening)),
            }
        }
    }

    pub(super) fn object(&mut self, preview: &Preview, object: &Object, made: &[Made]) {
        self.totals.add(made);
        if made.iter().any(Made::hides_removals) {
            self.remark("what a replacing write would remove is not shown where only GitHub knows all that would be written".to_owned());
        }
        for made in made {
            for told in &made.told {
                self.totals.tell(told);
                self.told.add(Some(&made.plugin), told, Some(object));
            }
        }
        match self.json {
            true => self.write(|out, _| json::object(out, object, made)),
            false => self.write(|out, paint| text::object(out, paint, preview, object, made)),
        }
    }

    /// Everything is mapped. Whether there is nothing to mend; `Err` with a sentence where that could not be printed.
    pub(super) async fn end(mut self, preview: &Preview) -> Result<bool, String> {
        let unreadable = preview.unreadable();
        if !unreadable.is_empty() {
            self.remark(format!(
                "what may not be read in the checkout was left out: {}",
                unreadable.join(", ")
            ));
        }
        if !self.unconfigured.is_empty() {
            let names = Vec::from_iter(std::mem::take(&mut self.unconfigured)).join(" and ");
            self.remark(format!(
                "no configuration of {names} was found; the organization's is not known offline: give it by --organization-config, or one by --config"
            ));
        }
        match (self.has_port, preview.unchecked) {
            (true, _) => self.remark("what mappers do not return any more is not shown: which entities were theirs, only the ledger of a host knows".to_owned()),
            (false, true) => self.remark("nothing was checked against blueprints or compared: PORT_URL, PORT_CLIENT_ID and PORT_CLIENT_SECRET are not set".to_owned()),
            (false, false) => self.remark("nothing was compared: PORT_URL, PORT_CLIENT_ID and PORT_CLIENT_SECRET are not set".to_owned()),
        }
        let (totals, remarks) = (
            std::mem::take(&mut self.totals),
            std::mem::take(&mut self.remarks),
        );
        let is_well = totals.errors == 0;
        if self.json {
            self.write(|out, _| json::end(out, &totals, &remarks));
        } else {
            let told = self.told.text(preview, self.paint).await;
            self.write(|out, paint| {
                out.write_all(told.as_bytes())?;
                text::end(out, paint, &totals, &remarks)
            });
        }
        let flushed = self.out.flush();
        self.heed(flushed);
        self.lost.map_or(Ok(is_well), Err)
    }

    fn write(
        &mut self,
        write: impl FnOnce(&mut BufWriter<StdoutLock<'static>>, Paint) -> io::Result<()>,
    ) {
        if self.unread {
            return;
        }
        let written = write(&mut self.out, self.paint);
        self.heed(written);
    }

    fn heed(&mut self, written: io::Result<()>) {
        if let Err(error) = written {
            if error.kind() != ErrorKind::BrokenPipe && !self.unread {
                self.lost = Some(format!("what was found out cannot be printed: {error}"));
            }
            self.unread = true;
        }
    }
}
