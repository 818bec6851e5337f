//! Differences that are meant, with their reasons, as `tests/differential/known.txt` has them.
//!
//! Lines that begin with `# ` are the reason for the programs below them, up to the next reason.

use anyhow::{Context, bail};

use crate::cases;
use crate::outcome::Outcome;

pub(crate) struct Known {
    reasons: Vec<Reason>,
}

struct Reason {
    text: String,
    programs: Vec<Listed>,
}

struct Listed {
    program: String,
    /// What it came to here and there.
    seen: Vec<(Outcome, Outcome)>,
}

impl Known {
    pub(crate) fn read() -> anyhow::Result<Self> {
        let path = cases::folder().join("differential/known.txt");
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let mut reasons: Vec<Reason> = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            match (line.strip_prefix("# "), reasons.last_mut()) {
                (Some(more), Some(reason)) if reason.programs.is_empty() => {
                    reason.text.push(' ');
                    reason.text.push_str(more);
                }
                (Some(begin), _) => reasons.push(Reason {
                    text: begin.to_owned(),
                    programs: Vec::new(),
                }),
                (None, Some(reason)) => reason.programs.push(Listed {
                    program: line.to_owned(),
                    seen: Vec::new(),
                }),
                (None, None) => bail!("{}: a program without a reason: {line}", path.display()),
            }
        }
        Ok(Self { reasons })
    }

    /// Is a difference in this program meant?
    pub(crate) fn lists(&mut self, program: &str, ours: &Outcome, theirs: &Outcome) -> bool {
        let listed = self
            .reasons
            .iter_mut()
            .flat_map(|reason| &mut reason.programs);
        let found = listed
            .filter(|listed| listed.program == program)
            .map(|listed| {
                listed.seen.push((ours.clone(), theirs.clone()));
            });
        found.count() > 0
    }

    /// What is listed and was not met.
    pub(crate) fn idle(&self) -> Vec<&str> {
        let listed = self.reasons.iter().flat_map(|reason| &reason.programs);
        listed
            .filter(|listed| listed.seen.is_empty())
            .map(|listed| &*listed.program)
            .collect()
    }

    pub(crate) fn say(&self) {
        for reason in &self.reasons {
            println!("\n{}", reason.text);
            for listed in &reason.programs {
                for (ours, theirs) in &listed.seen {
                    println!(
                        "    {}\n        here   {ours:.100}\n        libjq  {theirs:.100}",
                        listed.program
                    );
                }
            }
        }
    }
}
