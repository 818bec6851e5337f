//! `make bench`: what a delivery costs, each figure beside a reference measured in the same run.
//!
//! A table for people, or one JSON document with `--json`. Groups can be named: `cargo bench --bench portolan -- sandbox`.
//! Nothing fails when a wish is missed: a busy machine is not a mistake. A wrong entity is one.
#![expect(clippy::print_stdout, reason = "a benchmark speaks to a person")]

mod answers;
mod bare;
mod clients;
mod database;
mod disk;
mod durable;
mod load;
mod mapping;
mod process;
#[allow(
    unused,
    unreachable_pub,
    reason = "a crate of its own, compiled here for this machine"
)]
#[path = "../guests/pull-requests/src/lib.rs"]
mod pull_requests;
mod sandbox;
mod start;
mod stored;
mod table;
mod through;
mod waiting;
mod webhooks;
mod world;

use table::Table;

type Group = (&'static str, fn(&mut Table));

const GROUPS: [Group; 9] = [
    ("sandbox", sandbox::measure),
    ("mapping", mapping::measure),
    ("webhooks", webhooks::measure),
    ("durable", durable::measure),
    ("answers", answers::measure),
    ("waiting", waiting::measure),
    ("stored", stored::measure),
    ("clients", clients::measure),
    ("start", start::measure),
];

fn main() {
    // `--bench` is cargo's own.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    if arguments.first().map(String::as_str) == Some(bare::COMMAND) {
        return bare::serve();
    }
    let (flags, named): (Vec<_>, Vec<_>) = arguments.iter().partition(|a| a.starts_with("--"));
    let mut table = Table::default();
    for (name, measure) in GROUPS {
        if named.is_empty() || named.iter().any(|given| *given == name) {
            eprintln!("==> {name}");
            measure(&mut table);
        }
    }
    if flags.iter().any(|flag| *flag == "--json") {
        println!("{}", table.json());
    } else {
        println!("{table}");
    }
}
