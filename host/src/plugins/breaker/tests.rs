use super::*;

/// A repository under a configuration.
fn whose(repository: u64, configuration: u8) -> Whose {
    Whose {
        configuration: [configuration; 32],
        on: On::Repository(Some(repository)),
    }
}

struct Plugin {
    breaker: Breaker,
    now: Instant,
}

impl Plugin {
    fn new() -> Self {
        Self {
            breaker: Breaker::default(),
            now: Instant::now(),
        }
    }

    fn later(&mut self, by: Duration) {
        self.now += by;
    }

    fn fails(&self, whose: Whose) -> Option<Cause> {
        self.breaker.failed(whose, "trap".to_owned(), self.now)
    }

    fn answers(&self, whose: Whose) -> Option<Cause> {
        self.breaker.answered(|| whose)
    }

    /// Whether it is called.
    fn may(&self, whose: Whose) -> Result<(), Cause> {
        let admitted = self.breaker.admit(|| whose, false, self.now);
        admitted.map_err(|resting| resting.cause)
    }
}

#[test]
fn five_failures_in_a_row_are_a_rest_and_one_answer_ends_the_row() {
    let (plugin, shop) = (Plugin::new(), whose(1, 1));
    for _ in 0..4 {
        assert_eq!(plugin.fails(shop), None);
    }
    assert_eq!(plugin.answers(shop), None);
    for _ in 0..4 {
        assert_eq!(plugin.fails(shop), None);
    }
    assert_eq!(plugin.may(shop), Ok(()));
    assert_eq!(plugin.fails(shop), Some(Cause::Failed));
    let resting = Resting {
        cause: Cause::Failed,
        last: "trap".to_owned(),
        left: REST,
    };
    assert_eq!(
        plugin.breaker.check(|| shop, false, plugin.now),
        Err(resting)
    );
    // One that had begun before.
    assert_eq!(plugin.answers(shop), Some(Cause::Failed));
    assert_eq!(plugin.may(shop), Ok(()));
}

#[test]
fn after_the_rest_one_may_try() {
    let (mut plugin, shop) = (Plugin::new(), whose(1, 1));
    for _ in 0..5 {
        plugin.fails(shop);
    }
    plugin.later(REST);
    assert_eq!(plugin.may(shop), Ok(()));
    assert_eq!(plugin.may(shop), Err(Cause::Failed));
    assert_eq!(plugin.fails(shop), None, "said before");
    assert_eq!(plugin.may(shop), Err(Cause::Failed));
    plugin.later(REST);
    assert_eq!(plugin.may(shop), Ok(()));
    assert_eq!(plugin.answers(shop), Some(Cause::Failed));
    assert_eq!(plugin.may(shop), Ok(()));
}

#[test]
fn it_rests_for_one_repository_and_its_configuration_alone() {
    let plugin = Plugin::new();
    // However often, and with however many configurations: it is still one repository.
    for configuration in 0..20 {
        for _ in 0..5 {
            plugin.fails(whose(1, configuration));
        }
        assert_eq!(plugin.may(whose(1, configuration)), Err(Cause::Failed));
    }
    assert_eq!(plugin.may(whose(1, 99)), Ok(()), "one that is new there");
    assert_eq!(plugin.may(whose(2, 0)), Ok(()));
}

#[test]
fn what_fails_for_five_repositories_in_a_row_is_sick_and_rests_for_them() {
    let mut plugin = Plugin::new();
    for repository in 1..=4 {
        assert_eq!(plugin.fails(whose(repository, 1)), None);
    }
    assert_eq!(plugin.answers(whose(9, 1)), None);
    for repository in 1..=4 {
        assert_eq!(plugin.fails(whose(repository, 1)), None);
    }
    assert_eq!(plugin.fails(whose(5, 1)), Some(Cause::Sick));
    let new_there = plugin.may(whose(5, 2));
    assert_eq!(new_there, Err(Cause::Sick), "whatever the configuration");
    plugin.later(REST);
    assert_eq!(plugin.may(whose(4, 1)), Ok(()));
    assert_eq!(plugin.may(whose(5, 1)), Err(Cause::Sick));
    assert_eq!(plugin.fails(whose(4, 1)), None, "said before");
    plugin.later(REST);
    assert_eq!(plugin.may(whose(5, 1)), Ok(()));
    assert_eq!(plugin.answers(whose(5, 1)), Some(Cause::Sick));
    assert_eq!(plugin.may(whose(1, 1)), Ok(()));
}

#[test]
fn whom_a_sick_plugin_did_not_fail_for_tries_it_one_at_a_time() {
    let plugin = Plugin::new();
    for repository in 1..=5 {
        plugin.fails(whose(repository, 1));
    }
    assert_eq!(plugin.may(whose(6, 1)), Ok(()));
    assert_eq!(plugin.may(whose(7, 1)), Err(Cause::Sick));
    assert_eq!(plugin.fails(whose(6, 1)), None, "said before");
    assert_eq!(plugin.may(whose(6, 1)), Err(Cause::Sick), "one of them now");
    assert_eq!(plugin.may(whose(7, 1)), Ok(()));
    assert_eq!(plugin.answers(whose(7, 1)), Some(Cause::Sick));
    assert_eq!(plugin.may(whose(1, 1)), Ok(()), "it was they");
}

#[test]
fn opening_a_configuration_tells_nothing_of_how_it_maps() {
    let plugin = Plugin::new();
    let opening = |configuration| Whose {
        configuration: [configuration; 32],
        on: On::Opening,
    };
    for configuration in 1..=9 {
        assert_eq!(plugin.fails(opening(configuration)), None);
    }
    assert_eq!(plugin.may(whose(1, 1)), Ok(()));
    for repository in 1..=5 {
        plugin.fails(whose(repository, 1));
    }
    assert_eq!(plugin.may(opening(2)), Ok(()));
    assert_eq!(plugin.answers(opening(2)), None);
    assert_eq!(plugin.may(whose(1, 1)), Err(Cause::Sick));
}

#[test]
fn a_quick_end_of_an_event_that_was_slow_leaves_its_rest() {
    let mut plugin = Plugin::new();
    let (shop, took) = (whose(1, 1), Duration::from_millis(900));
    let slow = |plugin: &Plugin| {
        let what = "it took 0.9 s".to_owned();
        plugin.breaker.took_long(shop, took, what, plugin.now);
    };
    let goes_on = |plugin: &Plugin| plugin.breaker.admit(|| shop, true, plugin.now);
    // A slow one may be the one that tries, too.
    for _ in 0..2 {
        slow(&plugin);
        assert_eq!(goes_on(&plugin), Ok(()));
        assert_eq!(plugin.answers(shop), None);
        assert_eq!(plugin.may(shop), Err(Cause::Slow));
        plugin.later(took * SLOW);
        assert_eq!(plugin.may(shop), Ok(()));
    }
    assert_eq!(plugin.answers(shop), None);
    assert_eq!(plugin.may(shop), Ok(()), "quick again");
}

#[test]
fn who_took_long_rests_the_longer_and_keeps_nobody_else_waiting() {
    let mut plugin = Plugin::new();
    let took = Duration::from_millis(300);
    let slow = |plugin: &Plugin, repository| {
        let what = "it took 0.3 s".to_owned();
        (plugin.breaker).took_long(whose(repository, 1), took, what, plugin.now);
    };
    for repository in 1..=9 {
        slow(&plugin, repository);
        assert_eq!(plugin.may(whose(repository, 1)), Err(Cause::Slow));
    }
    let goes_on = plugin.breaker.admit(|| whose(9, 1), true, plugin.now);
    assert_eq!(goes_on, Ok(()), "what was begun");
    assert_eq!(plugin.may(whose(1, 2)), Ok(()), "another configuration");
    assert_eq!(plugin.may(whose(10, 1)), Ok(()), "another repository");
    plugin.later(took * SLOW);
    assert_eq!(plugin.may(whose(1, 1)), Ok(()));
    assert_eq!(plugin.may(whose(1, 1)), Err(Cause::Slow), "one at a time");
    slow(&plugin, 1);
    plugin.later(took * SLOW);
    assert_eq!(plugin.may(whose(1, 1)), Ok(()));
    assert_eq!(plugin.answers(whose(1, 1)), None, "nothing had failed");
    assert_eq!(plugin.may(whose(1, 1)), Ok(()));
}

#[test]
fn what_is_on_record_is_bounded_and_becomes_history() {
    let mut plugin = Plugin::new();
    for repository in 0..2 * ROWS as u64 {
        plugin.fails(whose(repository, 1));
        plugin.answers(whose(0, 0));
    }
    let on_record = |plugin: &Plugin| plugin.breaker.state().rows.len();
    assert_eq!(on_record(&plugin), ROWS);
    plugin.later(STALE);
    assert_eq!(plugin.may(whose(0, 0)), Ok(()));
    assert_eq!(on_record(&plugin), 0);
}
