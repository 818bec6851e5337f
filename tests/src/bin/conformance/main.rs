//! `make conformance`: the host, judged by what others wrote.
//!
//! The stand-ins are ours: what they and the host got wrong alike, no scenario notices. Here every payload that
//! GitHub publishes is signed by GitHub's own library and posted to the real binary.
//! Names of parts as arguments run these alone.
#![expect(clippy::print_stdout, reason = "it speaks to a person")]

mod corpus;
mod description;
mod emulate;
mod exchange;
mod github;
mod node;
mod port;
mod prism;
mod table;
mod verdict;

use std::process::ExitCode;
use std::time::Instant;

use verdict::Verdict;

const PARTS: [&str; 4] = ["corpus", "github", "port", "emulate"];

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let mut wanted: Vec<String> = std::env::args().skip(1).collect();
    if let Some(unknown) = wanted.iter().find(|part| !PARTS.contains(&&***part)) {
        anyhow::bail!(
            "there is no part `{unknown}`; the parts are {}",
            PARTS.join(", ")
        );
    }
    if wanted.is_empty() {
        wanted = PARTS.map(str::to_owned).into();
    }
    let mut verdict = Verdict::default();
    for part in &wanted {
        let began = Instant::now();
        println!("\n==> {part}");
        match part.as_str() {
            "corpus" => corpus::judge(&mut verdict).await?,
            "github" => github::judge(&mut verdict).await?,
            "port" => port::judge(&mut verdict).await?,
            "emulate" => emulate::judge(&mut verdict).await?,
            _ => unreachable!("checked above"),
        }
        println!("    {part}: {:.1} s", began.elapsed().as_secs_f64());
    }
    Ok(verdict.say())
}
