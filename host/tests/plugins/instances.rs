//! Instances are kept between events, and nobody can tell.

use portolan::plugins::contract::{Configuration, File, Outcome, Owner};

use crate::guest::{Guest, configuration, event};

/// Refuses from the call after that on: an instance's memory tells how often it was called.
fn refusing_after(calls: u32) -> String {
    format!(
        "(if (i32.gt_u (global.get $calls) (i32.const {calls})) (then
            (i32.store8 (i32.const 256) (i32.const 1)) (i32.store (i32.const 260) (i32.const 0)) (i32.store (i32.const 264) (i32.const 0))))"
    )
}

#[tokio::test]
async fn a_kept_instance_is_opened_once() {
    let guest = Guest {
        map: &refusing_after(3),
        ..Guest::default()
    };
    let plugin = guest.load().await.unwrap();
    plugin.open(&configuration()).await.unwrap();
    for _ in 0..3 {
        let outcome = plugin.map(&configuration(), &event()).await;
        assert_eq!(outcome, Ok(Outcome::Unchanged));
    }
    // The fourth call of the same instance.
    plugin.map(&configuration(), &event()).await.unwrap_err();
}

#[tokio::test]
async fn configurations_and_organizations_do_not_share_instances() {
    let guest = Guest {
        map: &refusing_after(1),
        ..Guest::default()
    };
    let plugin = guest.load().await.unwrap();
    let file = |text: &str| File {
        owner: Owner::Repository,
        path: "port.yml".to_owned(),
        text: text.to_owned(),
    };
    for configuration in [
        Configuration::new("acme", Vec::new()),
        Configuration::new("umbrella", Vec::new()),
        Configuration::new("acme", vec![file("a: 1")]),
        Configuration::new("acme", vec![file("a: 2")]),
    ] {
        let outcome = plugin.map(&configuration, &event()).await;
        assert_eq!(outcome, Ok(Outcome::Unchanged));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_configurations_at_once_fit_the_pool() {
    let plugin = Guest::default().load().await.unwrap();
    let calls: Vec<_> = (0..500)
        .map(|number| {
            let plugin = plugin.clone();
            tokio::spawn(async move {
                let organization = format!("organization-{}", number % 100);
                let configuration = Configuration::new(&organization, Vec::new());
                plugin.open(&configuration).await?;
                plugin.map(&configuration, &event()).await
            })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), Ok(Outcome::Unchanged));
    }
}

#[tokio::test]
async fn an_instance_that_grew_large_is_not_kept() {
    let guest = Guest {
        map: &format!("{} (drop (memory.grow (i32.const 800)))", refusing_after(1)),
        ..Guest::default()
    };
    let plugin = guest.load().await.unwrap();
    for _ in 0..3 {
        let outcome = plugin.map(&configuration(), &event()).await;
        assert_eq!(outcome, Ok(Outcome::Unchanged));
    }
}
