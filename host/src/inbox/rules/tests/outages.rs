//! What is done while somebody is away, and how it is found out that they are back.

use super::*;

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
