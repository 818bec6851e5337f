//! What was found wrong, in sentences.

use std::process::ExitCode;

/// Beyond these the rest is counted: one cause often shows a hundred times.
const SHOWN: usize = 40;

#[derive(Default)]
pub(crate) struct Verdict {
    violations: Vec<String>,
    /// What could not be judged here, and why.
    open: Vec<String>,
}

impl Verdict {
    pub(crate) fn violation(&mut self, sentence: impl Into<String>) {
        self.violations.push(sentence.into());
    }

    pub(crate) fn require(&mut self, so: bool, otherwise: impl FnOnce() -> String) {
        if !so {
            self.violation(otherwise());
        }
    }

    pub(crate) fn not_judged(&mut self, sentence: impl Into<String>) {
        self.open.push(sentence.into());
    }

    pub(crate) fn say(&self) -> ExitCode {
        for open in &self.open {
            println!("\nNOT JUDGED: {open}");
        }
        if self.violations.is_empty() {
            println!("\nNo violation in what was judged.");
            return ExitCode::SUCCESS;
        }
        println!("\n{} violations:", self.violations.len());
        for violation in self.violations.iter().take(SHOWN) {
            println!("  - {violation}");
        }
        if self.violations.len() > SHOWN {
            println!("  and {} more", self.violations.len() - SHOWN);
        }
        ExitCode::FAILURE
    }
}
