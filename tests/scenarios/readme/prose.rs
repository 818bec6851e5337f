//! What the README says in sentences and tables.

use portolan::settings::SETTINGS;

use super::{file, readme, root};
use crate::acme::Acme;

#[test]
fn its_settings_are_the_programs() {
    let said = table("| Variable |");

    let is: Vec<String> = SETTINGS
        .iter()
        .map(|setting| {
            let (name, default, meaning) = (setting.name, setting.default, setting.meaning);
            format!("| `{name}` | {default} | {meaning} |")
        })
        .collect();

    assert_eq!(said, is, "this belongs into the README:\n{}", is.join("\n"));
}

#[tokio::test]
async fn an_app_without_its_permissions_and_events_is_told_each_of_them() {
    let acme = Acme::new().await;
    // No App is without `metadata`.
    acme.github.app_permissions(&[("metadata", "read")]);
    acme.github.app_events(&[]);
    let in_github = |row: &String| {
        let name = row.split('|').nth(1).unwrap_or_default().trim();
        name.to_lowercase().replace(' ', "_")
    };
    let permissions: Vec<_> = table("| Permission |").iter().map(in_github).collect();
    let events: Vec<_> = table("| Event |").iter().map(in_github).collect();
    assert_eq!((permissions.len(), events.len()), (5, 5));

    let host = acme.host().start().await;

    for name in permissions.iter().filter(|name| *name != "metadata") {
        host.wait_for_line(&format!("lacks the permission `{name}: read`"))
            .await;
    }
    let line = host.wait_for_line("is not subscribed to").await;
    for name in events {
        assert!(line.contains(&format!("`{name}`")), "{name}: {line}");
    }
}

#[test]
fn its_rust_is_the_manifests() {
    let readme = readme();
    let (_, said) = readme.split_once("Rust ").expect("it says which Rust");
    let (said, _) = said.split_once(" or newer").expect("it says from which on");
    let manifest = file("Cargo.toml");
    assert!(
        manifest.contains(&format!("rust-version = \"{said}\"")),
        "Rust {said}"
    );
}

#[test]
fn its_links_into_the_repository_lead_somewhere() {
    let readme = readme();
    let links = readme.split("](").skip(1);
    let links: Vec<_> = links.filter_map(|rest| rest.split(')').next()).collect();
    assert!(links.len() > 3, "{links:?}");
    for link in links.iter().filter(|link| !link.starts_with("https://")) {
        assert!(root().join(link).exists(), "README.md links to {link}");
    }
}

/// The rows of the table with this heading.
fn table(heading: &str) -> Vec<String> {
    let readme = readme();
    let lines = readme.lines().skip_while(|line| !line.starts_with(heading));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    rows.map(str::to_owned).collect()
}
