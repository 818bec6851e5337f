use super::*;
use crate::port::Suffix;

const GITOPS: Source = Source {
    installation: 1,
    suffix: Suffix::Gitops,
};

fn group(blueprint: &str, source: Source) -> Group {
    let how = Write {
        merge: true,
        create_missing_related: true,
    };
    Group {
        blueprint: blueprint.into(),
        verb: Verb::Upsert(how),
        source,
    }
}

/// Items answer with their own number.
fn item(number: usize, identifier: &str) -> Item<usize> {
    Item {
        identifier: Some(identifier.into()),
        previous: None,
        body: Bytes::new(),
        reply: number,
    }
}

fn numbers(batch: &Batch<usize>) -> Vec<usize> {
    batch.items.iter().map(|(_, item)| item.reply).collect()
}

fn done(queue: &mut Queue<usize>, batch: Batch<usize>) {
    batch
        .items
        .into_iter()
        .for_each(|(turn, _)| queue.release(turn));
    queue.finish(batch.group);
}

#[test]
fn an_idle_host_sends_at_once_and_a_busy_one_fills_its_batches() {
    let (mut queue, services) = (Queue::new(), group("service", GITOPS));
    queue.push(&services, item(0, "first"));
    let first = queue.next().expect("nothing is under way");
    for number in 1..=25 {
        queue.push(&services, item(number, &format!("s{number}")));
    }
    let full = queue.next().expect("twenty are a full batch");
    assert_eq!(numbers(&full), (1..=20).collect::<Vec<_>>());
    assert!(
        queue.next().is_none(),
        "five wait while their group is under way"
    );
    done(&mut queue, first);
    done(&mut queue, full);
    assert_eq!(
        numbers(&queue.next().expect("the rest")),
        (21..=25).collect::<Vec<_>>()
    );
}

#[test]
fn one_entity_is_never_twice_under_way_and_keeps_its_order() {
    let exporter = Source {
        suffix: Suffix::Exporter,
        ..GITOPS
    };
    let (mut queue, one, other) = (
        Queue::new(),
        group("service", GITOPS),
        group("service", exporter),
    );
    queue.push(&one, item(0, "cart"));
    queue.push(&one, item(1, "cart"));
    queue.push(&other, item(2, "cart"));
    queue.push(&other, item(3, "web"));
    let first = queue.next().expect("the first cart");
    let web = queue.next().expect("another group");
    assert_eq!((numbers(&first), numbers(&web)), (vec![0], vec![3]));
    done(&mut queue, web);
    assert!(queue.next().is_none());
    done(&mut queue, first);
    let second = queue.next().expect("the second cart");
    assert_eq!(numbers(&second), [1]);
    assert!(queue.next().is_none());
    done(&mut queue, second);
    assert_eq!(numbers(&queue.next().expect("the third cart")), [2]);
}

#[test]
fn a_renaming_goes_alone_and_holds_both_names() {
    let (mut queue, services) = (Queue::new(), group("service", GITOPS));
    queue.push(
        &services,
        Item {
            previous: Some("old".into()),
            ..item(0, "new")
        },
    );
    queue.push(&services, item(1, "old"));
    queue.push(&services, item(2, "new"));
    queue.push(&services, item(3, "web"));
    let renaming = queue.next().expect("the renaming");
    assert_eq!(numbers(&renaming), [0]);
    done(&mut queue, renaming);
    assert_eq!(numbers(&queue.next().expect("all others")), [3, 2, 1]);
}

#[test]
fn searches_of_a_blueprint_go_one_after_the_other() {
    let (mut queue, services) = (Queue::new(), group("service", GITOPS));
    for number in 0..2 {
        queue.push(
            &services,
            Item {
                identifier: None,
                ..item(number, "")
            },
        );
    }
    let first = queue.next().expect("the first search");
    assert!(queue.next().is_none());
    done(&mut queue, first);
    assert_eq!(numbers(&queue.next().expect("the second search")), [1]);
}

#[test]
fn a_batch_stays_below_a_mebibyte_and_five_calls_are_the_most() {
    let (mut queue, services) = (Queue::new(), group("service", GITOPS));
    for number in 0..7 {
        let body = Bytes::from(vec![b' '; 600 << 10]);
        queue.push(
            &services,
            Item {
                body,
                ..item(number, &number.to_string())
            },
        );
    }
    let calls: Vec<_> = std::iter::from_fn(|| queue.next()).collect();
    assert_eq!(
        calls.iter().map(numbers).collect::<Vec<_>>(),
        [[0], [1], [2], [3], [4]]
    );
    calls.into_iter().for_each(|batch| done(&mut queue, batch));
    let rest: Vec<_> = std::iter::from_fn(|| queue.next()).collect();
    assert_eq!(
        rest.iter().map(numbers).collect::<Vec<_>>(),
        [[5]],
        "the last is a partial batch"
    );
    rest.into_iter().for_each(|batch| done(&mut queue, batch));
    assert_eq!(numbers(&queue.next().expect("the last")), [6]);
    assert!(queue.parked.is_empty());
}

#[test]
fn what_is_deleted_waits_for_what_is_written_and_the_other_way_round() {
    let (mut queue, services) = (Queue::new(), group("service", GITOPS));
    let away = Group {
        verb: Verb::Delete { dependents: true },
        ..services.clone()
    };
    queue.push(&services, item(0, "cart"));
    queue.push(&away, item(1, "cart"));
    queue.push(&services, item(2, "cart"));
    for turn in 0..3 {
        let batch = queue.next().expect("its turn");
        assert_eq!(numbers(&batch), [turn]);
        assert!(queue.next().is_none());
        done(&mut queue, batch);
    }
}

#[test]
fn deletions_share_a_call_only_where_none_can_spoil_it() {
    let (mut queue, services) = (Queue::new(), group("service", GITOPS));
    for (dependents, sizes) in [(true, vec![100, 50]), (false, vec![1; 150])] {
        let away = Group {
            verb: Verb::Delete { dependents },
            ..services.clone()
        };
        (0..150).for_each(|number| queue.push(&away, item(number, &number.to_string())));
        let mut seen = Vec::new();
        while let Some(batch) = queue.next() {
            seen.push(batch.items.len());
            done(&mut queue, batch);
        }
        assert_eq!(seen, sizes);
    }
}
