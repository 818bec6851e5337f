use portolan_sdk::{Description, Entity, Error, Event, Mapper, Outcome, export_mapper};

#[derive(Default)]
struct Services;

impl Mapper for Services {
    fn describe() -> Description {
        Description::of(["repository"])
    }

    fn map(&self, event: &Event) -> Result<Outcome, Error> {
        let repository = event.repository().ok_or(Error::refuse("no repository"))?;
        let readme = event.file("README.md")?;
        let service = Entity::new("service", &repository.name).property("readme", readme);
        Ok(service.into())
    }
}

export_mapper!(Services);
