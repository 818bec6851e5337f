//! A repository in a scenario's hands: what people do there, and the webhooks that GitHub sends about it.

use serde_json::{Value, json};

use super::delivery::Event;
use super::git::Commit;
use super::work::{Issue, Pull, Run};
use super::world::{Repo, World};
use super::{Shared, events};

/// A repository on the stand-in; cheap to clone. Names change, this stays the same one.
#[derive(Clone)]
pub struct Repository {
    world: Shared,
    id: u64,
}

impl Repository {
    pub(super) fn new(world: Shared, id: u64) -> Self {
        Self { world, id }
    }

    pub fn id(&self) -> u64 {
        self.id
    }

    pub fn full_name(&self) -> String {
        self.change(|repo| repo.full_name())
    }

    /// As the API gives it.
    pub fn json(&self) -> Value {
        let world = self.world.lock();
        let repo = world.repo(self.id).expect("the scenario did not delete it");
        super::shapes::repository(&world, repo)
    }

    /// Writes files on top of the default branch.
    pub fn push(&self, files: &[(&str, &str)], message: &str) -> Commit {
        let branch = self.change(|repo| repo.default_branch.clone());
        self.push_to(&branch, files, message)
    }

    /// Writes files on top of a branch, which begins at the default branch if it is new.
    pub fn push_to(&self, branch: &str, files: &[(&str, &str)], message: &str) -> Commit {
        let bytes = files.iter().map(|(path, text)| (*path, text.as_bytes()));
        self.commit(branch, &bytes.collect::<Vec<_>>(), &[], message)
    }

    pub fn push_bytes(&self, files: &[(&str, &[u8])], message: &str) -> Commit {
        let branch = self.change(|repo| repo.default_branch.clone());
        self.commit(&branch, files, &[], message)
    }

    /// Deletes files on the default branch.
    pub fn delete_files(&self, paths: &[&str], message: &str) -> Commit {
        let branch = self.change(|repo| repo.default_branch.clone());
        self.commit(&branch, &[], paths, message)
    }

    /// The head of the default branch.
    pub fn head(&self) -> Option<Commit> {
        self.change(|repo| repo.objects.head(&repo.default_branch).cloned())
    }

    /// Makes it the default branch, without the `repository` event.
    pub fn set_default_branch(&self, branch: &str) {
        self.change(|repo| repo.default_branch = branch.into());
    }

    /// Points a branch elsewhere, as a force push does.
    pub fn reset(&self, branch: &str, to: &Commit) {
        self.change(|repo| repo.objects.branches.insert(branch.into(), to.sha.clone()));
    }

    pub fn describe(&self, description: &str, topics: &[&str]) {
        self.touch(|repo| {
            repo.description = Some(description.into());
            repo.topics = topics.iter().map(ToString::to_string).collect();
        });
    }

    pub fn set_languages(&self, languages: &[(&str, u64)]) {
        self.touch(|repo| {
            let pairs = languages.iter();
            repo.languages = pairs
                .map(|(name, bytes)| ((*name).to_owned(), json!(bytes)))
                .collect();
        });
    }

    /// Out of the installation's reach, without a webhook.
    pub fn hide(&self) {
        self.change(|repo| repo.installed = false);
    }

    pub fn archive(&self) -> Event {
        self.touch(|repo| repo.archived = true);
        self.event("archived", json!({}))
    }

    /// The old name answers 301 from now on.
    pub fn rename(&self, name: &str) -> Event {
        let from = self.touch(|repo| {
            repo.former.push(repo.full_name());
            std::mem::replace(&mut repo.name, name.into())
        });
        self.event(
            "renamed",
            json!({"changes": {"repository": {"name": {"from": from}}}}),
        )
    }

    /// Deletes it; the event is the last that is heard of it.
    pub fn delete(self) -> Event {
        let event = self.event("deleted", json!({}));
        self.world
            .lock()
            .repositories
            .retain(|repo| repo.id != self.id);
        event
    }

    /// `repository` with this action and these further keys.
    pub fn event(&self, action: &str, more: Value) -> Event {
        let mut payload = more;
        payload["action"] = json!(action);
        self.custom_event("repository", payload)
    }

    /// The push that brought this commit.
    pub fn pushed(&self, commit: &Commit) -> Event {
        self.tell(|world, repo| events::push(world, repo, commit))
    }

    pub fn star(&self) -> Event {
        let now = self.touch(|repo| {
            repo.stars += 1;
            super::world::time(repo.updated)
        });
        self.custom_event("star", json!({"action": "created", "starred_at": now}))
    }

    /// Any event of this repository, with what every payload carries filled in.
    pub fn custom_event(&self, name: &str, payload: Value) -> Event {
        self.tell(|world, repo| events::completed(world, &repo.owner, Some(repo), name, payload))
    }

    /// Opens a pull request from a branch, which must exist; gives its number.
    pub fn open_pull_request(&self, title: &str, branch: &str) -> u64 {
        let mut world = self.world.lock();
        let (id, now) = (world.next_id(), world.now());
        let repo = world.repo_mut(self.id);
        let head = repo.objects.head(branch);
        let sha = head
            .expect("the scenario pushed the branch first")
            .sha
            .clone();
        let number = repo.work.next_number();
        repo.work.pulls.push(Pull {
            id,
            number,
            title: title.into(),
            head: branch.into(),
            sha,
            state: "open",
            draft: false,
            labels: Vec::new(),
            created: now,
            updated: now,
            closed: None,
            merged: None,
        });
        number
    }

    pub fn retitle_pull_request(&self, number: u64, title: &str) {
        let now = self.world.lock().now();
        self.change(|repo| {
            let pull = repo.work.pull(number);
            (pull.title, pull.updated) = (title.into(), now);
        });
    }

    pub fn label_pull_request(&self, number: u64, label: &str) {
        let now = self.world.lock().now();
        self.change(|repo| {
            let pull = repo.work.pull(number);
            pull.labels.push(label.into());
            pull.updated = now;
        });
    }

    pub fn close_pull_request(&self, number: u64, merged: bool) {
        let now = self.world.lock().now();
        self.change(|repo| {
            let pull = repo.work.pull(number);
            pull.state = "closed";
            (pull.updated, pull.closed) = (now, Some(now));
            pull.merged = merged.then_some(now);
        });
    }

    /// `pull_request` with this action, as it stands now.
    pub fn pull_request_event(&self, action: &str, number: u64) -> Event {
        self.tell(|world, repo| events::pull_request(world, repo, action, number))
    }

    pub fn open_issue(&self, title: &str) -> u64 {
        let mut world = self.world.lock();
        let (id, now) = (world.next_id(), world.now());
        let work = &mut world.repo_mut(self.id).work;
        let number = work.next_number();
        work.issues.push(Issue {
            id,
            number,
            title: title.into(),
            state: "open",
            labels: Vec::new(),
            created: now,
            updated: now,
            closed: None,
        });
        number
    }

    pub fn retitle_issue(&self, number: u64, title: &str) {
        let now = self.world.lock().now();
        self.change(|repo| {
            let issue = repo.work.issue(number);
            (issue.title, issue.updated) = (title.into(), now);
        });
    }

    pub fn close_issue(&self, number: u64) {
        let now = self.world.lock().now();
        self.change(|repo| {
            let issue = repo.work.issue(number);
            issue.state = "closed";
            (issue.updated, issue.closed) = (now, Some(now));
        });
    }

    /// Deletes it; the event is the last that is heard of it.
    pub fn delete_issue(&self, number: u64) -> Event {
        let event = self.issue_event("deleted", number);
        self.change(|repo| {
            repo.work.issues.retain(|issue| issue.number != number);
            repo.work.deleted.push(number);
        });
        event
    }

    pub fn issue_event(&self, action: &str, number: u64) -> Event {
        self.tell(|world, repo| events::issue(world, repo, action, number))
    }

    /// Starts a workflow on the default branch; gives the run's id.
    pub fn start_run(&self, name: &str) -> u64 {
        let mut world = self.world.lock();
        let (id, now) = (world.next_id(), world.now());
        let repo = world.repo_mut(self.id);
        let sha = repo
            .objects
            .head(&repo.default_branch)
            .map(|head| head.sha.clone());
        repo.work.runs.push(Run {
            id,
            name: name.into(),
            number: repo.work.runs.len() as u64 + 1,
            attempt: 1,
            status: "queued",
            conclusion: None,
            branch: repo.default_branch.clone(),
            sha: sha.unwrap_or_default(),
            created: now,
            updated: now,
        });
        id
    }

    pub fn finish_run(&self, id: u64, conclusion: &str) {
        let now = self.world.lock().now();
        self.change(|repo| {
            let run = repo.work.run(id);
            (run.status, run.updated) = ("completed", now);
            run.conclusion = Some(conclusion.into());
        });
    }

    /// Deletes it, without a webhook, as GitHub does.
    pub fn delete_run(&self, id: u64) {
        self.change(|repo| repo.work.runs.retain(|run| run.id != id));
    }

    pub fn run_event(&self, action: &str, id: u64) -> Event {
        self.tell(|world, repo| events::workflow_run(world, repo, action, id))
    }

    fn commit(
        &self,
        branch: &str,
        written: &[(&str, &[u8])],
        removed: &[&str],
        message: &str,
    ) -> Commit {
        let mut world = self.world.lock();
        let now = world.now();
        let repo = world.repo_mut(self.id);
        repo.pushed = now;
        let base = repo.default_branch.clone();
        repo.objects
            .commit(branch, Some(&base), written, removed, message, now)
    }

    fn tell(&self, tell: impl FnOnce(&World, &Repo) -> Event) -> Event {
        let world = self.world.lock();
        let repo = world.repo(self.id);
        tell(&world, repo.expect("the scenario did not delete it"))
    }

    fn change<T>(&self, change: impl FnOnce(&mut Repo) -> T) -> T {
        change(self.world.lock().repo_mut(self.id))
    }

    /// A change that moves `updated_at`.
    fn touch<T>(&self, change: impl FnOnce(&mut Repo) -> T) -> T {
        let mut world = self.world.lock();
        let now = world.now();
        let repo = world.repo_mut(self.id);
        repo.updated = now;
        change(repo)
    }
}
