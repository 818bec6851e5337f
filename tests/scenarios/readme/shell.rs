//! A shell in a reader's place: it runs a block of the README's commands as they stand there.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use portolan_tests::journal::PATIENCE;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use super::{Block, root};

/// Commands about to be run. The first one that fails ends them, and each is said before what it says.
pub(super) struct Script {
    line: usize,
    text: String,
    command: Command,
}

/// Commands that run. What they started ends with them when this is dropped.
pub(super) struct Running {
    line: usize,
    child: Child,
    lines: UnboundedReceiver<String>,
    said: Vec<String>,
}

impl Script {
    pub(super) fn of(block: Block, folder: &Path) -> Self {
        let mut command = Command::new("sh");
        command.current_dir(folder).stdin(Stdio::null());
        // What a make above this test said to its own children.
        command.env_remove("MAKEFLAGS").env_remove("MAKELEVEL");
        Self {
            line: block.line,
            text: block.text,
            command,
        }
    }

    /// Puts what is so here in the place of what the README can only give an example of.
    pub(super) fn with(mut self, said: &str, here: &str) -> Self {
        let times = self.text.matches(said).count();
        let line = self.line;
        assert_eq!(
            times, 1,
            "README.md:{line}: {said:?} is expected there once"
        );
        self.text = self.text.replacen(said, here, 1);
        self
    }

    /// Functions of the shell that take the place of what cannot run here; each refuses what it does not know.
    pub(super) fn with_stand_ins(mut self, functions: &str) -> Self {
        self.text = format!("{functions}\n{}", self.text);
        self
    }

    /// Nothing of the machine's own environment but where programs are.
    pub(super) fn with_empty_environment(mut self) -> Self {
        self.command.env_clear();
        self.command
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        self
    }

    /// Commands of our own, after the README's.
    pub(super) fn then(mut self, commands: &str) -> Self {
        self.text += commands;
        self
    }

    pub(super) fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(super) fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    pub(super) fn start(mut self) -> Running {
        let script = format!("exec 2>&1\nset -eux\n{}", self.text);
        let mut child = self
            .command
            .args(["-c", &script])
            .stdout(Stdio::piped())
            // A group of its own, so that what the shell started can be ended with it.
            .process_group(0)
            .spawn()
            .expect("there is a shell");
        let pipe = child.stdout.take().expect("piped when spawned");
        let (send, lines) = unbounded_channel();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                // Nobody may listen any more; the pipe is read to its end all the same.
                let _ = send.send(line);
            }
        });
        Running {
            line: self.line,
            child,
            lines,
            said: Vec::new(),
        }
    }

    /// Runs them to their end, however long that takes, and gives what they said.
    pub(super) async fn run(self) -> String {
        let mut running = self.start();
        while let Some(line) = running.lines.recv().await {
            running.said.push(line);
        }
        let status = running.child.wait().expect("a child can be waited for");
        assert!(
            status.success(),
            "{} and ended with {status}",
            running.story()
        );
        running.said.join("\n")
    }
}

impl Running {
    pub(super) async fn wait_for_line(&mut self, part: &str) -> String {
        if let Some(line) = self.said.iter().find(|line| line.contains(part)) {
            return line.clone();
        }
        while let Ok(Some(line)) = timeout(PATIENCE, self.lines.recv()).await {
            self.said.push(line.clone());
            if line.contains(part) {
                return line;
            }
        }
        panic!(
            "waited in vain for a line with \"{part}\": {}",
            self.story()
        );
    }

    fn story(&self) -> String {
        let (line, said) = (self.line, self.said.join("\n"));
        format!("the commands at README.md:{line} said:\n{said}\n")
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} -{}", self.child.id());
        let _ = Command::new("sh")
            .args(["-c", &kill])
            .stderr(Stdio::null())
            .status();
    }

    /// Ctrl-C, and waits until they have ended; gives all that they said.
    pub(super) async fn interrupt(&mut self) -> String {
        self.signal("INT");
        while let Ok(Some(line)) = timeout(PATIENCE, self.lines.recv()).await {
            self.said.push(line);
        }
        self.said.join("\n")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.signal("KILL");
        let _ = self.child.wait();
    }
}

/// The host's binary under another name: a link, so that it finds what lies beside it there.
pub(super) fn put_binary(at: &Path) {
    let binary = portolan_tests::host::binary();
    let put = fs::hard_link(&binary, at).or_else(|_| fs::copy(&binary, at).map(drop));
    put.unwrap_or_else(|error| panic!("{}: {error}", at.display()));
}

/// What a program says in the repository; it must end well.
pub(super) fn output(program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    // What a make above this test said to its own children.
    command.env_remove("MAKEFLAGS").env_remove("MAKELEVEL");
    let output = command.args(arguments).current_dir(root()).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let wrong = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {said}{wrong}"
    );
    said
}

/// Free a moment ago.
pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("it is bound").port()
}
