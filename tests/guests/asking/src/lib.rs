//! A mapper that asks what the title of an issue names (`api /repos/…`, `file …`, `files …`, `blueprint …`)
//! and maps the answer, refusals too, into an entity.

use portolan_sdk::{
    Answer, Description, Entity, Error, Event, Mapper, Outcome, Question, export_mapper,
};
use serde::Deserialize;

#[derive(Default)]
struct Asking;

#[derive(Deserialize)]
struct Issue {
    id: u64,
    title: String,
}

impl Mapper for Asking {
    fn describe() -> Description {
        Description::of(["issue"]).writes("answer")
    }

    fn map(&self, event: &Event) -> Result<Outcome, Error> {
        let issue: Issue = event.subject()?;
        let (what, of) = issue.title.split_once(' ').unwrap_or((&issue.title, ""));
        let question = match what {
            "api" => Question::api(of),
            "file" => Question::file(of),
            "files" => Question::files(of),
            "blueprint" => Question::blueprint(of),
            _ => return Err(Error::refuse("the title names no question")),
        };
        let [answer] = event.all([question])?;
        let (is, text) = match answer {
            Answer::Missing => ("missing", String::new()),
            Answer::Text(text) => ("text", text.clone()),
            Answer::Json(text) => ("json", text.clone()),
            Answer::Refused(why) => ("refused", why.clone()),
            Answer::Files(files) => {
                let paths = files.iter().map(|file| file.path.as_str());
                ("files", paths.collect::<Vec<_>>().join(" "))
            }
        };
        Ok(Entity::new("answer", issue.id.to_string())
            .property("is", is)
            .property("text", text)
            .into())
    }
}

export_mapper!(Asking);
