//! People at work on sixteen connections: each changes the world, and tells the host until it says 2xx.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use portolan_tests::dice::Dice;
use portolan_tests::github::Repository;
use portolan_tests::host::RunningHost;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::line::Line;
use crate::tally::Tally;
use crate::world::{Change, World};

pub(crate) const CONNECTIONS: usize = 16;
/// While nobody answers, before GitHub's user would press "Redeliver"; here he is quick.
const AGAIN: Duration = Duration::from_millis(10);

/// For a host that is well to take what is told.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who is at work, and what was counted.
pub(crate) struct Traffic {
    pub(crate) tally: Arc<Tally>,
    stop: Arc<AtomicBool>,
    authors: JoinSet<()>,
}

/// Is told each GUID whose 2xx was read, right then.
pub(crate) type Witness = Arc<dyn Fn(&str) + Send + Sync>;

struct Author {
    world: Arc<World>,
    repository: Repository,
    line: Line,
    /// For what is sent twice at once.
    second: Line,
    dice: Dice,
    /// Between two deliveries, on average.
    pause: Duration,
    parts: Vec<u64>,
    pulls: Vec<u64>,
    made: u64,
    /// Told already, and to be told again later: by another click on "Redeliver".
    later: Vec<Vec<u8>>,
    tally: Arc<Tally>,
    witness: Witness,
}

impl Traffic {
    /// Begins once every repository has described itself. About so many deliveries a second.
    pub(crate) async fn begin(
        world: &Arc<World>,
        host: &RunningHost,
        mut dice: Dice,
        per_second: usize,
        witness: Witness,
    ) -> anyhow::Result<Self> {
        let tally = Arc::new(Tally::default());
        let stop = Arc::new(AtomicBool::new(false));
        let (mut authors, mut waiting) = (JoinSet::new(), Vec::new());
        let pause = CONNECTIONS * 1_000 / per_second.max(1);
        let pause = Duration::from_millis(pause as u64);
        for number in 0..CONNECTIONS {
            let repository = world.repository(&format!("svc-{number}"));
            // Pull requests relate to it, so it comes first.
            let first = world.describe(&repository, "Begin", &[]);
            let mut author = Author {
                world: world.clone(),
                repository,
                line: Line::to(host.address()),
                second: Line::to(host.address()),
                dice: dice.another(),
                pause,
                parts: Vec::new(),
                pulls: Vec::new(),
                made: 0,
                later: Vec::new(),
                tally: tally.clone(),
                witness: witness.clone(),
            };
            let told = timeout(PATIENCE, author.tell(&first)).await;
            told.context("the host does not take the first deliveries")?;
            waiting.push(author);
        }
        for number in 0..CONNECTIONS {
            world
                .port
                .wait_for_entity("service", &format!("svc-{number}"))
                .await;
        }
        for mut author in waiting {
            let stop = stop.clone();
            authors.spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    author.work().await;
                    author.pause().await;
                }
            });
        }
        Ok(Self {
            tally,
            stop,
            authors,
        })
    }

    /// Nobody begins anything new; what was begun is told to the end.
    pub(crate) async fn end(mut self) -> anyhow::Result<Arc<Tally>> {
        self.stop.store(true, Ordering::Relaxed);
        let done = async { while self.authors.join_next().await.is_some() {} };
        let done = timeout(PATIENCE, done).await;
        done.context("a minute after the trouble the host still does not take every delivery")?;
        Ok(self.tally)
    }
}

impl Author {
    async fn work(&mut self) {
        let change = self.change();
        self.tell(&change).await;
        if let Some(request) = self.later.pop().filter(|_| self.dice.one_in(2)) {
            self.repeat(&request).await;
        }
    }

    async fn pause(&mut self) {
        let share = self.dice.between(0, 200) as u32;
        tokio::time::sleep(self.pause * share / 100).await;
    }

    /// Mostly a new pull request: what comes of it stands for one delivery alone.
    fn change(&mut self) -> Change {
        let (world, repository) = (&self.world, &self.repository);
        self.made += 1;
        let made = self.made;
        match self.dice.below(10) {
            0 | 1 => {
                match self.parts.len() {
                    2.. => {
                        self.parts.remove(self.dice.below(self.parts.len()));
                    }
                    _ => self.parts.push(made),
                }
                world.describe(repository, &format!("Version {made}"), &self.parts)
            }
            2 if !self.pulls.is_empty() => {
                let number = *self.dice.one_of(&self.pulls).expect("there is one");
                repository.retitle_pull_request(number, &format!("Say more, {made}"));
                world.pull_request(repository, "edited", number)
            }
            3 if !self.pulls.is_empty() => {
                let number = self.pulls.remove(self.dice.below(self.pulls.len()));
                repository.close_pull_request(number, self.dice.one_in(2));
                world.pull_request(repository, "closed", number)
            }
            _ => {
                let number = repository.open_pull_request(&format!("Say {made}"), "more");
                self.pulls.push(number);
                world.pull_request(repository, "opened", number)
            }
        }
    }

    /// Until the host has it; sometimes more often, at once or later.
    async fn tell(&mut self, change: &Change) {
        let request = change.signed.request();
        let copies = match self.dice.one_in(5) {
            true => self.dice.between(1, 4),
            false => 0,
        };
        loop {
            let (answer, other) = if copies > 2 {
                let both = (self.line.post(&request), self.second.post(&request));
                tokio::join!(both.0, both.1)
            } else {
                (self.line.post(&request).await, None)
            };
            let answers: Vec<_> = [answer, other].into_iter().flatten().collect();
            let (told, declined): (Vec<_>, Vec<_>) =
                answers.iter().partition(|answer| answer.is_2xx());
            for answer in declined {
                self.tally.declined(answer);
            }
            if !told.is_empty() {
                break;
            }
            if answers.is_empty() {
                self.tally.unanswered.add();
                tokio::time::sleep(AGAIN).await;
            } else {
                // Who is refused does not stop, and does not press harder either.
                self.pause().await;
            }
        }
        (self.witness)(&change.signed.guid);
        self.world
            .model
            .acknowledged(&change.subject, &change.signed.guid);
        self.tally.acknowledged.add();
        for copy in 0..copies {
            match copy % 2 {
                0 => self.repeat(&request).await,
                _ => self.later.push(request.clone()),
            }
        }
    }

    async fn repeat(&mut self, request: &[u8]) {
        if self.line.post(request).await.is_some() {
            self.tally.repeated.add();
        }
    }
}
