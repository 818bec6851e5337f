//! People look at what plugins would make of an event, of objects or of a checkout, before anything is written.

mod checkout;
mod explained;
mod objects;
mod port;
mod usage;

use portolan_tests::host::Tool;
use serde_json::{Value, json};

pub(crate) const PULL_REQUESTS: &str = include_str!("../fixtures/webhooks/pull_request.jsonl");

/// What a command said: its exit status, standard output, standard error.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    /// Nothing is to be mended.
    #[track_caller]
    fn fine(self) -> String {
        self.ended(0)
    }

    /// Something is.
    #[track_caller]
    fn with_mistakes(self) -> String {
        self.ended(1)
    }

    #[track_caller]
    fn ended(self, code: i32) -> String {
        let all = format!("{}\n{}", self.out, self.err);
        assert_eq!((self.code, self.err.as_str()), (Some(code), ""), "{all}");
        self.out
    }

    /// The one sentence of a command that could not begin, or not go on.
    #[track_caller]
    fn refused(self) -> String {
        assert_eq!(self.code, Some(2), "{}{}", self.out, self.err);
        assert_eq!(self.err.trim_end().lines().count(), 1, "{}", self.err);
        assert!(self.err.ends_with(".\n"), "no sentence: {}", self.err);
        self.err
    }
}

/// `portolan preview …`
fn preview(tool: &Tool, line: &str) -> Said {
    preview_of(tool, line, "")
}

/// The same with this on its standard input.
fn preview_of(tool: &Tool, line: &str, input: &str) -> Said {
    let words: Vec<_> = ["preview"]
        .into_iter()
        .chain(line.split_whitespace())
        .collect();
    let output = tool.run(&words, input);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("what people read is UTF-8");
    Said {
        code: output.status.code(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// What `--json` printed, a line each.
fn lines(out: &str) -> Vec<Value> {
    let line = |line| serde_json::from_str(line).expect("one object a line");
    out.lines().map(line).collect()
}

/// The lines of objects alone.
fn objects(out: &str) -> Vec<Value> {
    lines(out)
        .into_iter()
        .filter(|line| line["type"] == "object")
        .collect()
}

/// A recorded payload.
fn payload(nth: usize) -> &'static str {
    PULL_REQUESTS.lines().nth(nth).expect("there are some")
}

/// Its pull request, as GitHub's list has it.
fn pull_request(nth: usize) -> Value {
    let payload: Value = serde_json::from_str(payload(nth)).expect("it is JSON");
    payload["pull_request"].clone()
}

/// All of them, one a line.
fn pull_requests() -> String {
    let all = PULL_REQUESTS.lines().count();
    (0..all)
        .map(|nth| format!("{}\n", pull_request(nth)))
        .collect()
}

#[test]
fn a_saved_webhook_shows_the_entities_it_leads_to() {
    let tool = Tool::with(&["pull-requests", "gitops"]);
    tool.file("pull_request.json", payload(0));

    let out = preview(&tool, "--event pull_request.json").fine();

    assert_eq!(
        out,
        "\
pull-request Codertocat/Hello-World#2
  githubPullRequest Hello-World279147437  Update the README with new information.  (pull-requests)
      creator    Codertocat
      link       https://github.com/Codertocat/Hello-World/pull/2
      status     open
      → service  Hello-World

note: by its shape this is the event `pull_request`; --name says another.
note: no configuration of gitops was found; the organization's is not known offline: give it by --organization-config, or one by --config.
note: nothing was compared: PORT_URL, PORT_CLIENT_ID and PORT_CLIENT_SECRET are not set.
1 object: 1 entity; no errors, no warnings.
"
    );
}

#[test]
fn machines_read_an_object_a_line() {
    let tool = Tool::with(&["pull-requests"]);

    let out = preview_of(&tool, "--event - --name pull_request --json", payload(0)).fine();

    let [configuration, object, summary] = lines(&out).try_into().expect("three lines");
    assert_eq!(
        (&configuration["type"], &configuration["plugin"]),
        (&"configuration".into(), &"pull-requests".into())
    );
    assert_eq!(object["repository"], "Codertocat/Hello-World");
    assert_eq!(object["number"], 2);
    let entity = &object["entities"][0];
    assert_eq!(entity["blueprint"], "githubPullRequest");
    assert_eq!(entity["identifier"], "Hello-World279147437");
    assert_eq!(entity["properties"]["creator"], "Codertocat");
    assert_eq!(entity["relations"]["service"], "Hello-World");
    assert_eq!(entity["change"], Value::Null, "Port was not asked");
    assert_eq!(
        (&summary["objects"], &summary["errors"]),
        (&1.into(), &0.into())
    );
}

/// Somebody may look at home at what a host has given up.
#[tokio::test]
async fn what_a_host_shows_of_a_delivery_is_an_event_as_well() {
    let acme = crate::acme::Acme::new().await;
    let host = acme.host().plugin("pull-requests").start().await;
    let shop = acme.github.repository("acme/shop");
    shop.push_to("fast", &[("a.txt", "a")], "Begin");
    let opened = shop.pull_request_event("opened", shop.open_pull_request("Be fast", "fast"));
    let signed = acme.github.sign(&opened);
    assert_eq!(acme.github.post(&host.url(), &signed).await.0, 202);
    host.wait_for_line("mapped pull-request").await;
    let shown = host.cli(&["deliveries", "show", &signed.guid, "--json"]);
    let shown = String::from_utf8(shown.stdout).expect("what people read is UTF-8");

    let tool = Tool::with(&["pull-requests"]);
    let out = preview_of(&tool, "--event -", &shown).fine();

    assert!(out.contains("Be fast"), "{out}");
    assert!(
        out.contains("secrets and e-mail addresses were taken out"),
        "{out}"
    );
    let identifier = format!("shop{}", opened.payload["pull_request"]["id"]);
    assert!(out.contains(&identifier), "{out}");
    assert!(acme.port.entity("githubPullRequest", &identifier).is_some());
}

/// A trap costs the object that it happened with, and seven in a row are no reason to rest.
#[test]
fn a_mapper_that_fails_is_told_of_by_object_and_the_others_go_on() {
    let tool = Tool::with(&["misbehaving", "asking"]).env("LOG_LEVEL", "silent");
    let titles = ["panic"; 7].into_iter().chain(["blueprint service"]);
    let issues: String = titles
        .enumerate()
        .map(|(nth, title)| issue(nth, title))
        .collect();

    let out = preview_of(&tool, "--event - --kind issue", &issues).with_mistakes();

    assert!(out.contains("error: plugin misbehaving"), "{out}");
    assert!(
        out.contains("= 7 objects, first issue acme/shop#0, misbehaving"),
        "{out}"
    );
    assert!(
        out.contains("issue 7  blueprint service  (misbehaving)"),
        "{out}"
    );
    assert!(
        out.ends_with("8 objects: 2 entities; 14 errors, no warnings.\n"),
        "{out}"
    );
}

/// As GitHub's list has it, but shorter.
fn issue(number: usize, title: &str) -> String {
    let url = "https://api.github.com/repos/acme/shop";
    let issue = json!({"id": number, "number": number, "title": title, "state": "open", "repository_url": url});
    format!("{issue}\n")
}
