//! GitHub refuses, limits, moves things, or is away.

use std::time::{Duration, Instant};

use portolan_tests::fault::Fault;
use portolan_tests::quota::Quota;
use portolan_tests::stranger::Stranger;

use crate::acme::{Acme, described};

#[tokio::test]
async fn what_is_missing_is_named_at_start_a_line_each() {
    let acme = Acme::new().await;
    acme.github.app_permissions(&[
        ("metadata", "read"),
        ("contents", "read"),
        ("issues", "read"),
        ("pull_requests", "read"),
    ]);
    acme.github.app_events(&["push", "repository", "issues"]);
    let globex = acme.github.organization("globex");
    globex.grant(&[("metadata", "read"), ("contents", "read")]);
    acme.github.repository("globex/.github-private");
    acme.github.organization("initech").suspend();

    let host = acme.host_at_first_start().start().await;

    host.wait_for_line("first start: ").await;
    let lines = host.lines();
    #[rustfmt::skip]
    let told = [
        ("INFO", "GitHub knows the App as `Portolan`, installed in 3 account(s)"),
        ("INFO", "Port accepted the credentials"),
        ("WARN", "the App lacks the permission `actions: read`, needed for the kind workflow-run: grant it"),
        ("WARN", "the App is not subscribed to `pull_request`, `workflow_run`"),
        ("INFO", "acme: no readable repository `.github-private`"),
        ("WARN", "globex: an owner has yet to accept the App's permission(s) `pull_requests`, `issues`"),
        ("WARN", "initech: the installation is suspended; nothing is mapped there"),
    ];
    for (level, words) in told {
        let mut about = lines.iter().filter(|line| line.contains(words));
        let line = about.next();
        assert!(
            line.is_some_and(|line| line.contains(level)),
            "{words}\n{lines:#?}"
        );
        assert!(about.next().is_none(), "twice: {words}");
    }
    let globex = "globex: no readable repository";
    assert!(!lines.join("\n").contains(globex), "{lines:#?}");
}

#[tokio::test]
async fn a_repository_out_of_reach_is_named_and_holds_up_nobody() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    let pushed = acme.service("secret");
    acme.github.repository("acme/secret").hide();

    acme.deliver(&host, &pushed).await;

    let line = host.wait_for_line("put aside").await;
    assert!(line.contains("acme/secret"), "{line}");
    assert!(line.contains("404"), "{line}");
    assert!(
        line.contains("the App's installation does not include it"),
        "{line}"
    );
    acme.arrives(&host, "shop").await;
    assert!(acme.port.entity("service", "secret").is_none());
}

#[tokio::test]
async fn a_suspended_installation_is_named_and_taken_in_again_when_it_is_resumed() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    acme.arrives(&host, "first").await;
    let organization = acme.github.organization("acme");
    let id = organization.installation_id();

    acme.deliver(&host, &organization.suspend()).await;
    acme.deliver(&host, &acme.service("shop")).await;
    let line = host.wait_for_line("put aside").await;
    assert!(
        line.contains(&format!("installation {id} is suspended")),
        "{line}"
    );
    assert!(
        line.contains("an owner of that organization can unsuspend it"),
        "{line}"
    );

    acme.deliver(&host, &organization.unsuspend()).await;
    acme.port.wait_for_entity("service", "shop").await;
}

#[tokio::test]
async fn a_permission_that_is_lacking_is_named_where_it_is_lacking() {
    let acme = Acme::new().await;
    acme.github
        .organization("acme")
        .without_permission("contents");
    let host = acme.host().start().await;

    acme.deliver(&host, &acme.service("shop")).await;

    let line = host.wait_for_line("put aside").await;
    assert!(
        line.contains("the App lacks the permission `contents: read`"),
        "{line}"
    );
    assert!(
        line.contains("then accept it in the organization"),
        "{line}"
    );
}

#[tokio::test]
async fn rate_limits_of_either_status_are_waited_out_and_asked_only_once() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    acme.arrives(&host, "first").await;

    for (name, status) in [("shop", 403), ("cart", 429)] {
        let pushed = acme.service(name);
        let limit = Fault::status(status).header("retry-after", "2");
        acme.github.fail(limit.on("/branches/"));
        let (began, mark) = (Instant::now(), acme.github.mark());
        acme.deliver(&host, &pushed).await;
        acme.port.wait_for_entity("service", name).await;

        assert!(
            began.elapsed() >= Duration::from_secs(2),
            "{:?}",
            began.elapsed()
        );
        let asked = acme.github.requests_since(mark).into_iter();
        let refused = asked.filter(|request| request.status == status).count();
        assert_eq!(refused, 1, "{status}");
    }
}

#[tokio::test]
async fn a_quota_that_is_used_up_is_waited_for() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    acme.arrives(&host, "first").await;

    acme.github.limit(Quota::of(6, Duration::from_secs(2)));
    for name in ["shop", "cart", "till"] {
        acme.deliver(&host, &acme.service(name)).await;
    }
    for name in ["shop", "cart", "till"] {
        acme.port.wait_for_entity("service", name).await;
    }
}

#[tokio::test]
async fn nothing_is_lost_while_github_fails() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    acme.arrives(&host, "first").await;

    acme.github.fail(Fault::status(502).on("/repos/").times(5));
    acme.arrives(&host, "shop").await;

    acme.github.go_down();
    acme.deliver(&host, &acme.service("cart")).await;
    let line = host.wait_for_line("GitHub is away").await;
    assert!(line.contains("everything waits"), "{line}");
    acme.github.go_up();
    acme.port.wait_for_entity("service", "cart").await;
}

#[tokio::test]
async fn a_head_from_before_the_push_is_not_taken_for_the_present_one() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    acme.arrives(&host, "shop").await;
    let shop = acme.github.repository("acme/shop");
    let old = shop.head().expect("just pushed");
    let new = shop.push(&[("port.yml", &described("store"))], "Say it anew");
    let pushed = shop.pushed(&new);
    shop.reset("main", &old);
    let asked = acme.github.requests().len();

    acme.deliver(&host, &pushed).await;
    let again = |_: &_| acme.github.requests().len() > asked;
    acme.github.wait_for_request("the head", again).await;
    shop.reset("main", &new);

    acme.port.wait_for_entity("service", "store").await;
}

#[tokio::test]
async fn a_take_in_waits_for_a_repository_that_github_does_not_show_yet() {
    let acme = Acme::new().await;
    acme.service("cart");
    let host = acme.host().start().await;
    let lag = Fault::status(404).on("/repositories/");
    acme.github.fail(lag);
    let added = acme
        .github
        .organization("acme")
        .repositories_added(&["cart"]);

    acme.deliver(&host, &added).await;

    let line = host.wait_for_line("acme/cart could not be listed").await;
    assert!(line.contains("will be tried again in 1 s"), "{line}");
    acme.port.wait_for_entity("service", "cart").await;
    host.wait_for_line("1 repositories of acme were taken in")
        .await;
    let asked = acme.github.requests();
    let listed = asked
        .iter()
        .any(|request| request.path == "/installation/repositories");
    assert!(!listed, "one is not worth a list");
}

#[tokio::test]
async fn what_was_there_before_the_first_start_arrives_though_github_was_away_then() {
    let acme = Acme::new().await;
    acme.service("shop");
    acme.github.go_down();
    let host = acme.host_at_first_start().start().await;

    host.wait_for_line("the installations could not be listed, next try in 1 s")
        .await;
    acme.github.go_up();

    acme.port.wait_for_entity("service", "shop").await;
}

#[tokio::test]
async fn one_organization_in_trouble_does_not_keep_the_others_from_being_taken_in() {
    let acme = Acme::new().await;
    acme.service("shop");
    let id = acme.github.organization("acme").installation_id();
    let refused = Fault::status(403)
        .on(&format!("/app/installations/{id}/access_tokens"))
        .always();
    acme.github.fail(refused);
    let globex = acme.github.repository("globex/mill");
    globex.push(&[("port.yml", &described("mill"))], "Describe it");

    let host = acme.host_at_first_start().start().await;

    acme.port.wait_for_entity("service", "mill").await;
    let line = host
        .wait_for_line("repositories of acme could not be listed")
        .await;
    assert!(line.contains("put aside"), "{line}");
}

#[tokio::test]
async fn tokens_that_are_too_fresh_too_old_or_revoked_are_no_trouble() {
    let acme = Acme::new().await;
    acme.github.refuse_fresh_tokens(2);
    let host = acme.host().start().await;
    acme.arrives(&host, "fresh").await;

    acme.github.refuse_fresh_tokens(0);
    acme.github.revoke_tokens();
    acme.arrives(&host, "revoked").await;

    let lines = host.lines().join("\n");
    assert!(
        !lines.contains("WARN") && !lines.contains("ERROR"),
        "{lines}"
    );
}

#[tokio::test]
async fn a_clock_that_is_off_is_worked_around_and_named() {
    for seconds in [3600, -3600] {
        let acme = Acme::new().await;
        acme.github.clock_skew(seconds);

        let host = acme.host().start().await;

        let line = host.wait_for_line("clock is").await;
        assert!(
            line.contains("off GitHub's") && line.contains("NTP"),
            "{line}"
        );
        acme.arrives(&host, "shop").await;
        let lines = host.lines();
        let about = lines.iter().filter(|line| line.contains("clock is"));
        assert_eq!(about.count(), 1, "{lines:#?}");
    }
}

#[tokio::test]
async fn a_redirect_to_another_origin_is_not_followed() {
    let acme = Acme::new().await;
    let stranger = Stranger::start().await;
    let host = acme.host().start().await;
    let pushed = acme.service("shop");
    let branch = "/repos/acme/shop/branches/main";
    acme.github.redirect(branch, 302, stranger.url());

    acme.deliver(&host, &pushed).await;

    let line = host.wait_for_line("put aside").await;
    assert!(
        line.contains(branch) && line.contains(&stranger.url()),
        "{line}"
    );
    assert!(line.contains("lies outside of what may be read"), "{line}");
    acme.arrives(&host, "cart").await;
    assert_eq!(stranger.requests().len(), 0);
}

#[tokio::test]
async fn a_repository_renamed_after_the_push_is_found_by_its_new_name() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    let pushed = acme.service("shop");
    let shop = acme.github.repository("acme/shop");
    let renamed = shop.rename("store");

    acme.deliver(&host, &pushed).await;
    acme.port.wait_for_entity("service", "shop").await;
    let moved = acme
        .github
        .requests()
        .iter()
        .any(|request| request.status == 301);
    assert!(moved, "the old name was asked for");

    shop.push(&[("port.yml", &described("store"))], "Say it anew");
    acme.deliver(&host, &renamed).await;
    acme.port.wait_for_entity("service", "store").await;
}

#[tokio::test]
async fn a_tree_too_large_for_one_answer_is_read_whole() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    let names: Vec<_> = (0..12).map(|number| format!("part-{number}")).collect();
    let mut files = Vec::new();
    for name in &names {
        files.push((format!("parts/{name}/deep/port.yml"), described(name)));
        files.push((format!("parts/{name}/README.md"), "Hello\n".to_owned()));
    }
    let files: Vec<_> = files
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    let shop = acme.github.repository("acme/shop");
    let commit = shop.push(&files, "Many parts");
    acme.github.truncate_trees_after(5);

    acme.deliver(&host, &shop.pushed(&commit)).await;

    let line = host.wait_for_line("mapped tree").await;
    assert!(line.contains("12 upserted, 12 of them new"), "{line}");
    for name in &names {
        assert!(acme.port.entity("service", name).is_some(), "{name}");
    }
}

#[tokio::test]
async fn the_first_start_takes_in_every_page_of_repositories_once() {
    let acme = Acme::new().await;
    for number in 0..130 {
        acme.service(&format!("shop-{number}"));
    }
    let mut host = acme.host_at_first_start().start().await;

    host.wait_for_line("130 repositories of acme were taken in")
        .await;
    let everything = |port: &portolan_tests::port::FakePort| port.entities("service").len() == 130;
    acme.port.wait_for("130 services", everything).await;

    let mark = acme.github.mark();
    let again = host.again();
    host.stop().await;
    host = again.start().await;
    host.wait_for_line("GitHub knows the App").await;
    acme.arrives(&host, "late").await;
    let asked = acme.github.requests_since(mark);
    let listed = asked
        .iter()
        .any(|request| request.path == "/installation/repositories");
    assert!(!listed, "a second start is no first start");
}
