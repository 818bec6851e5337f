//! `make differential`: Port's dialect of jq, held against libjq.
//!
//! Each program of `tests/differential/cases` is run by us (`engine`) and by libjq as Port's engines run it (`libjq`,
//! the judge). What differs is told; what is not in `tests/differential/known.txt` with a reason fails, and so does
//! what is there and differs no longer.
#![expect(clippy::print_stdout, reason = "it speaks to a person")]

mod cases;
mod engine;
mod known;
mod libjq;
mod outcome;

use std::process::ExitCode;

use cases::Case;
use known::Known;
use outcome::Outcome;

fn main() -> anyhow::Result<ExitCode> {
    let files = cases::read()?;
    let mut known = Known::read()?;
    let cases = files.iter().flat_map(|file| &file.cases);
    let runs: Vec<(String, &str)> = cases.flat_map(Case::runs).collect();
    let mut theirs = libjq::outcomes(&runs)?.into_iter();
    let mut together = Row::default();
    let mut unexpected = Vec::new();
    Row::heading();
    for file in &files {
        let mut row = Row::default();
        for case in &file.cases {
            row.programs += 1;
            let judged = case.runs().map(|(program, input)| {
                let theirs = theirs.next().expect("an outcome for each run");
                (engine::outcome(&program, input), theirs)
            });
            if judged.iter().all(|(ours, theirs)| ours.equals(theirs)) {
                row.equal += 1;
                row.failing += usize::from(matches!(judged[0].0, Outcome::Failure(_)));
                continue;
            }
            let differing = judged
                .into_iter()
                .find(|(ours, theirs)| !ours.equals(theirs));
            let (ours, theirs) = differing.expect("not all are equal");
            if known.lists(&case.program, &ours, &theirs) {
                row.listed += 1;
            } else {
                row.unexpected += 1;
                unexpected.push((case, ours, theirs));
            }
        }
        row.say(&file.name);
        together.add(&row);
    }
    together.say("together");
    known.say();
    for (case, ours, theirs) in &unexpected {
        let Case {
            file,
            line,
            program,
            ..
        } = case;
        println!("\n{file}:{line}: {program}\n    here   {ours}\n    libjq  {theirs}");
    }
    let idle = known.idle();
    for program in &idle {
        println!("\nknown.txt: {program}\n    differs no longer, or no case has it: take it out");
    }
    if unexpected.is_empty() && idle.is_empty() {
        println!("\nNo difference but those that are listed.");
        return Ok(ExitCode::SUCCESS);
    }
    println!(
        "\n{} programs differ without being listed, {} are listed and do not differ.",
        unexpected.len(),
        idle.len()
    );
    Ok(ExitCode::FAILURE)
}

#[derive(Default)]
struct Row {
    programs: usize,
    equal: usize,
    /// Those of the equal ones that fail on both sides.
    failing: usize,
    listed: usize,
    unexpected: usize,
}

impl Row {
    fn add(&mut self, other: &Self) {
        self.programs += other.programs;
        self.equal += other.equal;
        self.failing += other.failing;
        self.listed += other.listed;
        self.unexpected += other.unexpected;
    }

    fn heading() {
        println!(
            "    {:24} {:>8} {:>7} {:>12} {:>7} {:>10}",
            "cases", "programs", "equal", "(both fail)", "listed", "unexpected"
        );
    }

    fn say(&self, name: &str) {
        println!(
            "    {name:24} {:>8} {:>7} {:>12} {:>7} {:>10}",
            self.programs, self.equal, self.failing, self.listed, self.unexpected
        );
    }
}
