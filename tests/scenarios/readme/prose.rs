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

/// What it says of figures, and where the source has them. What comes of them, the scenarios of their themes show.
#[rustfmt::skip]
const FIGURES: [(&str, &str, &str); 21] = [
    ("| Time | 1 s an event", "plugins/limits", "Self::new(Duration::from_secs(1), event_size(event), files)"),
    ("(2 s to open a configuration)", "plugins/limits", "Self::new(Duration::from_secs(2), sizes(files, file), files.len())"),
    ("100 ms more for each", "plugins/limits", "TIME_PER_SHARE: Duration = Duration::from_millis(100)"),
    ("for each 64 KiB of input", "plugins/limits", "SHARE: usize = 64 << 10"),
    ("of input, at most 10 s", "plugins/limits", "TIME_CEILING: Duration = Duration::from_secs(10)"),
    ("| Memory | 64 MiB", "plugins/limits", "MEMORY: usize = 64 << 20"),
    ("512 KiB of stack", "plugins/limits", "STACK: usize = 512 << 10"),
    ("| Output | 1 MiB an event", "plugins/limits", "OUTPUT: usize = 1 << 20"),
    ("4 KiB more for each file read", "plugins/limits", "OUTPUT_PER_FILE: usize = 4 << 10"),
    ("file read, at most 16 MiB", "plugins/limits", "CROSSING: usize = 16 << 20"),
    ("| Questions | 256 an event in at most 32 rounds", "answers/budget", "ROUNDS: usize = 32;\npub(super) const QUESTIONS: usize = 256"),
    ("300 files; 8 MiB of answers", "answers/budget", "FILES: usize = 300;\nconst BYTES: usize = 8 << 20"),
    ("| Log | 16 KiB a call", "plugins/journal", "PER_CALL: usize = 16 << 10"),
    ("fails five times in a row", "plugins/breaker", "IN_A_ROW: u32 = 5"),
    ("rests for a minute", "plugins/breaker", "REST: Duration = Duration::from_secs(60)"),
    ("more than a tenth of its time for an event", "plugins/call", "budget(event).time / 10"),
    ("rests nine times as long", "plugins/breaker", "SLOW: u32 = 9"),
    ("is unloaded after 5 seconds", "plugins/folder", "GRACE: Duration = Duration::from_secs(5)"),
    ("for at most 25 seconds", "lib", "GRACE: Duration = Duration::from_secs(25)"),
    ("after 1 s to 60 s and", "inbox/breaker", "STEPS: [Millis; 6] = [1_000, 2_000, 5_000, 10_000, 30_000, 60_000]"),
    ("is tried eight times in", "inbox/failure", "TRIES: u32 = 8"),
];

#[test]
fn its_figures_are_the_sources() {
    let readme = readme();
    for (said, module, is) in FIGURES {
        let source = format!("host/src/{module}.rs");
        assert!(readme.contains(said), "the README no longer says {said:?}");
        assert!(
            file(&source).contains(is),
            "{said:?}, but {source} has no {is:?}"
        );
    }
}

/// The rows of the table with this heading.
fn table(heading: &str) -> Vec<String> {
    let readme = readme();
    let lines = readme.lines().skip_while(|line| !line.starts_with(heading));
    let rows = lines.skip(2).take_while(|line| line.starts_with('|'));
    rows.map(str::to_owned).collect()
}
