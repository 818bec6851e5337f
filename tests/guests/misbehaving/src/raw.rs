//! The contract by hand, around the mapper: some misdeeds do not fit in the SDK's types.

use portolan_sdk::guest::bindings::exports::portolan::mapper::mapping::{self, GuestMapper};
use portolan_sdk::guest::bindings::portolan::mapper::types;
use portolan_sdk::guest::{Opened, Plugin};

use crate::Misbehaving;
use crate::misdeeds::{NESTED, NOT_JSON};

/// Passes everything on to the SDK's plugin and spoils what comes back.
struct Raw(Opened<Misbehaving>);

type Honest = Plugin<Misbehaving>;

impl mapping::Guest for Raw {
    type Mapper = Self;

    fn describe() -> types::Description {
        <Honest as mapping::Guest>::describe()
    }
}

impl GuestMapper for Raw {
    fn open(files: Vec<types::File>) -> Result<mapping::Mapper, Vec<types::Diagnostic>> {
        Ok(mapping::Mapper::new(Self(Opened::of(files)?)))
    }

    fn notes(&self) -> Vec<types::Diagnostic> {
        GuestMapper::notes(&self.0)
    }

    fn wants(&self) -> Vec<types::Want> {
        GuestMapper::wants(&self.0)
    }

    fn options(&self) -> types::WriteOptions {
        GuestMapper::options(&self.0)
    }

    fn map_event(&self, event: types::Event) -> Result<types::Outcome, String> {
        let mut outcome = GuestMapper::map_event(&self.0, event)?;
        if let types::Outcome::Mapped(mapped) = &mut outcome {
            mapped.entities.iter_mut().for_each(spoil);
        }
        Ok(outcome)
    }
}

fn spoil(entity: &mut types::Entity) {
    if entity.properties.contains(NOT_JSON) {
        entity.properties = r#"{"state": "open","#.into();
    }
    if entity.properties.contains(NESTED) {
        const DEPTH: usize = 100_000;
        entity.properties = format!("{{\"x\":{}{}}}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    }
}

portolan_sdk::guest::bindings::export!(Raw with_types_in portolan_sdk::guest::bindings);
