//! Whole processes over many objects, one a line: `portolan preview` against jq and gojq.

use std::path::Path;
use std::process::{Command, Stdio};

use portolan_tests::host::{binary, guest};

use super::objects::Sort;
use crate::process;
use crate::table::{Table, Wish};

const OBJECTS: u32 = 10_000;
/// The programs take turns, so that what else the machine does hits all of them.
const ROUNDS: u32 = 3;
const REFERENCES: [&str; 2] = ["jq", "gojq"];

pub(super) fn measure(table: &mut Table, dir: &Path, sort: &Sort) {
    let objects = dir.join(format!("{}.ndjson", sort.kind));
    let configuration = dir.join(format!("{}.yml", sort.kind));
    let plugins = dir.join("plugins");
    let line = format!("{}\n", sort.object);
    std::fs::write(&objects, line.repeat(OBJECTS as usize)).expect("there is room");
    std::fs::write(&configuration, sort.configuration()).expect("there is room");
    std::fs::create_dir_all(&plugins).expect("there is room");
    std::fs::write(plugins.join("mapping.wasm"), guest("mapping")).expect("there is room");

    let preview = || {
        let mut command = Command::new(binary());
        command
            .args(["preview", "--json", "--repository", "acme/checkout"])
            .args(["--kind", sort.kind, "--event"])
            .arg(&objects)
            .arg("--config")
            .arg(&configuration)
            .env_clear()
            .env("BUNDLED_PLUGIN_DIR", &plugins)
            .env("DATA_DIR", dir);
        command
    };
    // Its plugin is compiled once.
    cost(preview());
    let (mut ours, mut theirs) = (0.0, [0.0; REFERENCES.len()]);
    for _ in 0..ROUNDS {
        ours += cost(preview()).expect("it was built");
        for (program, sum) in REFERENCES.iter().zip(&mut theirs) {
            let mut command = Command::new(program);
            command.arg("-c").arg(sort.as_one_program()).arg(&objects);
            // Where it is not installed there is nothing to compare with.
            *sum += cost(command).unwrap_or(f64::NAN);
        }
    }
    let what = format!("preview of {OBJECTS} {}s, CPU for one", sort.kind);
    for (program, sum) in REFERENCES.iter().zip(theirs) {
        if sum.is_nan() {
            eprintln!("    {program} is not installed: {what} has nothing to compare with");
        } else {
            let rounds = f64::from(ROUNDS);
            let ours = (ours / rounds, "ms");
            table.beside(&what, ours, (program, sum / rounds), Wish::times(1.0));
        }
    }
}

/// CPU time for one object, in milliseconds. `None`: there is no such program.
fn cost(mut command: Command) -> Option<f64> {
    let before = process::cpu_of_children();
    let output = command.stderr(Stdio::inherit()).output().ok()?;
    assert!(output.status.success(), "{command:?}: {}", output.status);
    let spent = process::cpu_of_children() - before;
    let output = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    // A preview also says what it read, and how much it was.
    let entities = output
        .lines()
        .filter(|line| line.contains("\"identifier\""));
    assert_eq!(
        entities.count(),
        OBJECTS as usize,
        "an entity for each object"
    );
    Some(spent.as_secs_f64() * 1e3 / f64::from(OBJECTS))
}
