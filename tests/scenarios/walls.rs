//! The design's walls, held against what the sources name.
//!
//! ARCHITECTURE.md says why they stand where they do. When one is in the way, move it there first, then here.

mod paths;

use std::fs;
use std::path::{Path, PathBuf};

/// The four edges. They meet in `pipeline`, and on GitHub's side through `files`, `answers`, `resync` and `missed`.
const EDGES: [&str; 4] = ["webhook", "github", "plugins", "port"];

/// Modules that stand on nothing of ours but what is listed.
const LEAVES: [(&str, &[&str]); 5] = [
    ("causes", &[]),
    ("settings", &[]),
    ("delivery", &[]),
    ("subject", &["delivery"]),
    ("entity", &[]),
];

/// Modules that stand beside the edges, and what they must not name.
const APART: [(&str, &[&str]); 1] = [("missed", &["pipeline", "plugins", "port", "webhook"])];

/// Rules without input and output.
const RULES: [&str; 2] = ["inbox", "ledger"];

/// External crates and the only modules that may name them.
const CONFINED: [(&str, &[&str]); 12] = [
    ("wasmtime", &["plugins"]),
    ("wasmparser", &["plugins"]),
    ("wit_component", &["plugins"]),
    ("axum", &["webhook", "admin"]),
    ("hyper", &["webhook", "admin"]),
    ("hyper_util", &["webhook", "admin"]),
    ("rusqlite", &["store"]),
    ("tokio_postgres", &["store"]),
    ("jsonwebtoken", &["github::app"]),
    ("notify", &["plugins::reload"]),
    // The host and the SDK share wit/ and no Rust code.
    ("portolan_sdk", &[]),
    ("wit_bindgen", &[]),
];

#[test]
fn the_hosts_modules_keep_to_their_side_of_the_walls() {
    let host = root().join("host/src");

    let breaches: Vec<String> = sources(&host)
        .iter()
        .flat_map(|file| breaches(&file.shown, &module(&file.shown), &file.text))
        .collect();

    assert!(breaches.is_empty(), "{}", breaches.join("\n"));
}

#[test]
fn the_sdk_and_the_plugins_know_nothing_of_the_host() {
    let guests = ["guest-sdk", "plugins", "tests/guests"].map(|folder| root().join(folder));
    let sources: Vec<_> = guests.iter().flat_map(|folder| sources(folder)).collect();

    assert!(!sources.is_empty(), "no source of a guest was found");
    for file in sources {
        for path in paths::named_in(&file.text, &[]) {
            let crate_name = path.segments[0].as_str();
            assert_ne!(crate_name, "portolan", "{}:{}", file.shown, path.line);
        }
    }
    let manifest = fs::read_to_string(root().join("guest-sdk/Cargo.toml")).expect("it has one");
    assert!(
        !manifest.contains("../"),
        "guest-sdk/Cargo.toml: the SDK depends on nothing of ours"
    );
}

#[test]
fn every_wall_can_be_hit() {
    let hit = |module: &str, source: &str| {
        let module: Vec<_> = module.split("::").map(str::to_owned).collect();
        !breaches("bad.rs", &module, source).is_empty()
    };

    assert!(hit("webhook", "use crate::github::GitHub;"));
    assert!(hit("github::rest", "use crate::{delivery, port::Port};"));
    assert!(hit("port", "fn f() { crate::plugins::swap() }"));
    assert!(hit("port", "use super::plugins;"));
    assert!(hit(
        "port::entities",
        "mod tests { use super::super::super::webhook::Router; }"
    ));
    assert!(hit("settings", "use crate::{entity};"));
    assert!(hit("subject", "use crate::{delivery::Delivery, inbox};"));
    assert!(hit("inbox", "use crate::port;"));
    assert!(hit("missed", "use crate::pipeline::Pipeline;"));
    assert!(hit("missed::sieve", "use crate::{github, plugins};"));
    assert!(hit("pipeline", "use wasmtime::Engine;"));
    assert!(hit(
        "pipeline",
        "let e: &'static str = x; axum::Router::new();"
    ));
    assert!(hit("github::rest", "use jsonwebtoken;"));
    assert!(hit(
        "plugins",
        "#[cfg(test)] mod tests { use notify::Watcher; }"
    ));
    assert!(hit("entity", "use ::portolan_sdk::Entity;"));

    assert!(!hit(
        "webhook",
        "use crate::{delivery::Delivery, inbox::Inbox}; use axum::Router;"
    ));
    assert!(!hit(
        "github::app",
        "use super::rest; use jsonwebtoken::encode; use crate::subject;"
    ));
    assert!(!hit(
        "missed",
        "use crate::{github::GitHub, store::Store}; use crate::delivery;"
    ));
    assert!(!hit(
        "pipeline",
        "use crate::{github::GitHub, plugins::Plugins, port::Port};"
    ));
    assert!(!hit(
        "webhook",
        "// crate::github::GitHub\n/* wasmtime::Engine */ let s = \"crate::port::x\";"
    ));
    assert!(!hit(
        "webhook",
        "let s = r#\"a\" crate::port::x\"#; let q = '\"'; let b = br\"notify::x\";"
    ));
    assert!(!hit(
        "subject",
        "use super::delivery; mod tests { use super::*; use super::super::delivery; }"
    ));
}

#[test]
fn paths_are_read_as_rust_reads_them() {
    let module = ["plugins".to_owned(), "reload".to_owned()];
    let source = "use std::{fs, io::{self, Read as _}};\nuse super::plugin::Plugin;\nfn f(x: a::B) -> c {\n  \
                  mod inner { use super::super::d; }\n  self::g::<h::I>()\n}";

    let read: Vec<_> = paths::named_in(source, &module)
        .iter()
        .map(|path| format!("{} {}", path.line, path.segments.join("::")))
        .collect();

    assert_eq!(
        read,
        [
            "1 std::fs",
            "1 std::io::self",
            "1 std::io::Read",
            "2 crate::plugins::plugin::Plugin",
            "3 a::B",
            "4 crate::plugins::d",
            "5 crate::plugins::reload::g",
            "5 h::I",
        ]
    );
}

/// What a module's source names across a wall, a sentence each.
fn breaches(file: &str, module: &[String], source: &str) -> Vec<String> {
    let here = module.join("::");
    let home = module.first().map_or("", String::as_str);
    let mut breaches = Vec::new();
    for path in paths::named_in(source, module) {
        let name = path.segments.join("::");
        let mut breach =
            |why: String| breaches.push(format!("{file}:{}: `{name}`: {why}", path.line));
        let first = path.segments[0].as_str();
        if first == "crate" || first == "portolan" {
            let other = path.segments.get(1).map_or("", String::as_str);
            if other == home {
                continue;
            }
            if EDGES.contains(&home) && EDGES.contains(&other) {
                breach(format!(
                    "the edges {} know nothing of each other",
                    EDGES.join(", ")
                ));
            }
            if RULES.contains(&home) && EDGES.contains(&other) {
                breach(format!("{home} is rules without I/O: it knows no edge"));
            }
            if let Some((_, not)) = APART.iter().find(|(apart, _)| *apart == home)
                && not.contains(&other)
            {
                breach(format!("{home} knows nothing of {}", not.join(", ")));
            }
            if let Some((leaf, may)) = LEAVES.iter().find(|(leaf, _)| *leaf == home)
                && !may.contains(&other)
            {
                breach(format!("{leaf} is a leaf: of ours it may import {may:?}"));
            }
        } else if let Some((external, inside)) = CONFINED.iter().find(|(name, _)| *name == first) {
            let within = |wall: &&str| here == **wall || here.starts_with(&format!("{wall}::"));
            if !inside.iter().any(within) {
                breach(format!("{external} is named only in {inside:?}"));
            }
        }
    }
    breaches
}

/// `host/src/plugins/sandbox.rs` is the module `plugins::sandbox`.
fn module(shown: &str) -> Vec<String> {
    let path = shown
        .trim_start_matches("host/src/")
        .trim_end_matches(".rs");
    match path {
        "lib" | "main" => Vec::new(),
        path => path.split('/').map(str::to_owned).collect(),
    }
}

struct Source {
    /// From the root of the repository.
    shown: String,
    text: String,
}

/// Every Rust file below a folder, in order.
fn sources(folder: &Path) -> Vec<Source> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("the folder can be listed").path())
        .collect();
    entries.sort();
    let mut found = Vec::new();
    for path in entries {
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let shown = path.strip_prefix(root()).expect("it lies below the root");
            found.push(Source {
                shown: shown.display().to_string(),
                text: fs::read_to_string(&path).expect("sources are UTF-8"),
            });
        }
    }
    found
}

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("this package lies in a folder of the repository")
}
