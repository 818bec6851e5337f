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
    let all: Vec<&Case> = files.iter().flat_map(|file| &file.cases).collect();
    let theirs = libjq::outcomes(&all)?;
    let mut theirs = theirs.into_iter();
    let mut together = Row::default();
    let mut unexpected = Vec::new();
    println!(
        "    {:28} {:>8} {:>7} {:>7} {:>10}",
        "cases", "programs", "equal", "listed", "unexpected"
    );
    for file in &files {
        let mut row = Row::default();
        for case in &file.cases {
            row.programs += 1;
            let theirs = theirs.next().expect("an outcome for each case");
            let ours = engine::outcome(case);
            if ours.equals(&theirs) {
                row.equal += 1;
            } else if known.lists(&case.program, &ours, &theirs) {
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
    println!("\n{} differences are not listed.", unexpected.len());
    Ok(ExitCode::FAILURE)
}

#[derive(Default)]
struct Row {
    programs: usize,
    equal: usize,
    listed: usize,
    unexpected: usize,
}

impl Row {
    fn add(&mut self, other: &Self) {
        self.programs += other.programs;
        self.equal += other.equal;
        self.listed += other.listed;
        self.unexpected += other.unexpected;
    }

    fn say(&self, name: &str) {
        let Self {
            programs,
            equal,
            listed,
            unexpected,
        } = self;
        println!("    {name:28} {programs:>8} {equal:>7} {listed:>7} {unexpected:>10}");
    }
}
