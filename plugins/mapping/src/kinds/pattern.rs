//! Which folders a path of `folders` means: `*` and `?` within a segment, `**` across them, as in the host's globs.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Each may take a round, of the 32 that an event has.
const MOST_SEGMENTS: usize = 24;

/// A pattern for folders.
#[derive(Debug)]
pub(crate) struct Pattern {
    whole: GlobSet,
    segments: Vec<Segment>,
}

#[derive(Debug)]
enum Segment {
    Name(String),
    Glob(GlobSet),
    /// `**`, or alternatives that have a `/` in them: whatever follows may lie at any depth.
    Deep,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let mut segments = Vec::new();
        if text.split('/').count() > MOST_SEGMENTS {
            return Err(format!("has more than {MOST_SEGMENTS} segments"));
        }
        for segment in text.split('/') {
            if matches!(segment, "" | "." | "..") {
                return Err("has a segment that leads nowhere".to_owned());
            }
            let is_cut = segment.matches('{').count() != segment.matches('}').count();
            if segment.contains("**") || is_cut {
                segments.push(Segment::Deep);
                break;
            }
            segments.push(match segment.contains(['*', '?', '[', '{']) {
                true => Segment::Glob(set(segment)?),
                false => Segment::Name(segment.to_owned()),
            });
        }
        Ok(Self {
            whole: set(text)?,
            segments,
        })
    }

    /// Whether all that lies below must be known, once so many segments have been followed.
    pub(crate) fn is_deep(&self, followed: usize) -> bool {
        matches!(self.segments.get(followed), Some(Segment::Deep))
    }

    /// Whether it ends with the segment that comes after so many.
    pub(crate) fn ends(&self, followed: usize) -> bool {
        followed + 1 == self.segments.len()
    }

    /// Whether that segment may be a folder of this name.
    pub(crate) fn follows(&self, followed: usize, name: &str) -> bool {
        match self.segments.get(followed) {
            Some(Segment::Name(wanted)) => wanted == name,
            Some(Segment::Glob(set)) => set.is_match(name),
            Some(Segment::Deep) | None => false,
        }
    }

    /// Whether it means the folder at this path.
    pub(crate) fn means(&self, path: &str) -> bool {
        self.whole.is_match(path)
    }
}

/// A set, because compiling it reports a glob that is too large; a single matcher panics.
fn set(text: &str) -> Result<GlobSet, String> {
    let wrong = |error: globset::Error| format!("is no glob: {}", error.kind());
    let glob = GlobBuilder::new(text)
        .literal_separator(true)
        .backslash_escape(false)
        .empty_alternates(true)
        .build()
        .map_err(wrong)?;
    GlobSetBuilder::new().add(glob).build().map_err(wrong)
}
