//! Programs that others wrote for Node.js, out of the folder into which make installs them.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};

/// `target/conformance`, beside the folder that this program lies in.
pub(crate) fn folder() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.parent().and_then(|profile| profile.parent());
    let folder = target.context("this program lies in no target folder")?;
    let folder = folder.join("conformance");
    ensure!(
        folder.join("node_modules").is_dir(),
        "{} holds no npm packages: run `make conformance`, which installs them",
        folder.display()
    );
    Ok(folder)
}

/// Runs one to its end and gives the lines that it wrote.
pub(crate) fn lines(arguments: &[&str]) -> anyhow::Result<Vec<String>> {
    let done = command(arguments)?.stderr(Stdio::inherit()).output();
    let done = done.context("node cannot be run")?;
    ensure!(
        done.status.success(),
        "node {} ended with {}",
        arguments[0],
        done.status
    );
    let text = String::from_utf8(done.stdout)?;
    Ok(text.lines().map(str::to_owned).collect())
}

/// One that runs until it is dropped.
pub(crate) struct Running(Child);

impl Running {
    /// Returns once it has written a line with `ready` in it.
    pub(crate) fn start(arguments: &[&str], ready: &str) -> anyhow::Result<Self> {
        let child = command(arguments)?.stdout(Stdio::piped()).spawn();
        let mut running = Self(child.context("node cannot be run")?);
        let stdout = running.0.stdout.take().expect("piped a moment ago");
        let mut lines = BufReader::new(stdout).lines();
        let mut said = String::new();
        loop {
            let Some(line) = lines.next().transpose()? else {
                anyhow::bail!(
                    "node {} ended before it was ready; it said:\n{said}",
                    arguments[0]
                );
            };
            if line.contains(ready) {
                break;
            }
            said += &format!("{line}\n");
        }
        // A full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(running)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(arguments: &[&str]) -> anyhow::Result<Command> {
    let mut node = Command::new("node");
    node.args(arguments)
        .current_dir(folder()?)
        .stdin(Stdio::null());
    // Traffic goes to the loopback, whatever proxy the environment names.
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"] {
        node.env_remove(name);
    }
    Ok(node)
}

/// Free a moment ago: whoever is started binds it.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}
