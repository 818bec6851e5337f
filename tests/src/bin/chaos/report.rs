//! What was counted and what went wrong, for people as it comes, for machines at the end.

use std::process::ExitCode;

use serde_json::{Value, json};

/// Beyond these the rest is counted: one cause often shows a hundred times.
const SHOWN: usize = 12;

pub(crate) struct Report {
    json: bool,
    seed: u64,
    parts: Vec<Part>,
}

struct Part {
    name: &'static str,
    figures: Vec<(String, f64, &'static str)>,
    violations: Vec<String>,
}

impl Report {
    pub(crate) fn new(json: bool, seed: u64) -> Self {
        let report = Self {
            json,
            seed,
            parts: Vec::new(),
        };
        report.tell(|| format!("SEED={seed}"));
        report
    }

    pub(crate) fn begin(&mut self, name: &'static str) {
        self.tell(|| format!("\n==> {name}"));
        self.parts.push(Part {
            name,
            figures: Vec::new(),
            violations: Vec::new(),
        });
    }

    pub(crate) fn figure(&mut self, what: impl Into<String>, value: f64, unit: &'static str) {
        let what = what.into();
        self.tell(|| {
            let digits = if value.fract() == 0.0 { 0 } else { 2 };
            format!("    {what:58} {value:>12.digits$} {unit}")
        });
        self.part().figures.push((what, value, unit));
    }

    pub(crate) fn count(&mut self, what: impl Into<String>, count: usize) {
        self.figure(what, count as f64, "");
    }

    pub(crate) fn violation(&mut self, sentence: impl Into<String>) {
        let sentence = sentence.into();
        if self.part().violations.len() < SHOWN {
            self.tell(|| format!("    WRONG: {sentence}"));
        }
        self.part().violations.push(sentence);
    }

    /// Nothing to count, only to follow what goes on.
    pub(crate) fn note(&self, sentence: &str) {
        self.tell(|| format!("    {sentence}"));
    }

    pub(crate) fn end(self) -> ExitCode {
        let violations: usize = self.parts.iter().map(|part| part.violations.len()).sum();
        if self.json {
            let parts: Vec<Value> = self.parts.iter().map(Part::json).collect();
            let whole = json!({"seed": self.seed, "violations": violations, "parts": parts});
            println!("{whole}");
        } else if violations == 0 {
            println!("\nNothing was lost.");
        } else {
            let seed = self.seed;
            println!("\n{violations} violations. SEED={seed} plays the same again.");
            for part in self
                .parts
                .iter()
                .filter(|part| part.violations.len() > SHOWN)
            {
                let more = part.violations.len() - SHOWN;
                println!("    {}: {more} beside those shown", part.name);
            }
        }
        match violations {
            0 => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        }
    }

    fn tell(&self, line: impl FnOnce() -> String) {
        if !self.json {
            println!("{}", line());
        }
    }

    fn part(&mut self) -> &mut Part {
        self.parts.last_mut().expect("a part has begun")
    }
}

impl Part {
    fn json(&self) -> Value {
        let figures: Vec<_> = self
            .figures
            .iter()
            .map(|(what, value, unit)| json!({"what": what, "value": value, "unit": unit}))
            .collect();
        json!({"part": self.name, "figures": figures, "violations": self.violations})
    }
}
