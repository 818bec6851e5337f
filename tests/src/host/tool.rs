//! A command of the same binary that needs no host: plugins beside it, a folder to run in, and nothing else.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::built;

/// Where commands are run.
pub struct Tool {
    root: TempDir,
    environment: BTreeMap<String, String>,
}

impl Tool {
    /// With these built guests as the bundled plugins, and what test hosts compiled of them.
    pub fn with(bundled: &[&str]) -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        let tool = Self {
            root,
            environment: BTreeMap::new(),
        };
        for folder in ["bundled", "plugins", "data", "work"] {
            std::fs::create_dir(tool.root.path().join(folder))
                .expect("a folder in a temporary one");
        }
        built::share_compiled(&tool.root.path().join("data"));
        for name in bundled {
            built::copy(name, &tool.plugin_path("bundled", name));
        }
        let shown = |folder| tool.root.path().join(folder).display().to_string();
        let (bundled, plugins, data) = (shown("bundled"), shown("plugins"), shown("data"));
        tool.env("BUNDLED_PLUGIN_DIR", bundled)
            .env("PLUGIN_DIR", plugins)
            .env("DATA_DIR", data)
    }

    pub fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    /// A file of that name in `PLUGIN_DIR`, whatever is in it.
    pub fn plugin(self, name: &str, bytes: &[u8]) -> Self {
        built::write(&self.plugin_path("plugins", name), bytes);
        self
    }

    fn plugin_path(&self, folder: &str, name: &str) -> PathBuf {
        self.root.path().join(folder).join(format!("{name}.wasm"))
    }

    /// Where commands run.
    pub fn folder(&self) -> PathBuf {
        self.root.path().join("work")
    }

    /// Puts a file there, with the folders above it.
    pub fn file(&self, path: &str, text: &str) -> &Self {
        let path = self.folder().join(path);
        let above = path.parent().expect("it lies in a folder");
        let written = std::fs::create_dir_all(above).and_then(|()| std::fs::write(&path, text));
        written.unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        self
    }

    /// Runs a command with this on its standard input.
    pub fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = self
            .command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary can be run");
        let mut stdin = child.stdin.take().expect("piped when spawned");
        let input = input.to_owned();
        // Beside reading what it says, or both would wait for the other. It may end without reading.
        let writing = std::thread::spawn(move || drop(stdin.write_all(input.as_bytes())));
        let output = child.wait_with_output().expect("a child can be waited for");
        writing.join().expect("writing does not panic");
        output
    }

    /// The same to be started by the test itself.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(built::host());
        command
            .env_clear()
            .envs(&self.environment)
            .current_dir(self.folder())
            .args(arguments);
        command
    }
}
