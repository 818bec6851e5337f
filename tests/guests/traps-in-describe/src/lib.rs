//! A plugin that panics before it has said what it is: the host must refuse it by name and keep running.

use portolan_sdk::{Description, Error, Event, Mapper, Outcome, export_mapper};

#[derive(Default)]
struct Trap;

impl Mapper for Trap {
    fn describe() -> Description {
        panic!("this plugin cannot describe itself")
    }

    fn map(&self, _event: &Event) -> Result<Outcome, Error> {
        Ok(Outcome::Unchanged)
    }
}

export_mapper!(Trap);
