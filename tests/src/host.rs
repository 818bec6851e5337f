//! The real binary as a child process between the stand-ins, set up by nothing but its environment.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{self, Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::github::FakeGitHub;
use crate::image::EmptyRoot;
use crate::journal::PATIENCE;
use crate::port::FakePort;
use crate::tls::Authority;

mod built;
mod output;

pub use built::{guest, host as binary};

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

/// A host that answers `/health`. Killed when dropped.
pub struct RunningHost {
    child: Child,
    output: Output,
    port: u16,
    environment: BTreeMap<String, String>,
    inside: Option<Arc<EmptyRoot>>,
    folders: Folders,
    http: reqwest::Client,
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

impl RunningHost {
    /// Where webhooks go.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/", self.port)
    }

    /// The same as an address.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// For what the process costs, by way of `/proc`.
    pub fn pid(&self) -> u32 {
        let pid = self.process();
        pid.expect("a host that is inside of namespaces has entered them")
    }

    /// Whether the image's own healthcheck finds it well.
    pub fn is_healthy_inside(&self) -> bool {
        let (plugins, data) = (self.folders.plugins(), self.folders.data());
        let inside = self.inside.as_ref().expect("the host runs in the image");
        let mut check = inside.healthcheck(&plugins, &data);
        let status = check.envs(&self.environment).status();
        status.is_ok_and(|status| status.success())
    }

    pub fn data_dir(&self) -> PathBuf {
        self.folders.data()
    }

    pub fn plugin_dir(&self) -> PathBuf {
        self.folders.plugins()
    }

    /// Drops a built guest into `PLUGIN_DIR` as one is told to: written aside, then renamed.
    pub fn plugin(&self, name: &str) {
        self.plugin_as(name, name);
    }

    /// The same under another name.
    pub fn plugin_as(&self, guest: &str, name: &str) {
        built::copy(guest, &self.plugin_path(name));
    }

    /// Any bytes as a plugin, whole at once.
    pub fn plugin_bytes(&self, name: &str, bytes: &[u8]) {
        built::write(&self.plugin_path(name), bytes);
    }

    pub fn remove_plugin(&self, name: &str) {
        let path = self.plugin_path(name);
        std::fs::remove_file(path).expect("the scenario put the plugin there before");
    }

    pub fn plugin_path(&self, name: &str) -> PathBuf {
        self.folders.plugins().join(format!("{name}.wasm"))
    }

    /// Runs another command of the same binary on the same data directory, with none of the other settings.
    pub fn cli(&self, arguments: &[&str]) -> process::Output {
        command_line(&self.folders, arguments)
    }

    /// Everything it said so far, a line each.
    pub fn lines(&self) -> Vec<String> {
        self.output.lines()
    }

    /// How many lines it said, to look only at later ones with [`RunningHost::wait_for_line_after`].
    pub fn said(&self) -> usize {
        self.output.lines().len()
    }

    /// Waits for a line that contains this.
    pub async fn wait_for_line(&self, part: &str) -> String {
        self.wait_for_line_after(0, part).await
    }

    pub async fn wait_for_line_after(&self, said: usize, part: &str) -> String {
        self.output.wait_for(said, part, PATIENCE).await
    }

    /// Waits, as long as it takes, until it has said more lines than that; `false` once it will say no more.
    pub async fn wait_for_more(&self, said: usize) -> bool {
        self.output.wait_for_more(said).await
    }

    /// The same host again, folders and port included, to be started once this one has ended.
    pub fn again(&self) -> TestHost {
        TestHost {
            environment: self.environment.clone(),
            plugins: Vec::new(),
            bundled: Vec::new(),
            authority: None,
            inside: self.inside.clone(),
            apart: false,
            folders: self.folders.clone(),
        }
    }

    /// SIGTERM, and waits until it is gone.
    pub async fn stop(mut self) -> (ExitStatus, Vec<String>) {
        self.signal("TERM");
        (self.ended().await, self.lines())
    }

    /// Waits until it is gone, by a signal that it had already or by itself.
    pub async fn gone(mut self) -> (ExitStatus, Vec<String>) {
        (self.ended().await, self.lines())
    }

    /// SIGKILL, unless it ended by itself, and waits until it is gone.
    pub async fn kill(mut self) -> Vec<String> {
        if self.has_ended().is_none() {
            self.signal("KILL");
        }
        self.ended().await;
        self.lines()
    }

    /// How it ended, if it has.
    pub fn has_ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Sends a signal by its name. The shell has `kill` built in wherever there is one.
    pub fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.pid());
        let status = Command::new("sh").args(["-c", &kill]).status();
        assert!(status.is_ok_and(|status| status.success()), "{kill} failed");
    }

    async fn healthy(&mut self) {
        let url = format!("{}health", self.url());
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let Ok(answer) = self.http.get(&url).send().await
                && answer.status().is_success()
            {
                return;
            }
            let ended = self.child.try_wait().ok().flatten();
            let late = tokio::time::Instant::now() > deadline;
            if late || ended.is_some() {
                let log = self.lines().join("\n");
                panic!("the host is not healthy ({ended:?}); it said:\n{log}");
            }
            self.output.changed(Duration::from_millis(20)).await;
        }
    }

    /// Who makes the namespaces stays outside of them, and forwards no signals.
    fn process(&self) -> Option<u32> {
        let child = self.child.id();
        if self.inside.is_none() {
            return Some(child);
        }
        let children = std::fs::read_to_string(format!("/proc/{child}/task/{child}/children"));
        children.ok()?.split_whitespace().next()?.parse().ok()
    }

    async fn ended(&mut self) -> ExitStatus {
        self.output.closed(PATIENCE).await;
        self.child.wait().expect("a child can be waited for")
    }
}

impl Drop for RunningHost {
    fn drop(&mut self) {
        if self.inside.is_some() && self.process().is_some() {
            self.signal("KILL");
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
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
