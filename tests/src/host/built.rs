//! Where builds leave the host and the guests, and a sentence where they did not.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The host's binary: `PORTOLAN_BIN`, else the one beside the tests.
pub fn host() -> PathBuf {
    let beside = || profile_dir().join("portolan");
    let path = std::env::var_os("PORTOLAN_BIN").map_or_else(beside, PathBuf::from);
    assert!(
        path.is_file(),
        "there is no {}: run `make build`, or set PORTOLAN_BIN",
        path.display()
    );
    path
}

/// A built guest's bytes, for scenarios that spoil them.
pub fn guest(name: &str) -> Vec<u8> {
    let profile = profile_dir();
    let target = profile
        .parent()
        .expect("a profile's folder lies in the target folder");
    let folder = target.join("guests/wasm32-unknown-unknown/guest");
    let path = folder.join(format!("{}.wasm", name.replace('-', "_")));
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!(
            "the plugin {name} is not built ({}: {error}): run `make guests`",
            path.display()
        )
    })
}

/// Puts a guest there whole: nobody ever sees half of it.
pub(super) fn copy(name: &str, to: &Path) {
    write(to, &guest(name));
}

pub(super) fn write(to: &Path, bytes: &[u8]) {
    let aside = to.with_extension("wasm.part");
    let written = std::fs::write(&aside, bytes).and_then(|()| std::fs::rename(&aside, to));
    written.unwrap_or_else(|error| panic!("cannot write {}: {error}", to.display()));
}

/// All test hosts compile into one folder, so that each plugin is compiled once and not once a scenario.
pub(super) fn share_compiled(data: &Path) {
    let shared = profile_dir().join("test-compiled");
    let made = DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&shared);
    let linked = made.and_then(|()| std::os::unix::fs::symlink(&shared, data.join("compiled")));
    linked.unwrap_or_else(|error| panic!("cannot share {}: {error}", shared.display()));
}

/// `target/debug`: tests run in its `deps`, the demo in itself.
fn profile_dir() -> PathBuf {
    let exe = std::env::current_exe().expect("a running program has a path");
    let folder = exe.parent().expect("a program lies in a folder");
    match folder.file_name() {
        Some(name) if name == "deps" => folder.parent().unwrap_or(folder).to_owned(),
        _ => folder.to_owned(),
    }
}
