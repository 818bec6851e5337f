//! A guest's log lines on their way to the host's: cleaned of control characters and bounded,
//! per call and per plugin, with a count of what was dropped.
//!
//! The last panic stays at hand: a trap itself says nothing, the hook's line before it says all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::contract::log::{self, Level};
use super::contract::{Diagnostic, Place, types};

/// Bytes of log lines in one call.
const PER_CALL: usize = 16 << 10;
/// Bytes of log lines of one plugin in one window, whatever the number of calls.
const PER_WINDOW: usize = 256 << 10;
const WINDOW: Duration = Duration::from_secs(10);
/// What a panic's text is cut to, in bytes: it goes into diagnostics and quarantine.
const PANIC: usize = 1_000;

/// What a diagnostic's text is cut to, in bytes.
const DIAGNOSTIC: usize = 4 << 10;
/// What a path or a field in one is cut to: as long as a path may be.
const NAME: usize = 1 << 10;

/// One instance's voice.
pub(super) struct Journal {
    /// `name version`.
    plugin: Arc<str>,
    share: Arc<Share>,
    left: usize,
    dropped: u64,
    panic: Option<Panic>,
}

/// What a guest's panic hook said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Panic {
    /// `src/lib.rs:12:5`.
    pub place: String,
    pub message: String,
}

/// What one plugin said in this window, and what it did not get to say.
#[derive(Default)]
pub(super) struct Share(Mutex<Window>);

#[derive(Default)]
struct Window {
    since: Option<Instant>,
    used: usize,
    dropped: u64,
    told: Option<Instant>,
}

impl Journal {
    pub(super) fn new(plugin: Arc<str>, share: Arc<Share>) -> Self {
        Self {
            plugin,
            share,
            left: PER_CALL,
            dropped: 0,
            panic: None,
        }
    }

    #[cfg(test)]
    pub(super) fn unheard() -> Self {
        Self::new("test 000000000000".into(), Arc::default())
    }

    pub(super) fn plugin(&self) -> &str {
        &self.plugin
    }

    /// A call begins: a new share, and nothing remembered of the one before.
    pub(super) fn begin(&mut self) {
        (self.left, self.dropped, self.panic) = (PER_CALL, 0, None);
    }

    /// A call ended: say what was left unsaid.
    pub(super) fn end(&mut self) {
        let dropped = std::mem::take(&mut self.dropped);
        if let Some(dropped) = self.share.missed(dropped, Instant::now()) {
            let (plugin, call, window) = (&*self.plugin, PER_CALL >> 10, PER_WINDOW >> 10);
            tracing::warn!(
                plugin,
                "{dropped} log lines dropped: a call may log {call} KiB, a plugin {window} KiB in {WINDOW:?}"
            );
        }
    }

    pub(super) fn panic(&self) -> Option<&Panic> {
        self.panic.as_ref()
    }

    fn room(&mut self, wanted: usize) -> Option<usize> {
        let room = wanted.min(self.left);
        if room == 0 || !self.share.take(room, Instant::now()) {
            self.dropped += 1;
            return None;
        }
        self.left -= room;
        Some(room)
    }
}

/// An interface of types alone asks nothing of its host.
impl types::Host for Journal {}

impl log::Host for Journal {
    fn log(&mut self, level: Level, message: String) {
        if matches!(level, Level::Error)
            && let Some(panic) = Panic::parse(&message)
        {
            self.panic = Some(panic);
        }
        // An empty line counts as well, or a loop of them would be free.
        let Some(room) = self.room(message.len().max(1)) else {
            return;
        };
        let (plugin, line) = (&*self.plugin, clean(&message, room));
        match level {
            Level::Debug => tracing::debug!(plugin, "{line}"),
            Level::Info => tracing::info!(plugin, "{line}"),
            Level::Warn => tracing::warn!(plugin, "{line}"),
            Level::Error => tracing::error!(plugin, "{line}"),
        }
    }
}

impl Panic {
    /// Both `panicked at src/lib.rs:12: message` and what Rust prints, with a column and on two lines.
    fn parse(message: &str) -> Option<Self> {
        let said = message.strip_prefix("panicked at ")?;
        let (place, message) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
        Some(Self {
            place: clean(place.trim_end_matches(':'), 200),
            message: clean(message.trim_start(), PANIC),
        })
    }
}

impl Share {
    fn take(&self, bytes: usize, now: Instant) -> bool {
        let mut window = self.window();
        if !is_within(window.since, now) {
            (window.since, window.used) = (Some(now), 0);
        }
        let fits = window.used + bytes <= PER_WINDOW;
        if fits {
            window.used += bytes;
        }
        fits
    }

    /// Counts dropped lines. Their sum so far, when it is time to tell it: telling must not be a flood of its own.
    fn missed(&self, lines: u64, now: Instant) -> Option<u64> {
        if lines == 0 {
            return None;
        }
        let mut window = self.window();
        window.dropped += lines;
        if is_within(window.told, now) {
            return None;
        }
        window.told = Some(now);
        Some(std::mem::take(&mut window.dropped))
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_within(since: Option<Instant>, now: Instant) -> bool {
    since.is_some_and(|since| now.duration_since(since) < WINDOW)
}

/// A guest's text on one line, at most so many bytes of it. Control characters could forge log lines or
/// drive a terminal; the marks that turn the writing direction could make a line read as another.
pub(super) fn clean(text: &str, most: usize) -> String {
    let cut = text.floor_char_boundary(most);
    let mut line: String = text[..cut]
        .chars()
        .map(|c| match c {
            '\u{061c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' => ' ',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect();
    if cut < text.len() {
        line.push_str(" […]");
    }
    line
}

/// Diagnostics as they leave the sandbox: what they quote may come from anybody who can push a file.
pub(super) fn clean_all(diagnostics: &mut [Diagnostic]) {
    for diagnostic in diagnostics {
        diagnostic.message = clean(&diagnostic.message, DIAGNOSTIC);
        diagnostic.field = diagnostic.field.as_deref().map(|field| clean(field, NAME));
        clean_place(&mut diagnostic.place);
    }
}

/// The place of an entity, which what is wrong with it is told with.
pub(super) fn clean_place(place: &mut Option<Place>) {
    if let Some(place) = place {
        place.path = clean(&place.path, NAME);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use log::Host as _;

    #[test]
    fn a_panic_is_read_in_both_spellings() {
        let panic = |text| Panic::parse(text).map(|p| (p.place, p.message));
        let said = Some(("src/lib.rs:12".to_owned(), "no tier".to_owned()));
        assert_eq!(panic("panicked at src/lib.rs:12: no tier"), said);
        let said = Some(("src/lib.rs:12:5".to_owned(), "no tier".to_owned()));
        assert_eq!(panic("panicked at src/lib.rs:12:5:\nno tier"), said);
        assert_eq!(panic("nothing happened"), None);
    }

    #[test]
    fn control_characters_do_not_pass() {
        assert_eq!(clean("a\u{1b}[31mb\nc\u{202e}d", 100), "a [31mb c d");
        assert_eq!(clean("ööö", 3), "ö […]");
    }

    #[test]
    fn a_diagnostic_stays_on_its_line() {
        let mut notes = [Diagnostic {
            severity: types::Severity::Error,
            message: "the key `a\nERROR forged` is unknown".to_owned(),
            place: Some(Place {
                path: "a\rb\u{2028}/port.yml".to_owned(),
                line: Some(1),
                column: None,
            }),
            field: Some("properties.\u{1b}[2J".to_owned()),
        }];
        clean_all(&mut notes);
        let [note] = notes;
        assert_eq!(note.message, "the key `a ERROR forged` is unknown");
        assert_eq!(note.field.unwrap(), "properties. [2J");
        assert_eq!(note.place.unwrap().path, "a b /port.yml");
    }

    #[test]
    fn a_flood_is_cut_and_counted() {
        let mut journal = Journal::unheard();
        for _ in 0..100 {
            journal.log(Level::Debug, "x".repeat(1 << 10));
        }
        assert_eq!((journal.left, journal.dropped), (0, 84));
        journal.begin();
        assert_eq!((journal.left, journal.dropped), (PER_CALL, 0));
    }

    #[test]
    fn many_calls_share_a_window() {
        let (share, start) = (Share::default(), Instant::now());
        let spoken = (0..100).filter(|_| share.take(16 << 10, start)).count();
        assert_eq!(spoken, 16);
        assert!(share.take(16 << 10, start + WINDOW));
        assert_eq!(share.missed(5, start), Some(5));
        assert_eq!(share.missed(7, start), None);
        assert_eq!(share.missed(1, start + WINDOW), Some(8));
    }
}
