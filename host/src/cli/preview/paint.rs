//! Color for whoever sees it.

use std::fmt::Display;

#[derive(Clone, Copy)]
pub(super) struct Paint(pub(super) bool);

impl Paint {
    pub(super) fn red(self, text: impl Display) -> String {
        self.with("1;31", text)
    }

    pub(super) fn yellow(self, text: impl Display) -> String {
        self.with("1;33", text)
    }

    pub(super) fn green(self, text: impl Display) -> String {
        self.with("32", text)
    }

    pub(super) fn blue(self, text: impl Display) -> String {
        self.with("1;34", text)
    }

    pub(super) fn bold(self, text: impl Display) -> String {
        self.with("1", text)
    }

    pub(super) fn dim(self, text: impl Display) -> String {
        self.with("2", text)
    }

    fn with(self, code: &str, text: impl Display) -> String {
        match self.0 {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_string(),
        }
    }
}
