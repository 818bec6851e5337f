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
fn items_of_a_subject_go_one_after_the_other_and_subjects_side_by_side() {
    let mut rules = rules(&[webhook("a", 1), webhook("a", 2), webhook("b", 3)]);

    let out = rules.all(NOW);
    assert_eq!(seqs(&out), [1, 3]);
    rules.done(&out[1], NOW);
    assert_eq!(rules.seq(NOW), None);
    rules.done(&out[0], NOW);
    let last = rules.take(NOW).unwrap();
    assert_eq!(last.seq, 2);
    rules.done(&last, NOW);

    assert_eq!(
        (rules.items(), rules.lanes_held(), rules.in_hand()),
        (0, 0, 0)
    );
    assert!(rules.held.is_empty() && rules.next_due(NOW).is_none());
}

#[test]
fn what_is_pushed_twice_or_held_by_another_replica_is_not_handed_out() {
    let mut rules = rules(&[webhook("a", 1)]);
    let theirs = Waiting {
        lease: None,
        ..webhook("b", 2)
    };
    assert!(!rules.push(&webhook("a", 1), NOW));
    assert!(!rules.push(&theirs, NOW));
    assert_eq!(seqs(&rules.all(NOW)), [1]);
    assert_eq!(rules.items(), 1);
}

#[test]
fn webhooks_come_before_what_a_sync_listed_which_still_has_its_turns() {
    let names: Vec<_> = (0..40).map(|lane| lane.to_string()).collect();
    let mut waiting = Vec::new();
    for (seq, lane) in names.iter().enumerate() {
        let seq = seq as Seq + 1;
        waiting.push(match seq <= 20 {
            true => listed(lane, seq),
            false => webhook(lane, seq),
        });
    }
    let mut rules = rules(&waiting);
    let order: Vec<_> = (0..16).filter_map(|_| rules.seq(NOW)).collect();
    let of_sync: Vec<_> = (0..16).filter(|turn| order[*turn] <= 20).collect();
    assert_eq!(of_sync, [7, 15]);
}

#[test]
fn a_webhook_about_a_listed_subject_brings_its_lane_forward() {
    let mut rules = rules(&[listed("a", 1), listed("b", 2), webhook("b", 3)]);
    assert_eq!(rules.seq(NOW), Some(2));
}

#[test]
fn while_an_item_waits_for_one_plugin_the_others_go_on_and_that_one_keeps_its_order() {
    let mut rules = rules(&[webhook("a", 1), webhook("a", 2), webhook("a", 3)]);
    let first = rules.take(NOW).unwrap();
    let (rest, _) = rules.end(&first, vec![failure(Class::Failed, Some("sick"))], NOW);
    let Rest::Waits { plugins, due, .. } = rest else {
        panic!("{rest:?}");
    };
    assert_eq!(plugins, Some(["sick".to_owned()].into()));
    assert_eq!(due, NOW + 1_000);

    // The second is handed out for all but the sick one, and then waits behind the first.
    let second = rules.take(NOW).unwrap();
    assert_eq!(second.seq, 2);
    assert!(second.wants("well") && !second.wants("sick"));
    let (rest, _) = rules.end(&second, Vec::new(), NOW);
    assert!(
        matches!(rest, Rest::Waits { due: 0, plugins: Some(plugins), .. } if plugins.len() == 1)
    );
    let third = rules.take(NOW).unwrap();
    assert_eq!(third.seq, 3);
    rules.end(&third, Vec::new(), NOW);

    assert_eq!(rules.seq(NOW), None);
    assert_eq!(rules.next_due(NOW), Some(due));
    for seq in [1, 2, 3] {
        let taken = rules.take(due).unwrap();
        assert_eq!(taken.seq, seq);
        assert!(taken.wants("sick") && !taken.wants("well"));
        rules.done(&taken, due);
    }
    assert_eq!(rules.items(), 0);
}

#[test]
fn what_failed_before_plugins_were_called_holds_its_whole_lane() {
    let mut rules = rules(&[webhook("a", 1), webhook("a", 2)]);
    let first = rules.take(NOW).unwrap();
    let (rest, _) = rules.end(&first, vec![failure(Class::Failed, None)], NOW);
    assert!(matches!(
        rest,
        Rest::Waits {
            plugins: None,
            faults: 1,
            ..
        }
    ));
    assert_eq!(rules.seq(NOW), None);
    assert_eq!(rules.seq(NOW + 1_000), Some(1));
}

#[test]
fn what_keeps_failing_is_given_up_for_that_plugin_and_the_lane_goes_on() {
    let mut rules = rules(&[webhook("a", 1), webhook("a", 2)]);
    let mut now = NOW;
    let mut tries = 0;
    let given_up = loop {
        let taken = rules.take(now).unwrap();
        if taken.seq == 2 {
            rules.end(&taken, Vec::new(), now);
            now = rules.next_due(now).unwrap();
            continue;
        }
        tries += 1;
        let (rest, quarantine) = rules.end(&taken, vec![failure(Class::Failed, Some("sick"))], now);
        if rest == Rest::Done {
            break quarantine;
        }
        now = rules.next_due(now).unwrap_or(now);
    };
    assert_eq!(tries, 8);
    assert_eq!(given_up.len(), 1);
    assert_eq!(given_up[0].plugin.as_deref(), Some("sick"));
    assert!(rules.take(now).is_some_and(|second| second.wants("sick")));
}

#[test]
fn while_some_entities_of_a_plugin_wait_those_that_port_refuses_are_not_given_up_yet() {
    let mut rules = rules(&[webhook("a", 1)]);
    let taken = rules.take(NOW).unwrap();
    let refused = || Failure {
        why: "refused".to_owned(),
        ..failure(Class::Data, Some("p"))
    };
    let missing = Failure {
        awaits: Some("service".to_owned()),
        why: "service is not there".to_owned(),
        ..failure(Class::Permission, Some("p"))
    };
    let down = Failure {
        plugin: Some("p".to_owned()),
        ..away(Destination::Port)
    };
    let (rest, quarantine) = rules.end(&taken, vec![refused(), down], NOW);
    assert!(matches!(rest, Rest::Waits { .. }) && quarantine.is_empty());

    let taken = rules.take(NOW + 1_000).unwrap();
    let (rest, quarantine) = rules.end(&taken, vec![refused(), missing], NOW);
    assert_eq!(rest, Rest::Done);
    let cause = &quarantine[0].cause;
    assert_eq!((quarantine.len(), cause.class.as_str()), (1, "data"));
    assert_eq!(cause.why, "refused; service is not there");
    assert_eq!(cause.awaits.as_deref(), Some("service"));
}

#[test]
fn of_pushes_that_wait_the_newest_stands_for_all() {
    let mut rules = rules(&[push("a", 1), push("a", 2)]);
    let out = rules.take(NOW).unwrap();
    assert_eq!((out.seq, out.stood_for.as_slice()), (2, [1].as_slice()));
    // What is being worked on began before the third.
    rules.push(&push("a", 3), NOW);
    let (rest, _) = rules.end(&out, vec![failure(Class::Failed, None)], NOW);
    assert!(matches!(rest, Rest::Waits { .. }));
    // It does not wait for what the second waits for.
    let third = rules.take(NOW).unwrap();
    assert_eq!((third.seq, third.stood_for.as_slice()), (3, [2].as_slice()));
    rules.done(&third, NOW);
    assert_eq!(rules.items(), 0);
}

#[test]
fn a_push_stands_for_none_on_the_far_side_of_what_counts_by_itself_nor_for_more_plugins_than_it_is_for()
 {
    let for_one = Waiting {
        plugins: Some(["one".to_owned()].into()),
        ..push("b", 5)
    };
    let mut rules = rules(&[
        push("a", 1),
        webhook("a", 2),
        push("a", 3),
        push("b", 4),
        for_one,
    ]);
    let out = rules.all(NOW);
    assert_eq!(seqs(&out), [1, 4]);
    assert!(out.iter().all(|taken| taken.stood_for.is_empty()));
}

#[test]
fn an_outage_that_all_workers_run_into_is_one_and_a_single_probe_at_a_time_finds_its_end() {
    let waiting: Vec<_> = (1..=100)
        .map(|seq| webhook(&seq.to_string(), seq))
        .collect();
    let mut rules = rules(&waiting);
    let out: Vec<_> = (0..64).filter_map(|_| rules.take(NOW)).collect();
    for taken in &out {
        let (rest, quarantine) = rules.end(taken, vec![away(Destination::Port)], NOW);
        assert!(matches!(
            rest,
            Rest::Waits {
                due: 0,
                faults: 0,
                ..
            }
        ));
        assert!(quarantine.is_empty());
    }
    assert_eq!(rules.away()[0].behind, 100);

    let mut now = NOW;
    let mut waits = Vec::new();
    for _ in 0..8 {
        assert!(rules.take(now).is_none());
        let due = rules.next_due(now).unwrap();
        waits.push((due - now) / 1_000);
        now = due;
        let probe = rules.take(now).unwrap();
        assert!(rules.take(now).is_none(), "one at a time");
        assert_eq!(rules.next_due(now), None, "its end is what is waited for");
        rules.end(&probe, vec![away(Destination::Port)], now);
    }
    assert_eq!(waits, [1, 2, 5, 10, 30, 60, 60, 60]);

    now = rules.next_due(now).unwrap();
    let probe = rules.take(now).unwrap();
    rules.done(&probe, now);
    assert!(!rules.is_away());
    assert_eq!(rules.all(now).len(), 99);
}

#[test]
fn who_says_until_when_is_not_asked_earlier() {
    let mut rules = rules(&[webhook("a", 1), webhook("b", 2)]);
    let first = rules.take(NOW).unwrap();
    let told = Failure {
        class: Class::Wait,
        after: Some(Duration::from_secs(600)),
        ..away(Destination::GitHub)
    };
    rules.end(&first, vec![told], NOW);
    assert_eq!(rules.next_due(NOW), Some(NOW + 600_000));
    assert_eq!(rules.seq(NOW + 599_999), None);
    assert!(rules.take(NOW + 600_000).is_some());
}

#[test]
fn one_organizations_limit_does_not_hold_up_another() {
    let mut rules = rules(&[
        webhook("a", 1),
        webhook("b", 2),
        of_organization(2, webhook("c", 3)),
        of_organization(2, webhook("d", 4)),
    ]);
    let first = rules.take(NOW).unwrap();
    rules.end(&first, vec![away(Destination::Installation(1))], NOW);
    assert_eq!(seqs(&rules.all(NOW)), [3, 4]);
    let due = rules.next_due(NOW).unwrap();
    assert_eq!(rules.all(due).len(), 1);
}

#[test]
fn what_began_before_an_outage_was_over_says_nothing_about_now() {
    let mut rules = rules(&[webhook("a", 1), webhook("b", 2), webhook("c", 3)]);
    let out = rules.all(NOW);
    rules.end(&out[0], vec![away(Destination::Port)], NOW);
    let now = NOW + 1_000;
    let probe = rules.take(now).unwrap();
    rules.done(&probe, now);
    let (rest, _) = rules.end(&out[1], vec![away(Destination::Port)], now);
    assert!(matches!(rest, Rest::Waits { faults: 0, .. }));
    assert!(!rules.is_away());
}

#[test]
fn an_item_that_alone_finds_port_away_is_given_up_and_the_others_go_on() {
    let mut rules = rules(&[webhook("poison", 1)]);
    let mut now = NOW;
    let mut seq = 1;
    for _ in 0..100 {
        // All the time something else goes through.
        seq += 1;
        rules.push(&webhook(&seq.to_string(), seq), now);
        let out = rules.all(now);
        let well = Fared {
            answered: [Destination::Port].into(),
            ..Fared::default()
        };
        for taken in out.iter().filter(|taken| &*taken.key != "poison") {
            rules.end_as(taken, &well, now);
        }
        if let Some(poison) = out.iter().find(|taken| &*taken.key == "poison") {
            let (_, quarantine) = rules.end(poison, vec![away(Destination::Port)], now);
            if let Some(given_up) = quarantine.first() {
                assert_eq!(given_up.cause.class, "transient");
                return;
            }
        }
        now = rules.next_due(now).unwrap_or(now).max(now + 100);
    }
    panic!("it is tried for ever");
}

#[test]
fn who_did_not_get_past_github_says_nothing_about_port() {
    let mut rules = rules(&[webhook("a", 1), webhook("b", 2)]);
    let out = rules.all(NOW);
    rules.end(&out[0], vec![away(Destination::Port)], NOW);
    rules.end(&out[1], vec![away(Destination::GitHub)], NOW);
    let now = NOW + 1_000;
    let probe = rules.take(now).unwrap();
    rules.end(&probe, vec![away(Destination::GitHub)], now);
    assert_eq!(rules.away().len(), 2);
    let now = NOW + 10_000;
    let probe = rules.take(now).unwrap();
    rules.done(&probe, now);
    assert!(!rules.is_away());
}

#[test]
fn what_panics_comes_back_and_the_third_time_is_hopeless() {
    let mut rules = rules(&[webhook("a", 1)]);
    let mut now = NOW;
    for rest in [0, 60_000, 0] {
        let taken = rules.take(now).unwrap();
        assert!(!taken.is_hopeless());
        rules.panicked(&taken, now);
        assert_eq!(rules.in_hand(), 0);
        now += rest;
    }
    assert!(rules.take(now).unwrap().is_hopeless());
}

#[test]
fn a_plugins_new_version_does_not_wait_for_what_the_old_one_waits_for() {
    let mut rules = rules(&[webhook("a", 1)]);
    let taken = rules.take(NOW).unwrap();
    let rests = Failure {
        after: Some(Duration::from_secs(3_000)),
        ..failure(Class::Rests, Some("sick"))
    };
    rules.end(&taken, vec![rests], NOW);
    assert_eq!(rules.seq(NOW), None);
    rules.hurry("other", NOW);
    assert_eq!(rules.seq(NOW), None);
    rules.hurry("sick", NOW);
    assert_eq!(rules.seq(NOW), Some(1));
}

#[test]
fn what_could_not_be_recorded_is_done_again_and_what_another_holds_is_not() {
    let mut rules = rules(&[webhook("a", 1), webhook("b", 2), webhook("b", 3)]);
    let out = rules.all(NOW);
    rules.put_back(&out[0], 1_000, NOW);
    rules.lost(&out[1], NOW);
    assert_eq!(rules.items(), 1);
    assert_eq!(rules.seq(NOW), None);
    assert_eq!(rules.seq(NOW + 1_000), Some(1));
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
