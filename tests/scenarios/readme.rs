//! What the README says, held against what is so.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use portolan::settings::SETTINGS;

#[test]
fn its_settings_are_the_programs() {
    let readme = readme();
    let said: Vec<&str> = readme
        .lines()
        .skip_while(|line| !line.starts_with("| Variable |"))
        .skip(2)
        .take_while(|line| line.starts_with('|'))
        .collect();

    let is: Vec<String> = SETTINGS
        .iter()
        .map(|setting| {
            let (name, default, meaning) = (setting.name, setting.default, setting.meaning);
            format!("| `{name}` | {default} | {meaning} |")
        })
        .collect();

    assert_eq!(said, is, "this belongs into the README:\n{}", is.join("\n"));
}

#[test]
fn its_mapper_is_the_one_that_is_tested() {
    let tested = fs::read_to_string(root().join("tests/guests/pull-requests/src/lib.rs"))
        .expect("the tutorial's mapper is a guest of the tests");

    assert!(
        block("rust") == tested,
        "the README's mapper and tests/guests/pull-requests/src/lib.rs differ"
    );
}

/// In a folder outside the workspace, from the README alone, as a reader would do it.
#[test]
fn its_mapper_compiles_where_a_reader_would_write_it() {
    let folder = tempfile::tempdir().expect("a folder for a plugin");
    let manifest = block("toml");
    let sdk = root().join("guest-sdk");
    let here = manifest.replace("../portolan/guest-sdk", &sdk.display().to_string());
    assert_ne!(here, manifest, "the README names the SDK by another path");
    fs::write(folder.path().join("Cargo.toml"), here).expect("the folder is writable");
    fs::create_dir(folder.path().join("src")).expect("the folder is writable");
    fs::write(folder.path().join("src/lib.rs"), block("rust")).expect("the folder is writable");
    // The versions that are at hand: a test asks no registry.
    fs::copy(root().join("Cargo.lock"), folder.path().join("Cargo.lock")).expect("it is there");

    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("readme");
    let build = "build --release --target wasm32-unknown-unknown";
    assert!(block_of_commands().contains(&format!("cargo {build}")));
    let built = Command::new(env!("CARGO"))
        .args(build.split(' '))
        .args(["--offline", "--target-dir"])
        .arg(&target)
        .current_dir(folder.path())
        .envs(wasm_target())
        .output()
        .expect("cargo runs");

    assert!(
        built.status.success(),
        "{}\nIs the wasm target there? `make setup` brings it.",
        String::from_utf8_lossy(&built.stderr)
    );
    let plugin = target.join("wasm32-unknown-unknown/release/pull_requests.wasm");
    let bytes = fs::read(plugin).expect("the README names this file");
    assert!(bytes.starts_with(b"\0asm"));
}

/// What `make setup` found out that builds of plugins need: `export NAME=value`, a line each.
fn wasm_target() -> Vec<(String, String)> {
    let environment = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("wasm-target.env");
    fs::read_to_string(environment)
        .unwrap_or_default()
        .lines()
        .filter_map(|line| line.strip_prefix("export ")?.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// The README's only block of code in a language.
fn block(language: &str) -> String {
    let (readme, fence) = (readme(), format!("```{language}\n"));
    let mut blocks = readme.split(&fence).skip(1);
    let block = blocks.next().expect("the README has such a block");
    assert!(blocks.next().is_none(), "two blocks of {language}");
    let (code, _) = block.split_once("```").expect("the block ends");
    code.to_owned()
}

fn block_of_commands() -> String {
    readme().split("```sh\n").skip(1).collect()
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).expect("there is a README")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
