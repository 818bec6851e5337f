//! Every pull request becomes a `githubPullRequest` entity: the mapper of the README's tutorial.

use portolan_sdk::{Description, Entity, Error, Event, Mapper, Outcome, export_mapper};
use serde::Deserialize;

/// Maps pull requests.
#[derive(Default)]
pub struct PullRequests;

#[derive(Deserialize)]
struct PullRequest {
    id: u64,
    title: String,
    state: String,
    merged_at: Option<String>,
    user: User,
    html_url: String,
}

#[derive(Deserialize)]
struct User {
    login: String,
}

impl Mapper for PullRequests {
    fn describe() -> Description {
        Description::of(["pull-request"]).writes("githubPullRequest")
    }

    fn map(&self, event: &Event) -> Result<Outcome, Error> {
        let repository = event.repository().ok_or(Error::refuse("no repository"))?;
        let pull: PullRequest = event.subject()?;
        let status = match pull.merged_at {
            Some(_) => "merged",
            None => &pull.state,
        };
        Ok(Entity::new(
            "githubPullRequest",
            format!("{}{}", repository.name, pull.id),
        )
        .title(pull.title)
        .property("status", status)
        .property("creator", pull.user.login)
        .property("link", pull.html_url)
        .relation("service", &repository.name)
        .into())
    }
}

export_mapper!(PullRequests);

#[cfg(test)]
mod tests {
    use portolan_sdk::test::Run;
    use serde_json::json;

    use super::*;

    fn pull_request() -> serde_json::Value {
        json!({
            "id": 191568743,
            "number": 2,
            "title": "Update the README with new information.",
            "state": "closed",
            "merged_at": "2026-01-02T10:00:00Z",
            "user": { "login": "Codertocat" },
            "html_url": "https://github.com/Codertocat/Hello-World/pull/2",
        })
    }

    #[test]
    fn a_merged_pull_request_belongs_to_its_service() {
        let done = Run::<PullRequests>::of("pull-request")
            .repository("Codertocat/Hello-World")
            .subject(pull_request())
            .map();
        assert_eq!(
            done.entities(),
            [Entity::new("githubPullRequest", "Hello-World191568743")
                .title("Update the README with new information.")
                .property("status", "merged")
                .property("creator", "Codertocat")
                .property("link", "https://github.com/Codertocat/Hello-World/pull/2")
                .relation("service", "Hello-World")]
        );
    }

    #[test]
    fn a_shape_that_is_not_githubs_is_refused_with_the_field() {
        let mut pull = pull_request();
        pull["user"]["login"] = json!(7);
        let refused = Run::<PullRequests>::of("pull-request")
            .repository("Codertocat/Hello-World")
            .subject(pull)
            .try_map();
        assert_eq!(
            refused.map_err(|failure| failure.to_string()),
            Err(
                "the mapper refuses the event: pull-request: at user.login: \
                 invalid type: integer `7`, expected a string"
                    .into()
            )
        );
    }
}
