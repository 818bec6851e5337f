//! The differences that are known: a reason after `# `, and below it the programs that differ for it.

use std::collections::HashMap;
use std::path::Path;

use anyhow::Context;

pub(super) struct Known(HashMap<String, Entry>);

struct Entry {
    why: String,
    met: bool,
}

impl Known {
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let mut known = HashMap::new();
        let mut why = String::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            match line.strip_prefix("# ") {
                Some(reason) => why = reason.to_owned(),
                None => {
                    let (why, met) = (why.clone(), false);
                    known.insert(line.to_owned(), Entry { why, met });
                }
            }
        }
        Ok(Self(known))
    }

    pub(super) fn why(&mut self, program: &str) -> Option<&str> {
        let entry = self.0.get_mut(program)?;
        entry.met = true;
        Some(&entry.why)
    }

    /// Those that nobody asked for.
    pub(super) fn unused(&self) -> Vec<&str> {
        let unused = self.0.iter().filter(|(_, entry)| !entry.met);
        let mut unused: Vec<_> = unused.map(|(program, _)| program.as_str()).collect();
        unused.sort_unstable();
        unused
    }
}
