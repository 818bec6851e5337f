//! The README's tutorial, from two files to the entity of a pull request, as a reader would follow it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use portolan_tests::host::{RunningHost, TestHost};
use sha2::{Digest, Sha256};

use super::commands::MAPPER;
use super::shell::Script;
use super::{block, file, root, target};
use crate::acme::Acme;

#[test]
fn its_mapper_is_the_one_that_is_tested() {
    let tested = "tests/guests/pull-requests/src/lib.rs";
    assert!(
        block("rust", "").text == file(tested),
        "the README's mapper and {tested} differ"
    );
}

/// The page of the SDK tells the same in short.
#[test]
fn the_sdks_page_has_its_commands() {
    let (readme, page) = (block("sh", MAPPER).text, file("guest-sdk/src/lib.rs"));
    let (_, page) = page
        .split_once("//! ```sh\n")
        .expect("the page has commands");
    let (page, _) = page.split_once("//! ```").expect("they end");
    let commands = page.lines().map(|line| line.trim_start_matches("//! "));
    let (copies, others): (Vec<_>, Vec<_>) = commands.partition(|line| line.starts_with("cp "));
    assert_eq!((copies.len(), others.len()), (1, 2));
    for command in others {
        let mut lines = readme.lines();
        assert!(
            lines.any(|line| line.starts_with(command)),
            "the README has no {command:?}"
        );
    }
}

#[tokio::test]
async fn its_mapper_is_tested_built_and_dropped_into_a_running_host() {
    let acme = Acme::new().await;
    let host = TestHost::between(&acme.github, &acme.port).with_own_compile_cache();
    let host = host.start().await;
    let folder = reader();
    let set_up = file("setup/wasm-target.sh");
    assert!(set_up.contains("rustup target add \"$target\""), "{set_up}");

    let said = host.said();
    let commands = Script::of(block("sh", MAPPER), &folder.path().join("pull-requests"))
        .with("/path/to/plugins", &host.plugin_dir().display().to_string())
        // `make setup` has brought it, perhaps in another way.
        .with_stand_ins(r#"rustup() { [ "$*" = "target add wasm32-unknown-unknown" ]; }"#)
        .without("CARGO_TARGET_DIR")
        // A test asks no registry: the versions are those that are at hand.
        .env("CARGO_NET_OFFLINE", "true")
        .env("CARGO_INCREMENTAL", "0")
        // In the folder that is kept, the SDK of this path serves nobody again.
        .then("cargo clean --quiet --package portolan-sdk\n")
        .then("cargo clean --quiet --package portolan-sdk --release --target wasm32-unknown-unknown\n");
    let commands = wasm_target()
        .into_iter()
        .fold(commands, |commands, (name, value)| {
            commands.env(&name, value)
        });
    let tested = commands.run().await;
    assert!(tested.contains("test result: ok. 2 passed"), "{tested}");

    let loaded = host
        .wait_for_line_after(said, "loaded plugin pull-requests")
        .await;
    let shown = block("text", "INFO ").text;
    let (_, told) = loaded.split_once(' ').expect("a time comes first");
    assert_eq!(shape(told), shape(&shown), "{loaded}");
    let plugin = fs::read(host.plugin_path("pull-requests")).expect("it was copied there");
    let version = &hex::encode(Sha256::digest(plugin))[..12];
    assert!(loaded.contains(version), "the file is {version}: {loaded}");

    let mapped = pull_request(&acme, &host).await;
    assert!(mapped.contains(version), "{mapped}");
}

/// Gives what the log says about it.
async fn pull_request(acme: &Acme, host: &RunningHost) -> String {
    let shop = acme.github.repository("acme/shop");
    shop.push_to("fast", &[("a.txt", "a")], "Begin");
    let number = shop.open_pull_request("Be fast", "fast");
    let opened = shop.pull_request_event("opened", number);
    let identifier = format!("shop{}", opened.payload["pull_request"]["id"]);
    acme.deliver(host, &opened).await;
    let entity = acme
        .port
        .wait_for_entity("githubPullRequest", &identifier)
        .await;
    assert_eq!(entity["title"], "Be fast");
    host.wait_for_line("mapped pull-request").await
}

/// The repository with the folder beside it. Outside of the repository, or cargo takes it for a part of it.
fn reader() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let plugin = folder.path().join("pull-requests");
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    let laid_out = || {
        symlink(root(), folder.path().join("portolan"))?;
        fs::create_dir_all(plugin.join("src"))?;
        fs::write(plugin.join("Cargo.toml"), block("toml", "").text)?;
        fs::write(plugin.join("src/lib.rs"), block("rust", "").text)?;
        fs::copy(root().join("Cargo.lock"), plugin.join("Cargo.lock"))?;
        // So that a second run compiles no dependency again.
        fs::create_dir_all(&kept)?;
        symlink(&kept, plugin.join("target"))
    };
    laid_out().unwrap_or_else(|error| panic!("{}: {error}", folder.path().display()));
    folder
}

/// What `make setup` found out that builds of plugins need: `export NAME=value`, a line each.
fn wasm_target() -> Vec<(String, String)> {
    fs::read_to_string(target().join("wasm-target.env"))
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.strip_prefix("export ")?.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// A line's words, without what differs from run to run.
fn shape(line: &str) -> Vec<&str> {
    let word = |word| {
        let of = |is: fn(&u8) -> bool| str::bytes(word).all(|byte| is(&byte));
        match word.len() {
            12 if of(u8::is_ascii_hexdigit) => "<digest>",
            _ if of(u8::is_ascii_digit) => "<number>",
            _ => word,
        }
    };
    line.split_whitespace().map(word).collect()
}
