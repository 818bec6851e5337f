//! Mappers that ask, configure themselves and go wrong, run by the harness as their authors would.

use std::cell::Cell;
use std::collections::HashMap;

use portolan_sdk::test::Run;
use portolan_sdk::{
    Answer, Description, Diagnostic, Entity, Error, Event, File, Mapper, Outcome, Owner, Place,
    Question,
};
use serde_json::Value;

/// Lists the Terraform files of a repository, unless its configuration says `skip`.
#[derive(Debug, Default)]
struct Terraform {
    skip: bool,
    calls: Cell<u32>,
}

impl Mapper for Terraform {
    fn describe() -> Description {
        Description::of(["repository"]).reads(Owner::Repository, "**/terraform.conf")
    }

    fn open(files: Vec<File>) -> Result<Self, Vec<Diagnostic>> {
        let mut mapper = Self::default();
        for file in files {
            match file.text.as_str() {
                "skip" => mapper.skip = true,
                other => {
                    let place = Place::new(file.path).line(1);
                    return Err(vec![
                        Diagnostic::error(format!("`{other}` is not known")).at(place),
                    ]);
                }
            }
        }
        Ok(mapper)
    }

    fn map(&self, event: &Event) -> Result<Outcome, Error> {
        if self.skip {
            return Ok(Outcome::Unchanged);
        }
        let [terraform, owners] = event.all([
            Question::files("**/*.tf"),
            Question::api("/repos/acme/shop/teams"),
        ])?;
        let owners: Value = match owners {
            Answer::Refused(reason) => Value::from(reason.as_str()),
            answered => answered.json()?.unwrap_or_default(),
        };
        let mut entity = Entity::new("service", "shop").property("owners", owners);
        for file in terraform.files()? {
            entity = entity.property(&file.path, event.file(&file.path)?);
        }
        if event.file("REMEMBER")?.is_some() {
            self.calls.set(self.calls.get() + 1);
            entity = entity.property("calls", self.calls.get());
        }
        Ok(entity.into())
    }
}

fn shop() -> Run<Terraform> {
    Run::of("repository")
        .repository("acme/shop")
        .file("main.tf", "a")
        .file("modules/x/net.tf", "b")
        .file("main.rs", "c")
}

#[test]
fn questions_are_asked_together_and_answered_once() {
    let done = shop().map();
    let properties = &done.entities()[0].properties;
    assert_eq!(properties["main.tf"], "a");
    assert_eq!(properties["modules/x/net.tf"], "b");
    assert_eq!(
        properties["owners"],
        Value::Null,
        "what was not given is missing"
    );
    assert!(!properties.contains_key("main.rs"));
    assert_eq!(done.rounds, 5);
    assert_eq!(done.asked[1], Question::api("/repos/acme/shop/teams"));
}

#[test]
fn a_question_that_was_not_passed_on_is_asked_all_the_same() {
    /// Not `Clone`, which `Run` does not ask for.
    #[derive(Default)]
    struct Careless;

    impl Mapper for Careless {
        fn describe() -> Description {
            Description::of(["repository"])
        }

        fn map(&self, event: &Event) -> Result<Outcome, Error> {
            let readme = event.file("README.md").ok().flatten();
            let blueprint: Option<Value> = event.blueprint("service")?;
            Ok(Entity::new("service", "shop")
                .property("readme", readme)
                .property("described", blueprint.is_some())
                .into())
        }
    }

    let run = Run::<Careless>::of("repository").file("README.md", "# Shop");
    let done = run.clone().map();
    assert_eq!(done.entities()[0].properties["readme"], "# Shop");
    assert_eq!(done.rounds, 2);
    let (readme, service) = (Question::file("README.md"), Question::blueprint("service"));
    assert_eq!(done.asked, [readme, service]);
}

#[test]
fn a_refusal_can_be_lived_with() {
    let refused = Answer::Refused("another organization's".into());
    let done = shop()
        .answer(Question::api("/repos/acme/shop/teams"), refused)
        .map();
    assert_eq!(
        done.entities()[0].properties["owners"],
        "another organization's"
    );
}

#[test]
fn only_configuration_that_the_mapper_reads_is_opened() {
    let elsewhere = shop().configuration(Owner::Operator, "terraform.conf", "nonsense");
    assert_eq!(elsewhere.map().entities().len(), 1);
    let skipping = shop().configuration(Owner::Repository, "terraform.conf", "skip");
    assert_eq!(skipping.map().outcome, Outcome::Unchanged);
    let wrong = shop().configuration(Owner::Repository, "deep/down/terraform.conf", "skop");
    assert_eq!(
        wrong.try_map().map_err(|failure| failure.to_string()),
        Err("the configuration does not open:\n  error: deep/down/terraform.conf:1: `skop` is not known".into())
    );
}

#[test]
#[should_panic(expected = "has another outcome")]
fn a_mapper_that_remembers_is_caught() {
    shop().file("REMEMBER", "").map();
}

#[test]
fn what_json_cannot_hold_is_an_error_note() {
    #[derive(Default)]
    struct Pairs;

    impl Mapper for Pairs {
        fn describe() -> Description {
            Description::of(["repository"])
        }

        fn map(&self, _: &Event) -> Result<Outcome, Error> {
            let pairs = HashMap::from([((1, 2), 3)]);
            Ok(Entity::new("service", "shop")
                .property("pairs", pairs)
                .into())
        }
    }

    let done = Run::<Pairs>::of("repository").map();
    assert_eq!(
        done.notes()[0].to_string(),
        "error: properties.pairs: the value cannot be written as JSON and is left out of service `shop`: key must be a string"
    );
}
