//! The rules, told by what is pushed, taken and how it fared.

mod failures;
mod order;
mod outages;

use std::time::Duration;

use super::*;
use crate::inbox::breaker::Turned;
use crate::inbox::failure::Class;
use crate::store::Waiting;

const NOW: Millis = 1_000_000;

fn webhook(lane: &str, seq: Seq) -> Waiting {
    Waiting {
        seq,
        lease: Some(1),
        lane: lane.to_owned(),
        source: Source::Webhook,
        organization: 1,
        merges: false,
        tries: 0,
        faults: 0,
        due: 0,
        plugins: None,
    }
}

fn push(lane: &str, seq: Seq) -> Waiting {
    Waiting {
        merges: true,
        ..webhook(lane, seq)
    }
}

fn listed(lane: &str, seq: Seq) -> Waiting {
    Waiting {
        source: Source::Listed,
        ..webhook(lane, seq)
    }
}

fn of_organization(organization: u64, waiting: Waiting) -> Waiting {
    Waiting {
        organization,
        ..waiting
    }
}

fn rules(waiting: &[Waiting]) -> Rules {
    let mut rules = Rules::default();
    for waiting in waiting {
        assert!(rules.push(waiting, NOW));
    }
    rules
}

fn failure(class: Class, plugin: Option<&str>) -> Failure {
    Failure {
        plugin: plugin.map(str::to_owned),
        class,
        destination: None,
        after: None,
        why: "no".to_owned(),
        awaits: None,
    }
}

fn away(destination: Destination) -> Failure {
    Failure {
        destination: Some(destination),
        ..failure(Class::Transient, None)
    }
}

impl Rules {
    fn seq(&mut self, now: Millis) -> Option<Seq> {
        self.take(now).map(|taken| taken.seq)
    }

    fn all(&mut self, now: Millis) -> Vec<Taken> {
        std::iter::from_fn(|| self.take(now)).collect()
    }

    fn end(
        &mut self,
        taken: &Taken,
        failures: Vec<Failure>,
        now: Millis,
    ) -> (Rest, Vec<Quarantine>) {
        let fared = Fared {
            failures,
            ..Fared::default()
        };
        self.end_as(taken, &fared, now).0
    }

    fn end_as(
        &mut self,
        taken: &Taken,
        fared: &Fared,
        now: Millis,
    ) -> ((Rest, Vec<Quarantine>), Vec<Turned>) {
        let (verdict, turned) = self.judge(taken, fared, now, 0);
        let rest = (verdict.rest.clone(), verdict.quarantine.clone());
        self.settle(taken, verdict, now);
        (rest, turned)
    }

    fn done(&mut self, taken: &Taken, now: Millis) {
        assert_eq!(self.end(taken, Vec::new(), now).0, Rest::Done);
    }

    fn is_away(&self) -> bool {
        !self.away().is_empty()
    }
}

fn seqs(taken: &[Taken]) -> Vec<Seq> {
    taken.iter().map(|taken| taken.seq).collect()
}

#[test]
fn a_hundred_thousand_waiting_items_are_small() {
    // With its key, its place in the map and what the allocator adds, a lane of one item takes some 230 bytes.
    assert_eq!(size_of::<Item>(), 24);
    assert!(
        size_of::<Option<Lane>>() <= 88,
        "{}",
        size_of::<Option<Lane>>()
    );
}
