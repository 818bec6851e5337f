//! What becomes of an item that fails by itself, and of those behind it.

use super::*;

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
