//! Whose configuration holds for a repository, and from when on.

use portolan_tests::github::Repository;
use portolan_tests::journal::Mark;
use serde_json::Value;

use super::{OWN, World};

/// Maps every repository, described by whoever wrote it.
fn described(by: &str) -> String {
    format!(
        "resources:
  - kind: repository
    selector: {{query: 'true'}}
    port:
      entity:
        mappings:
          identifier: .name
          blueprint: '\"githubRepository\"'
          properties: {{description: '\"by {by}\"'}}
"
    )
}

fn by(whose: &'static str) -> impl Fn(&Value) -> bool {
    move |entity| entity["properties"]["description"] == format!("by {whose}")
}

#[tokio::test]
async fn an_organization_speaks_for_repositories_that_say_nothing_themselves() {
    let world = World::begin().await;
    let cart = world.github.repository("acme/cart");
    let own = described("itself");
    world.writes(&world.shop, &[(OWN, &own)]).await;
    // No webhook but this one tells of it: it was pushed to this moment.
    world
        .becomes("githubRepository", "shop", by("itself"))
        .await;

    world.writes(&cart, &[("README.md", "# Cart")]).await;
    world.organization(&described("the organization")).await;

    let organizations = by("the organization");
    world
        .becomes("githubRepository", "cart", organizations)
        .await;
    world
        .becomes("githubRepository", "shop", by("itself"))
        .await;

    let commit = world.shop.delete_files(&[OWN], "Do as the others do");
    world
        .deliver(&world.host, &world.shop.pushed(&commit))
        .await;
    let organizations = by("the organization");
    world
        .becomes("githubRepository", "shop", organizations)
        .await;
}

#[tokio::test]
async fn what_the_organization_changes_holds_for_all_its_repositories_at_once() {
    let world = World::begin().await;
    let names = ["cart", "pay", "shop"];
    world.organization(&described("one hand")).await;
    for name in names {
        let repository = world.github.repository(&format!("acme/{name}"));
        let package = ("package.json", r#"{"dependencies": {"react": "^19"}}"#);
        world.writes(&repository, &[package]).await;
        world
            .becomes("githubRepository", name, by("one hand"))
            .await;
    }
    let package = "
  - kind: file
    selector: {query: 'true', files: [{path: package.json}]}
    port:
      itemsToParse: .file.content.dependencies | to_entries
      entity:
        mappings:
          identifier: .repo.name + \"-\" + .item.key
          blueprint: '\"package\"'
";
    world
        .organization(&(described("another hand") + package))
        .await;

    // Nothing else happens in any of them.
    for name in names {
        world
            .becomes("githubRepository", name, by("another hand"))
            .await;
        let react = format!("{name}-react");
        world.port.wait_for_entity("package", &react).await;
    }
}

#[tokio::test]
async fn a_repository_may_only_be_stricter_about_what_depends_on_what_is_deleted() {
    let world = World::begin().await;
    for (nth, (organizations, own, so)) in [
        (false, true, false),
        (true, false, false),
        (true, true, true),
    ]
    .into_iter()
    .enumerate()
    {
        let settled = format!("# {nth}\ndeleteDependentEntities: {organizations}\n");
        world.organization(&settled).await;
        let name = format!("shop-{nth}");
        let repository = world.github.repository(&format!("acme/{name}"));
        let own = format!("deleteDependentEntities: {own}\n{PACKAGES}");
        let packages = |text: &'static str| [(OWN, own.as_str()), ("package.json", text)];

        let both = packages(r#"{"dependencies": {"react": "^19", "vue": "^3"}}"#);
        world.writes(&repository, &both).await;
        world
            .port
            .wait_for_entity("package", &format!("{name}-vue"))
            .await;
        let mark = world.mark();
        let one = packages(r#"{"dependencies": {"react": "^19"}}"#);
        world.writes(&repository, &one).await;
        world.goes("package", &format!("{name}-vue")).await;

        let dependents = format!("delete_dependents={so}");
        let deletions = deletions(&world, mark);
        assert_eq!(deletions, [dependents], "{organizations} {own}");
    }
    world
        .host
        .wait_for_line("`deleteDependentEntities` stays false")
        .await;
}

const PACKAGES: &str = "
resources:
  - kind: file
    selector: {query: 'true', files: [{path: package.json}]}
    port:
      itemsToParse: .file.content.dependencies | to_entries
      entity:
        mappings:
          identifier: .repo.name + \"-\" + .item.key
          blueprint: '\"package\"'
";

/// What Port was told with each deletion.
fn deletions(world: &World, since: Mark) -> Vec<String> {
    let requests = world.port.requests_since(since).into_iter();
    let deletions = requests.filter(|request| request.query.contains("delete_dependents"));
    deletions.map(|request| request.query).collect()
}

#[tokio::test]
async fn a_repository_is_mapped_by_what_is_pushed_to_it_whatever_was_listed_before() {
    let world = World::begin().await;
    let named = |text: &str| described(text).replace(".name", ".name + \"-of-old\"");
    let files = |repository: &Repository, text: &str| {
        let commit = repository.push(&[(OWN, text)], "Settle it");
        repository.pushed(&commit)
    };
    let first = files(&world.shop, &named("itself"));
    world.deliver(&world.host, &first).await;
    world
        .becomes("githubRepository", "shop-of-old", by("itself"))
        .await;

    let second = files(&world.shop, &described("itself"));
    world.deliver(&world.host, &second).await;
    world
        .becomes("githubRepository", "shop", by("itself"))
        .await;
    // What it is not called any more goes.
    world.goes("githubRepository", "shop-of-old").await;
}
