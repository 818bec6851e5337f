//! The real binary as a child process between the stand-ins, set up by nothing but its environment.
//!
//! What it is told and given before it starts stands here; what can be done with it and heard of it then is `running`.

mod built;
mod output;
mod running;
mod tool;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{self, Command, ExitStatus, Stdio};
use std::sync::Arc;

use tempfile::TempDir;

use crate::github::FakeGitHub;
use crate::image::EmptyRoot;
use crate::port::FakePort;
use crate::tls::Authority;

pub use built::{guest, host as binary};
pub use running::RunningHost;
pub use tool::Tool;

use output::Output;

/// A host about to be started.
pub struct TestHost {
    environment: BTreeMap<String, String>,
    plugins: Vec<String>,
    bundled: Vec<String>,
    /// Certificates to trust beside the machine's.
    authority: Option<String>,
    inside: Option<Arc<EmptyRoot>>,
    apart: bool,
    folders: Folders,
}

/// Removed with the last host that uses them.
#[derive(Clone)]
struct Folders {
    root: Arc<TempDir>,
}

impl Folders {
    fn plugins(&self) -> PathBuf {
        self.root.path().join("plugins")
    }

    fn bundled(&self) -> PathBuf {
        self.root.path().join("bundled")
    }

    fn data(&self) -> PathBuf {
        self.root.path().join("data")
    }
}

impl TestHost {
    /// The variables that the original's `docker run` line sets, leading to the stand-ins, and folders of its own.
    pub fn between(github: &FakeGitHub, port: &FakePort) -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        let folders = Folders {
            root: Arc::new(root),
        };
        for folder in [folders.plugins(), folders.bundled(), folders.data()] {
            std::fs::create_dir_all(folder).expect("a folder in a temporary one");
        }
        built::share_compiled(&folders.data());
        let host = Self {
            environment: BTreeMap::new(),
            plugins: Vec::new(),
            bundled: vec!["gitops".into()],
            authority: None,
            inside: None,
            apart: false,
            folders,
        };
        let host = host
            .env("APP_ID", github.app_id())
            .env("WEBHOOK_SECRET", github.webhook_secret())
            .env("PRIVATE_KEY", github.private_key_pem())
            .env("GITHUB_API_URL", github.api_url())
            .env("PORT_URL", port.url())
            .env("PORT_CLIENT_ID", port.client_id())
            .env("PORT_CLIENT_SECRET", port.client_secret());
        let shown = |path: PathBuf| path.display().to_string();
        let (plugins, bundled, data) = (
            shown(host.folders.plugins()),
            shown(host.folders.bundled()),
            shown(host.folders.data()),
        );
        host.env("PLUGIN_DIR", plugins)
            .env("BUNDLED_PLUGIN_DIR", bundled)
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

    /// A built guest that lies in `PLUGIN_DIR` from the start.
    pub fn plugin(mut self, name: &str) -> Self {
        self.plugins.push(name.into());
        self
    }

    /// The bundled plugins, `gitops` alone unless said otherwise.
    pub fn bundled(mut self, names: &[&str]) -> Self {
        self.bundled = names.iter().map(ToString::to_string).collect();
        self
    }

    /// Finds this authority's certificate in the file that `EXTRA_CA_FILE` names.
    pub fn trusting(mut self, authority: &Authority) -> Self {
        self.authority = Some(authority.pem().into());
        self
    }

    /// Runs as the image runs: what it bundles and where its folders are, the image says.
    pub fn inside(mut self, root: Arc<EmptyRoot>) -> Self {
        self.inside = Some(root);
        self.bundled.clear();
        self.with_own_compile_cache()
            .without("PLUGIN_DIR")
            .without("BUNDLED_PLUGIN_DIR")
            .without("DATA_DIR")
    }

    /// Compiles its plugins itself, for scenarios that measure or spoil what is compiled.
    pub fn with_own_compile_cache(self) -> Self {
        let link = self.folders.data().join("compiled");
        std::fs::remove_file(link).expect("linked when the folders were made");
        self
    }

    /// Runs another command of the same binary on the same data directory, with none of the other settings.
    pub fn cli(&self, arguments: &[&str]) -> process::Output {
        command_line(&self.folders, arguments)
    }

    /// What outlives it, before it is there.
    pub fn data_dir(&self) -> PathBuf {
        self.folders.data()
    }

    /// Out of reach of a terminal's Ctrl-C, which whoever started it passes on.
    pub fn apart(mut self) -> Self {
        self.apart = true;
        self
    }

    /// Starts it and waits until it is healthy; panics with its log if it ends first.
    pub async fn start(self) -> RunningHost {
        let mut running = self.spawn();
        running.healthy().await;
        running
    }

    /// Starts it expecting that it ends by itself; gives its status and everything it said.
    pub async fn start_in_vain(self) -> (ExitStatus, String) {
        let mut running = self.spawn();
        let status = running.ended().await;
        (status, running.lines().join("\n"))
    }

    /// Starts it and waits for nothing: it may not listen yet.
    pub fn spawn(mut self) -> RunningHost {
        for name in &self.plugins {
            built::copy(name, &self.folders.plugins().join(format!("{name}.wasm")));
        }
        for name in &self.bundled {
            built::copy(name, &self.folders.bundled().join(format!("{name}.wasm")));
        }
        if let Some(pem) = &self.authority {
            let path = self.folders.data().join("authority.pem");
            std::fs::write(&path, pem).expect("a file in a temporary folder");
            let inside = || "/data/authority.pem".to_owned();
            let path = self
                .inside
                .as_ref()
                .map_or(path.display().to_string(), |_| inside());
            self.environment.insert("EXTRA_CA_FILE".into(), path);
        }
        let wanted = self
            .environment
            .get("PORT")
            .and_then(|port| port.parse().ok());
        let port = wanted.unwrap_or_else(free_port);
        let given = self.environment.entry("PORT".into());
        given.or_insert_with(|| port.to_string());
        let (plugins, data) = (self.folders.plugins(), self.folders.data());
        let mut command = match &self.inside {
            Some(root) => {
                root.own(&data).expect("root may give folders away");
                root.serving(&plugins, &data)
            }
            // Nothing of the machine's own environment, proxies least of all, may decide a test.
            None => {
                let mut command = Command::new(built::host());
                let path = std::env::var_os("PATH").map(|path| ("PATH", path));
                command.env_clear().envs(path);
                command
            }
        };
        command
            .envs(&self.environment)
            .current_dir(self.folders.root.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if self.apart {
            command.process_group(0);
        }
        let mut child = command.spawn().expect("the host's binary can be run");
        let output = Output::of(&mut child);
        let http = reqwest::Client::builder().no_proxy().build();
        RunningHost {
            child,
            output,
            port,
            environment: self.environment,
            inside: self.inside,
            folders: self.folders,
            http: http.expect("a client without special wishes"),
        }
    }
}

fn command_line(folders: &Folders, arguments: &[&str]) -> process::Output {
    let mut command = Command::new(built::host());
    let run = command
        .env_clear()
        .env("DATA_DIR", folders.data())
        .args(arguments)
        .stdin(Stdio::null());
    run.output().expect("the host's binary can be run")
}

/// Free a moment ago: the host binds it itself.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let address = listener.local_addr().expect("a bound listener has one");
    address.port()
}
