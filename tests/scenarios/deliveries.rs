//! What was given up is found by people, with its reason, and replayed or dropped: on a running host and on a stopped one.

mod blueprint;
mod deletions;

use std::process::Output;

use portolan_tests::github::Event;
use portolan_tests::host::{RunningHost, TestHost};
use serde_json::{Value, json};

use crate::acme::Acme;

/// What a command said: its exit status, standard output, standard error.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    #[track_caller]
    fn fine(self) -> String {
        assert_eq!(
            (self.code, self.err.as_str()),
            (Some(0), ""),
            "{}",
            self.out
        );
        self.out
    }

    /// The one sentence of a command that did nothing.
    #[track_caller]
    fn refused(self) -> String {
        assert_eq!(
            (self.code, self.out.as_str()),
            (Some(1), ""),
            "{}",
            self.err
        );
        assert_eq!(self.err.trim_end().lines().count(), 1, "{}", self.err);
        assert!(self.err.ends_with(".\n"), "no sentence: {}", self.err);
        self.err
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("what people read is UTF-8");
        Self {
            code: output.status.code(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }
}

/// `portolan deliveries …` where the host runs.
fn deliveries(host: &RunningHost, line: &str) -> Said {
    let words: Vec<_> = ["deliveries"].into_iter().chain(line.split(' ')).collect();
    host.cli(&words).into()
}

/// The same where it has stopped.
fn deliveries_at_rest(host: &TestHost, line: &str) -> Said {
    let words: Vec<_> = ["deliveries"].into_iter().chain(line.split(' ')).collect();
    host.cli(&words).into()
}

/// A push whose entity Port refuses with 422, because `tier` is not among the blueprint's; and its GUID.
async fn given_up(acme: &Acme, host: &RunningHost, name: &str) -> String {
    let port_yml = format!("identifier: {name}\nblueprint: service\nproperties:\n  tier: Golden\n");
    deliver(acme, host, &acme.pushes(name, &port_yml)).await
}

async fn deliver(acme: &Acme, host: &RunningHost, event: &Event) -> String {
    let (said, signed) = (host.said(), acme.github.sign(event));
    let (status, text) = acme.github.post(&host.url(), &signed).await;
    assert_eq!(status, 202, "{text}");
    host.wait_for_line_after(said, "put aside").await;
    signed.guid
}

/// Lets Port take whatever tier anybody likes; nothing else of the blueprint changes.
fn mend(acme: &Acme) {
    let blueprints: Value = serde_json::from_str(include_str!("../fixtures/blueprints.json"))
        .expect("the fixture is JSON");
    let mut blueprints = blueprints.as_array().into_iter().flatten().cloned();
    let service = blueprints.find(|blueprint| blueprint["identifier"] == "service");
    let mut service = service.expect("the fixture has it");
    service["schema"]["properties"]["tier"] = json!({"type": "string"});
    acme.port.blueprint(service);
}

fn lines(json_lines: &str) -> Vec<Value> {
    let line = |line| serde_json::from_str(line).expect("one object a line");
    json_lines.lines().map(line).collect()
}

#[tokio::test]
async fn what_port_refused_is_found_with_its_cause_and_replayed_once_the_blueprint_is_mended() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    acme.arrives(&host, "first").await;
    let guid = given_up(&acme, &host, "shop").await;

    let table = deliveries(&host, "list --state quarantined").fine();
    let row = table.lines().find(|line| line.ends_with(&guid));
    let row = row.unwrap_or_else(|| panic!("no {guid} in:\n{table}"));
    for part in ["push", "acme/shop", "quarantined", "data"] {
        assert!(row.contains(part), "no {part} in {row}");
    }
    assert!(!table.contains("acme/first"), "{table}");
    for part in [
        "data: 1 event of gitops",
        "\"tier\" must be one of",
        "then `portolan deliveries replay --cause data`",
    ] {
        assert!(table.contains(part), "no {part} in:\n{table}");
    }
    let shown = deliveries(&host, &format!("show {guid}")).fine();
    for part in [
        "state       quarantined",
        "plugin gitops: data",
        "\"ref\": \"refs/heads/main\"",
    ] {
        assert!(shown.contains(part), "no {part} in:\n{shown}");
    }

    mend(&acme);
    let counted = deliveries(&host, "replay --cause data --dry-run").fine();
    assert_eq!(
        counted,
        "1 event would be tried again; nothing was done (--dry-run).\n"
    );
    assert!(acme.port.entity("service", "shop").is_none());

    let replayed = deliveries(&host, "replay --cause data").fine();
    assert_eq!(replayed, "1 event is tried again now.\n");
    let shop = acme.port.wait_for_entity("service", "shop").await;
    assert_eq!(shop["properties"]["tier"], "Golden");
    let left = deliveries(&host, "list --state quarantined").fine();
    assert_eq!(left, "No deliveries fit.\n");
}

#[tokio::test]
async fn what_is_replayed_while_the_host_is_stopped_is_done_at_its_next_start() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    let guid = given_up(&acme, &host, "shop").await;
    let stopped = host.again();
    host.stop().await;

    let table = deliveries_at_rest(&stopped, "list").fine();
    assert!(
        table.contains(&guid) && table.contains("\"tier\" must be one of"),
        "{table}"
    );
    mend(&acme);
    let counted = deliveries_at_rest(&stopped, &format!("replay {guid} --dry-run")).fine();
    assert_eq!(
        counted,
        "1 event would be tried again; nothing was done (--dry-run).\n"
    );
    let replayed = deliveries_at_rest(&stopped, &format!("replay {guid}")).fine();
    assert_eq!(
        replayed,
        "1 event will be tried again at the host's next start.\n"
    );
    let again = deliveries_at_rest(&stopped, &format!("replay {guid}")).refused();
    assert!(
        again.contains("waits and is tried again by itself"),
        "{again}"
    );
    assert!(acme.port.entity("service", "shop").is_none());

    let host = stopped.start().await;

    acme.port.wait_for_entity("service", "shop").await;
    host.wait_for_line("mapped tree of acme/shop").await;
}

#[tokio::test]
async fn a_host_that_was_killed_leaves_nothing_that_is_in_the_way() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    let guid = given_up(&acme, &host, "shop").await;
    let killed = host.again();
    host.kill().await;

    let listed = lines(&deliveries_at_rest(&killed, "list --json").fine());

    assert_eq!(listed[0]["id"], guid.as_str());
    assert_eq!(listed[0]["state"], "quarantined");
    assert_eq!(listed[0]["quarantined"][0]["cause"], "data");
}

#[tokio::test]
async fn what_is_dropped_is_not_asked_about_again() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    let shop = given_up(&acme, &host, "shop").await;
    let cart = given_up(&acme, &host, "cart").await;

    let counted = deliveries(&host, "drop --all --dry-run").fine();
    assert_eq!(
        counted,
        "2 events would be dropped; nothing was done (--dry-run).\n"
    );
    let dropped = deliveries(&host, "drop --repository acme/shop").fine();
    assert_eq!(dropped, "1 event was dropped.\n");

    let listed = lines(&deliveries(&host, "list --json --state quarantined").fine());
    let ids: Vec<_> = listed.iter().map(|one| one["id"].as_str()).collect();
    assert_eq!(ids, [Some(cart.as_str())]);
    let done = deliveries(&host, &format!("drop {shop}")).refused();
    assert!(done.contains("is done: there is nothing to drop"), "{done}");
}

#[tokio::test]
async fn what_a_take_in_brought_is_found_by_its_repository_in_whatever_case() {
    let acme = Acme::new().await;
    acme.pushes("cart", "identifier: cart\nblueprint: service\n");
    let refused = "identifier: shop\nblueprint: service\nproperties:\n  tier: Golden\n";
    acme.pushes("shop", refused);
    let host = acme.host_at_first_start().start().await;
    host.wait_for_line("put aside").await;
    acme.port.wait_for_entity("service", "cart").await;

    let listed = lines(&deliveries(&host, "list --json --repository Acme/SHOP").fine());

    let told: Vec<_> = listed
        .iter()
        .map(|one| (&one["repository"], &one["source"]))
        .collect();
    assert_eq!(
        told,
        [(&json!("acme/shop"), &json!("listed"))],
        "{listed:#?}"
    );
    let counted = deliveries(&host, "replay --repository ACME/shop --dry-run").fine();
    assert_eq!(
        counted,
        "1 event would be tried again; nothing was done (--dry-run).\n"
    );
}

#[tokio::test]
async fn an_id_that_is_not_known_is_one_sentence() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    let guid = given_up(&acme, &host, "shop").await;
    let known_and_not = format!("replay {guid} 00000000-0000-0000-0000-000000000000");
    for line in [
        "replay none",
        "drop none",
        "show none",
        "show ../../livez",
        &known_and_not,
    ] {
        let said = deliveries(&host, line).refused();
        assert!(
            said.contains("this delivery is not known"),
            "{line}: {said}"
        );
    }
    let stopped = host.again();
    host.stop().await;
    for line in ["replay none", "drop none", "show none"] {
        let said = deliveries_at_rest(&stopped, line).refused();
        assert!(
            said.contains("none: this delivery is not known"),
            "{line}: {said}"
        );
    }
    let listed = lines(&deliveries_at_rest(&stopped, "list --json").fine());
    assert_eq!(
        listed[0]["state"], "quarantined",
        "one that is unknown spoils the whole order"
    );
}

#[tokio::test]
async fn where_no_host_ever_ran_there_is_nothing_to_look_at() {
    let acme = Acme::new().await;
    let said = deliveries_at_rest(&acme.host(), "list").refused();
    assert!(
        said.contains("there is no store in") && said.contains("set DATA_DIR"),
        "{said}"
    );
    let nothing_chosen: Said = acme.host().cli(&["deliveries", "replay"]).into();
    assert_eq!(nothing_chosen.code, Some(2));
    assert!(
        nothing_chosen.err.contains("--all"),
        "{}",
        nothing_chosen.err
    );
}

#[tokio::test]
async fn nothing_secret_and_nobodys_address_is_printed() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    let port_yml = "identifier: shop\nblueprint: service\nproperties:\n  tier: Golden\n";
    let mut event = acme.pushes("shop", port_yml);
    event.payload["head_commit"]["message"] = json!(
        "Use ghp_0123456789abcdef0123456789abcdef0123\n\nCo-authored-by: Ada <ada@example.com>\u{1b}[2J"
    );
    event.payload["client_payload"] = json!({"password": "hunter2"});
    let guid = deliver(&acme, &host, &event).await;
    let admin = std::fs::read_to_string(host.data_dir().join("admin.json"));
    let admin: Value = serde_json::from_str(&admin.expect("a running host has one")).expect("JSON");
    let token = admin["token"].as_str().expect("a token").to_owned();

    let show = format!("show {guid}");
    let show_json = format!("show {guid} --json");
    let mut said = String::new();
    for line in [
        "list",
        "list --json",
        &show,
        &show_json,
        "replay --all --dry-run",
    ] {
        said += &deliveries(&host, line).fine();
    }

    assert!(said.contains("Co-authored-by: Ada <[e-mail]>"), "{said}");
    for secret in [
        "ghp_",
        "hunter2",
        "example.com>",
        "\u{1b}",
        "\\u001b",
        &token,
    ] {
        assert!(!said.contains(secret), "{secret} was said:\n{said}");
    }
    acme.assert_no_secret_in(&said);
    acme.assert_no_secret_in(&host.lines().join("\n"));
    assert!(!host.lines().join("\n").contains(&token));
}
