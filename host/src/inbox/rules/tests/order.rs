//! In which order items are handed out while nothing fails.

use super::*;

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
