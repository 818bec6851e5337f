//! A checkout is mapped, and answers for its repository.

use std::os::unix::fs::symlink;

use portolan_tests::host::Tool;

use super::{issue, objects, payload, preview, preview_of};

const PORT_YML: &str = include_str!("../../fixtures/checkout/port.yml");

/// `acme/shop` on its branch `main`, as `git clone` leaves it but for the objects.
pub(super) fn shop(tool: &Tool) -> &Tool {
    let remote = "[remote \"origin\"]\n\turl = git@github.example.com:acme/shop.git\n";
    tool.file("shop/.git/HEAD", "ref: refs/heads/main\n")
        .file(
            "shop/.git/refs/heads/main",
            &format!("{}\n", "7".repeat(40)),
        )
        .file(
            "shop/.git/refs/remotes/origin/HEAD",
            "ref: refs/remotes/origin/main\n",
        )
        .file("shop/.git/config", remote)
}

#[test]
fn its_port_yml_files_become_entities_and_a_mistake_stands_under_its_line() {
    let tool = Tool::with(&["gitops"]);
    shop(&tool)
        .file("shop/port.yml", PORT_YML)
        .file("shop/README.md", "# Checkout\n\nTakes the money.\n")
        .file(
            "shop/web/port.yml",
            "identifier: web\nblueprint: service\nproperties:\n  tier: [Gold\n",
        );

    let out = preview(&tool, "--repo shop").with_mistakes();

    assert_eq!(
        out,
        "\
tree acme/shop
  service checkout  Checkout  (gitops, shop/port.yml:1)
      language  Rust
      readme    # Checkout  Takes the money.
      tier      Mission Critical
      → system  shop
  system shop  Shop  (gitops, shop/port.yml:10)
  gitops: incomplete, so a host would delete nothing

error: Not readable as YAML: unclosed bracket '['.
 --> shop/web/port.yml:4:9
  |
4 |   tier: [Gold
  |         ^
  = tree acme/shop, gitops

note: no configuration of gitops was found; the organization's is not known offline: give it by --organization-config, or one by --config.
note: nothing was checked against blueprints or compared: PORT_URL, PORT_CLIENT_ID and PORT_CLIENT_SECRET are not set.
1 object: 2 entities; 1 error, no warnings.
"
    );
}

#[test]
fn what_git_would_not_have_is_not_mapped_and_no_link_leads_out() {
    let tool = Tool::with(&["gitops"]);
    shop(&tool)
        .file("secret.txt", "hunter2")
        .file("shop/.gitignore", "build/\n")
        .file(
            "shop/build/port.yml",
            "identifier: built\nblueprint: service\n",
        )
        .file(
            "shop/port.yml",
            "identifier: shop\nblueprint: service\nproperties: {readme: file://README.md}\n",
        );
    symlink("../secret.txt", tool.folder().join("shop/README.md")).expect("links can be made");

    let out = preview(&tool, "--repo shop --json");

    let [_, tree, ..] = &super::lines(&out.out)[..] else {
        panic!("{}", out.out)
    };
    assert_eq!(tree["entities"].as_array().map(Vec::len), Some(1), "{tree}");
    assert_eq!(tree["entities"][0]["identifier"], "shop");
    assert!(
        !out.out.contains("hunter2")
            && out.out.contains("is a symbolic link out of the repository"),
        "{}",
        out.out
    );
}

#[test]
fn a_saved_push_maps_the_checkout_as_it_is_now() {
    let tool = Tool::with(&["gitops"]);
    let push = include_str!("../../fixtures/webhooks/push.jsonl")
        .lines()
        .next()
        .expect("there is one");
    let mut push: serde_json::Value = serde_json::from_str(push).expect("it is JSON");
    push["ref"] = "refs/heads/master".into();
    tool.file("push.json", &push.to_string())
        .file("here/port.yml", "identifier: hello\nblueprint: service\n");

    let known = preview(&tool, "--event push.json --repo here").fine();
    assert!(known.contains("service hello"), "{known}");

    let unknown = preview(&tool, "--event push.json").fine();
    assert!(
        unknown.contains(
            "the files of the repository are not known offline: give its checkout by --repo"
        ),
        "{unknown}"
    );
}

/// As `actions/checkout` leaves it for a pull request: no branch, and none of the remote's.
#[test]
fn a_default_branch_that_nobody_tells_is_said_to_be_unknown() {
    let tool = Tool::with(&["mapping"]);
    tool.file("shop/.git/HEAD", &"7".repeat(40))
        .file(
            "shop/.git/config",
            "[remote \"origin\"]\n\turl = https://github.com/acme/shop\n",
        )
        .file("shop/.github/port-app-config.yml", OF_MAIN)
        .file("shop/package.json", "{}");

    let unknown = preview(&tool, "--repo shop").fine();
    for said in [
        "note: the default branch is not known here; --default-branch says it.",
        "the branch `main` is not read",
    ] {
        assert!(unknown.contains(said), "no {said} in:\n{unknown}");
    }

    let told = preview(&tool, "--repo shop --default-branch main").fine();
    assert!(told.contains("      branch  main\n"), "{told}");
    assert!(!told.contains("the default branch is not known"), "{told}");

    tool.file("shop/.git/HEAD", "ref: refs/heads/main\n");
    let guessed = preview(&tool, "--repo shop").fine();
    assert!(guessed.contains("      branch  main\n"), "{guessed}");
    let said =
        "the default branch is not known here, taken for main; --default-branch says another";
    assert!(guessed.contains(said), "{guessed}");
}

const OF_MAIN: &str = r#"
resources:
  - kind: file
    selector:
      query: 'true'
      files:
        - path: package.json
          repos: [{ name: shop, branch: main }]
    port:
      entity:
        mappings:
          identifier: '"package"'
          blueprint: '"service"'
          properties: { branch: .repository.default_branch }
"#;

/// A checkout does not have it as GitHub has it: a right mapping would fail for what is not there.
#[test]
fn the_repository_itself_is_mapped_where_it_is_given() {
    let tool = Tool::with(&["mapping"]);
    shop(&tool).file("shop/.github/port-app-config.yml", OF_REPOSITORY);
    let repository = r#"{"id":1,"name":"shop","owner":{"id":2,"login":"acme"},"topics":["web"]}"#;

    let alone = preview(&tool, "--repo shop").fine();
    let remark = "note: what GitHub says of the repository itself is not known here: give it by --kind repository --event -.";
    assert!(alone.contains(remark), "{alone}");
    assert!(!alone.contains("repository acme/shop"), "{alone}");

    let given = preview_of(&tool, "--repo shop --kind repository --event -", repository).fine();
    assert!(given.contains("  service shop  (mapping"), "{given}");
    assert!(!given.contains("is not known here"), "{given}");
}

const OF_REPOSITORY: &str = r#"
resources:
  - kind: repository
    selector: { query: '.topics | any(. == "web")' }
    port:
      entity:
        mappings:
          identifier: .name
          blueprint: '"service"'
"#;

/// What a mapper asks and what it is told.
#[test]
fn what_only_github_knows_is_told_as_not_known_and_is_no_mistake() {
    let tool = Tool::with(&["asking"]);
    shop(&tool).file("shop/src/cart/README.md", "# Cart\n");
    let asked = [
        ("file src/cart/README.md", "text", "# Cart"),
        ("file none.md", "missing", ""),
        ("files src/**", "files", "src/cart/README.md"),
        ("blueprint service", "missing", ""),
        (
            "api /repos/acme/shop/git/trees/main?recursive=1",
            "json",
            "\"path\":\"src/cart/README.md\"",
        ),
        (
            "api /repos/acme/shop/teams",
            "refused",
            "is not known offline: only GitHub can answer that",
        ),
        (
            "api /repos/acme/other/teams",
            "refused",
            "the event's own repository",
        ),
    ];
    let issues: String = asked
        .iter()
        .enumerate()
        .map(|(nth, (title, ..))| issue(nth, title))
        .collect();

    let out = preview_of(&tool, "--repo shop --event - --kind issue --json", &issues).fine();

    for (object, (title, is, text)) in objects(&out).iter().zip(asked) {
        let answer = &object["entities"][0]["properties"];
        assert_eq!(answer["is"], is, "{title}: {answer}");
        assert!(
            answer["text"]
                .as_str()
                .is_some_and(|found| found.contains(text)),
            "{title}: {answer}"
        );
    }
    let elsewhere = preview_of(&tool, "--event - --kind issue", &issue(1, "file README.md")).fine();
    assert!(
        elsewhere.contains("asking: not all that it asked for is known offline"),
        "{elsewhere}"
    );
    assert!(
        elsewhere.contains("there is no checkout of acme/shop"),
        "{elsewhere}"
    );
}

#[test]
fn a_checkout_answers_for_its_own_repository_alone_unless_it_is_said_to_be_another() {
    let tool = Tool::with(&["mapping"]);
    shop(&tool)
        .file("shop/.github/port-app-config.yml", MAPPING)
        .file("shop/README.md", "# Shop\n");
    tool.file("pull_request.json", payload(0));

    let stranger = preview(&tool, "--repo shop --event pull_request.json").fine();
    assert!(
        stranger.contains("mapping: its configuration does not want this kind"),
        "{stranger}"
    );

    let said = "--repo shop --event pull_request.json --repository codertocat/hello-world";
    let own = preview(&tool, said).fine();
    assert!(
        own.contains("mapping is configured by shop/.github/port-app-config.yml"),
        "{own}"
    );
    assert!(own.contains("readme  # Shop"), "{own}");
}

const MAPPING: &str = r#"
resources:
  - kind: pull-request
    selector: { query: 'true' }
    port:
      entity:
        mappings:
          identifier: .id | tostring
          blueprint: '"githubPullRequest"'
          properties: { readme: file://README.md }
"#;

#[test]
fn a_given_configuration_is_in_force_instead_of_the_repositorys() {
    let tool = Tool::with(&["mapping"]);
    shop(&tool)
        .file("shop/.github/port-app-config.yml", "resources: []\n")
        .file("mine.yml", MAPPING);
    tool.file("pull_request.json", payload(0));
    let run = |configuration: &str| {
        let line = format!(
            "--repo shop --repository Codertocat/Hello-World --event pull_request.json {configuration}"
        );
        preview(&tool, &line).fine()
    };

    assert!(run("").contains("does not want this kind"));
    assert!(run("--config mine.yml").contains("mapping is configured by mine.yml\n"));
    let weaker = run("--organization-config mine.yml");
    assert!(
        weaker.contains("does not want this kind"),
        "the repository's own counts before it: {weaker}"
    );
}
