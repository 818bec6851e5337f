//! A host that runs: where it listens, what lies in its folders, what it says, and how it ends.
//!
//! What it was started with, [`TestHost`] says.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{self, Child, Command, ExitStatus};
use std::sync::Arc;
use std::time::Duration;

use super::output::Output;
use super::{Folders, TestHost, built, command_line};
use crate::image::EmptyRoot;
use crate::journal::PATIENCE;

/// A host that answers `/health`. Killed when dropped.
pub struct RunningHost {
    pub(super) child: Child,
    pub(super) output: Output,
    pub(super) port: u16,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) inside: Option<Arc<EmptyRoot>>,
    pub(super) folders: Folders,
    pub(super) http: reqwest::Client,
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

    pub(super) async fn healthy(&mut self) {
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

    pub(super) async fn ended(&mut self) -> ExitStatus {
        self.output.closed(PATIENCE).await;
        self.child.wait().expect("a child can be waited for")
    }
}

/// Lines of a log that are shown when a scenario fails.
const LAST: usize = 40;

impl Drop for RunningHost {
    fn drop(&mut self) {
        if self.inside.is_some() && self.process().is_some() {
            self.signal("KILL");
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let lines = self.lines();
            let last = &lines[lines.len().saturating_sub(LAST)..];
            eprintln!("the host said at last:\n  {}", last.join("\n  "));
        }
    }
}
