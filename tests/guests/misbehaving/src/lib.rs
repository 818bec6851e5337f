//! A mapper that misbehaves on demand: the first word of an issue's title says how, a number after it how much.
//! Any other issue is mapped properly, so that a test sees whether the plugin lives on.
//!
//! A `misbehave` file in the repository (its configuration) does the same to `open`, or with `panic later` to each event.

use portolan_sdk::{
    Description, Diagnostic, Entity, EntityKey, Error, Event, File, Mapped, Mapper, Outcome, Owner,
    Place,
};
use serde::Deserialize;

mod misdeeds;
#[cfg(target_arch = "wasm32")]
mod raw;

#[derive(Default)]
struct Misbehaving {
    panics: bool,
}

#[derive(Deserialize)]
struct Issue {
    id: u64,
    title: String,
    state: String,
}

/// `star` has no kind: its webhook is all there is.
#[derive(Deserialize)]
struct Star {
    sender: Sender,
}

/// `team` has no kind either, and belongs to no repository.
#[derive(Deserialize)]
struct TeamEvent {
    team: Team,
}

#[derive(Deserialize)]
struct Team {
    slug: String,
}

#[derive(Deserialize)]
struct Sender {
    login: String,
}

impl Mapper for Misbehaving {
    fn describe() -> Description {
        Description::of(["issue", "star", "team"])
            .reads(Owner::Repository, "misbehave")
            .writes("issue")
            .writes("stargazer")
            .writes("team")
    }

    fn open(files: Vec<File>) -> Result<Self, Vec<Diagnostic>> {
        let word = files.first().map_or("", |file| file.text.trim());
        match word {
            "diagnostic" => Err(vec![
                Diagnostic::error("`diagnostic` is not a configuration; remove the file")
                    .at(Place::new("misbehave").line(1).column(1)),
            ]),
            "loop" => misdeeds::endless(),
            "memory" => misdeeds::hoard(),
            "panic" => panic!("panic in open, as the configuration asked"),
            _ => Ok(Self {
                panics: word == "panic later",
            }),
        }
    }

    fn map(&self, event: &Event) -> Result<Outcome, Error> {
        assert!(!self.panics, "panic in map, as the configuration asked");
        if event.kind() == "star" {
            return star(event);
        }
        if event.kind() == "team" {
            return team(event);
        }
        let issue: Issue = event.subject()?;
        let (word, amount) = match issue.title.split_once(' ') {
            Some((word, amount)) => (word, amount.parse().ok()),
            None => (issue.title.as_str(), None),
        };
        match word {
            "loop" => misdeeds::endless(),
            "spin" => misdeeds::spin(amount.unwrap_or(100)),
            "memory" => misdeeds::hoard(),
            "stack" => _ = misdeeds::dig(0),
            "panic" => panic!("{}", "x".repeat(10_000_000)),
            "log-flood" => misdeeds::flood(amount.unwrap_or(1_000_000)),
            "log-long" => portolan_sdk::info!("{}", "x".repeat(10_000_000)),
            "output" => return Ok(misdeeds::bloat(amount.unwrap_or(100)).into()),
            "many-entities" => return Ok(misdeeds::crowd(amount.unwrap_or(100_000)).into()),
            "many-notes" => return Ok(misdeeds::complain(amount.unwrap_or(100_000)).into()),
            "endless-questions" => misdeeds::ask_on(event)?,
            "many-questions" => misdeeds::ask_all(event, amount.unwrap_or(100_000))?,
            "forbidden-question" => _ = event.file("../../etc/passwd")?,
            "refuse" => return Err(Error::refuse("I will not map this issue")),
            "unchanged" => return Ok(Outcome::Unchanged),
            "nothing" => return Ok(Outcome::from(vec![])),
            "bad-identifier" => {
                return Ok(Entity::new("issue", "no spaces, no \u{7} bells").into());
            }
            "bad-blueprint" => return Ok(Entity::new("", "x").into()),
            "foreign-blueprint" => return Ok(Entity::new("_user", "root").into()),
            _ => {}
        }
        let entity = Entity::new("issue", issue.id.to_string())
            .property("state", issue.state)
            .title(&issue.title);
        Ok(match word {
            "invalid-utf8" => entity.title(misdeeds::not_utf8()).into(),
            // Only the contract's own types can hold these: see `raw`.
            "deep-json" => entity.property(misdeeds::NESTED, true).into(),
            "invalid-json" => entity.property(misdeeds::NOT_JSON, true).into(),
            "partial" => Mapped {
                entities: vec![entity],
                notes: vec![Diagnostic::error("half of the issue could not be read").field("body")],
                ..Mapped::default()
            }
            .into(),
            _ => entity.into(),
        })
    }
}

fn star(event: &Event) -> Result<Outcome, Error> {
    let webhook = event
        .webhook()
        .ok_or(Error::refuse("a star without a webhook"))?;
    let login = webhook.payload::<Star>()?.sender.login;
    Ok(match webhook.action.as_deref() {
        Some("deleted") => Mapped {
            deletions: vec![EntityKey::new("stargazer", login)],
            ..Mapped::default()
        }
        .into(),
        _ => Entity::new("stargazer", login).into(),
    })
}

fn team(event: &Event) -> Result<Outcome, Error> {
    let webhook = event
        .webhook()
        .ok_or(Error::refuse("a team without a webhook"))?;
    Ok(Entity::new("team", webhook.payload::<TeamEvent>()?.team.slug).into())
}

// What exports it on wasm is `raw`, in place of `export_mapper!`; elsewhere nothing does.
#[cfg(not(target_arch = "wasm32"))]
portolan_sdk::export_mapper!(Misbehaving);

#[cfg(test)]
mod tests {
    use portolan_sdk::test::{Failure, Run};

    use super::*;

    fn issue(title: &str) -> Run<Misbehaving> {
        let subject = serde_json::json!({"id": 7, "title": title, "state": "open"});
        Run::of("issue").subject(subject)
    }

    #[test]
    fn an_ordinary_issue_is_mapped() {
        let entity = Entity::new("issue", "7")
            .title("It rains")
            .property("state", "open");
        assert_eq!(issue("It rains").map().entities(), [entity]);
    }

    #[test]
    fn endless_questions_have_no_end() {
        let failure = issue("endless-questions").try_map();
        assert!(matches!(failure, Err(Failure::EndlessQuestions(asked)) if asked.len() == 32));
    }
}
