//! Signed deliveries at a steady pace over open connections, while a scenario does something else.

use std::sync::Arc;
use std::time::{Duration, Instant};

use portolan_tests::github::{Event, FakeGitHub, Repository};
use serde_json::json;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::MissedTickBehavior;

/// Runs until it is told to end.
pub(crate) struct Load {
    stop: watch::Sender<bool>,
    sending: JoinHandle<Vec<Sent>>,
}

/// One delivery and how it was answered.
pub(crate) struct Sent {
    /// Its subject's id.
    pub(crate) id: u64,
    /// GitHub's id of the delivery.
    pub(crate) guid: String,
    pub(crate) status: u16,
    pub(crate) at: Instant,
}

impl Load {
    /// `event` makes the delivery about the subject with this id: 1, 2, 3 and so on.
    pub(crate) fn begin(
        github: &Arc<FakeGitHub>,
        url: String,
        per_second: u32,
        event: impl Fn(u64) -> Event + Send + 'static,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let github = github.clone();
        let sending = tokio::spawn(async move {
            let mut pace = tokio::time::interval(Duration::from_secs(1) / per_second);
            // What a busy machine holds up is sent right after: the rate is kept.
            pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
            let mut posts = JoinSet::new();
            for id in 1.. {
                pace.tick().await;
                if *stopped.borrow() {
                    break;
                }
                let signed = github.sign(&event(id));
                let (github, url) = (github.clone(), url.clone());
                posts.spawn(async move {
                    let at = Instant::now();
                    let (status, _) = github.post(&url, &signed).await;
                    let guid = signed.guid;
                    Sent {
                        id,
                        guid,
                        status,
                        at,
                    }
                });
            }
            posts.join_all().await
        });
        Self { stop, sending }
    }

    /// Sends no more; gives all that was sent, each one answered.
    pub(crate) async fn end(self) -> Vec<Sent> {
        self.stop.send_replace(true);
        self.sending.await.expect("sending does not panic")
    }
}

/// One issue after the other, each of its own id.
pub(crate) fn issues(repository: &Repository) -> impl Fn(u64) -> Event + Send + use<> {
    let number = repository.open_issue("It does not work");
    let like = repository.issue_event("opened", number);
    move |id| another(&like, "issue", id)
}

/// One pull request after the other, each of its own id.
pub(crate) fn pull_requests(repository: &Repository) -> impl Fn(u64) -> Event + Send + use<> {
    repository.push(&[("README.md", "# Shop")], "Begin");
    repository.push_to("more", &[("README.md", "# Shop\n\nOpen.")], "Say more");
    let number = repository.open_pull_request("Say more", "more");
    let like = repository.pull_request_event("opened", number);
    move |id| another(&like, "pull_request", id)
}

fn another(like: &Event, subject: &str, id: u64) -> Event {
    let mut event = like.clone();
    event.payload[subject]["id"] = json!(id);
    event.payload[subject]["number"] = json!(id);
    event
}

/// A process's memory in MiB: what is resident now, and the most that ever was.
pub(crate) fn resident(pid: u32) -> (u64, u64) {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
        kib.unwrap_or_default() / 1024
    };
    (field("VmRSS:"), field("VmHWM:"))
}
