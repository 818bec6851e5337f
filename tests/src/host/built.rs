//! Where builds leave the host and the guests, and a sentence where they did not.

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
    let folder = profile_dir().join("../guests/wasm32-unknown-unknown/guest");
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

/// `target/debug`: tests run in its `deps`, the demo in itself.
fn profile_dir() -> PathBuf {
    let exe = std::env::current_exe().expect("a running program has a path");
    let folder = exe.parent().expect("a program lies in a folder");
    match folder.file_name() {
        Some(name) if name == "deps" || name == "examples" => folder.join(".."),
        _ => folder.to_owned(),
    }
}
