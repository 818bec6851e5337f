//! Plugins come, change and go while the host runs; nobody restarts it and no delivery is lost.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, Instant};

use portolan_tests::github::{FakeGitHub, Repository};
use portolan_tests::host::{RunningHost, TestHost};
use portolan_tests::port::FakePort;
use serde_json::{Value, json};

mod under_load;
mod versions;

use versions::{mark, name, version};

#[tokio::test]
async fn a_plugin_that_is_dropped_in_maps_the_next_event() {
    let github = FakeGitHub::start().await;
    let port = catalog().await;
    let host = TestHost::between(&github, &port)
        .bundled(&[])
        .with_own_compile_cache();
    let host = host.start().await;
    let shop = github.repository("acme/shop");

    let began = Instant::now();
    host.plugin("versioned");
    host.wait_for_line("loaded plugin versioned").await;
    let loaded = began.elapsed();
    let made_by = next_made_by(&github, &port, &host, &shop).await;

    assert_eq!(made_by, "mark-of-version!");
    eprintln!(
        "copy to loaded {:.3} s, to first entity in Port {:.3} s",
        loaded.as_secs_f64(),
        began.elapsed().as_secs_f64()
    );
}

#[tokio::test]
async fn a_file_of_a_bundled_ones_name_replaces_it_until_five_seconds_after_it_is_deleted() {
    let github = FakeGitHub::start().await;
    let port = catalog().await;
    let host = TestHost::between(&github, &port)
        .bundled(&["versioned"])
        .start()
        .await;
    let shop = github.repository("acme/shop");
    let ours = host.wait_for_line("loaded plugin versioned").await;
    assert_eq!(
        next_made_by(&github, &port, &host, &shop).await,
        "mark-of-version!"
    );

    put(&host, "versioned", &version(1)).await;
    assert_eq!(next_made_by(&github, &port, &host, &shop).await, mark(1));

    let said = host.said();
    let began = Instant::now();
    host.remove_plugin("versioned");
    assert_eq!(next_made_by(&github, &port, &host, &shop).await, mark(1));
    let back = host
        .wait_for_line_after(said, "loaded plugin versioned")
        .await;
    let took = began.elapsed();
    assert_eq!(
        next_made_by(&github, &port, &host, &shop).await,
        "mark-of-version!"
    );
    assert_eq!(version_in(&ours), version_in(&back));
    assert!(
        took >= Duration::from_secs(5) && took < Duration::from_secs(7),
        "{took:?}"
    );
}

#[tokio::test]
async fn a_deleted_plugin_is_unloaded_and_its_events_are_acknowledged() {
    let github = FakeGitHub::start().await;
    let port = catalog().await;
    let host = TestHost::between(&github, &port)
        .bundled(&[])
        .plugin("versioned")
        .start()
        .await;
    let shop = github.repository("acme/shop");

    let began = Instant::now();
    host.remove_plugin("versioned");
    let line = host.wait_for_line("unloaded plugin versioned").await;

    assert!(line.contains("its file was removed"), "{line}");
    assert!(began.elapsed() >= Duration::from_secs(5));
    let number = shop.open_issue("Nobody maps it");
    let event = shop.issue_event("opened", number);
    assert_eq!(github.deliver(&host.url(), &event).await.0, 202);
    assert_eq!(port.writes(), 0);
}

#[tokio::test]
async fn a_broken_file_is_named_once_and_what_worked_goes_on() {
    let github = FakeGitHub::start().await;
    let port = catalog().await;
    let host = TestHost::between(&github, &port).bundled(&[]).start().await;
    let shop = github.repository("acme/shop");
    put(&host, "versioned", &version(1)).await;

    let file = host.plugin_path("versioned");
    fs::write(&file, "not a plugin").expect("the folder is writable");
    let line = host.wait_for_line("plugin versioned is not loaded").await;
    assert!(
        line.contains("it is text, not WebAssembly")
            && line.contains(&file.display().to_string())
            && line.contains("the version before it stays in force"),
        "{line}"
    );
    // Written again and again, looked at again and again; the other plugins tell that it was.
    for other in ["other-1", "other-2", "other-3"] {
        fs::write(&file, "not a plugin").expect("the folder is writable");
        host.plugin_as("pull-requests", other);
        host.wait_for_line(&format!("loaded plugin {other}")).await;
    }
    assert_eq!(next_made_by(&github, &port, &host, &shop).await, mark(1));
    let lines = host.lines();
    let named = lines.iter().filter(|line| line.contains("is not loaded"));
    assert_eq!(named.count(), 1);

    put(&host, "versioned", &version(9)).await;
    assert_eq!(next_made_by(&github, &port, &host, &shop).await, mark(9));
}

#[tokio::test]
async fn an_operators_file_beside_the_plugin_is_reread() {
    let github = FakeGitHub::start().await;
    let port = catalog().await;
    let host = TestHost::between(&github, &port)
        .bundled(&[])
        .plugin("versioned")
        .start()
        .await;
    let shop = github.repository("acme/shop");
    assert_eq!(
        next(&github, &port, &host, &shop).await["note"],
        Value::Null
    );

    let file = host.plugin_dir().join("versioned.txt");
    for note in ["tiers: gold", "tiers: gold, silver"] {
        let said = host.said();
        fs::write(&file, note).expect("the folder is writable");
        host.wait_for_line_after(said, "loaded plugin versioned")
            .await;
        assert_eq!(next(&github, &port, &host, &shop).await["note"], note);
    }
    // As a ConfigMap that is mounted there is replaced: only a link above the file changes.
    fs::remove_file(&file).expect("it was there");
    for (number, note) in [(1, "tiers: bronze"), (2, "tiers: none")] {
        let said = host.said();
        let files = [("versioned.txt", note.as_bytes())];
        volume(&host.plugin_dir(), number, &files);
        host.wait_for_line_after(said, "loaded plugin versioned")
            .await;
        let mut shown = next(&github, &port, &host, &shop).await;
        // The deletion just before may have been a change of its own.
        while shown["note"].is_null() {
            host.wait_for_line_after(host.said(), "loaded plugin versioned")
                .await;
            shown = next(&github, &port, &host, &shop).await;
        }
        assert_eq!(shown["note"], note);
    }
}

/// A Port with what `versioned` writes.
async fn catalog() -> FakePort {
    let port = FakePort::start().await;
    let text = json!({ "type": "string" });
    port.blueprint(json!({
        "identifier": "marked", "title": "Marked", "relations": {},
        "schema": { "properties": { "madeBy": text, "note": text }, "required": [] },
    }));
    port
}

/// Puts a plugin there and waits until it serves.
async fn put(host: &RunningHost, plugin: &str, bytes: &[u8]) {
    let said = host.said();
    host.plugin_bytes(plugin, bytes);
    let line = format!("loaded plugin {plugin} {}", name(bytes));
    host.wait_for_line_after(said, &line).await;
}

/// Opens an issue; gives what the plugin in force made of it.
async fn next(
    github: &FakeGitHub,
    port: &FakePort,
    host: &RunningHost,
    repository: &Repository,
) -> Value {
    let number = repository.open_issue("It does not work");
    let event = repository.issue_event("opened", number);
    let (status, text) = github.deliver(&host.url(), &event).await;
    assert_eq!(status, 202, "{text}");
    let id = event.payload["issue"]["id"].to_string();
    let mut entity = port.wait_for_entity("marked", &id).await;
    entity["properties"].take()
}

async fn next_made_by(
    github: &FakeGitHub,
    port: &FakePort,
    host: &RunningHost,
    repository: &Repository,
) -> String {
    let made = next(github, port, host, repository).await;
    made["madeBy"].as_str().unwrap_or_default().to_owned()
}

/// `loaded plugin versioned 0123456789ab in …`.
fn version_in(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("loaded plugin versioned ")?;
    rest.split(' ').next()
}

/// Files as Kubernetes mounts them: in a folder of their own, linked through `..data`, which is what is swapped.
fn volume(dir: &Path, number: usize, files: &[(&str, &[u8])]) {
    let made = (|| {
        let folder = format!("..volume-{number}");
        fs::create_dir(dir.join(&folder))?;
        for (file, bytes) in files {
            fs::write(dir.join(&folder).join(file), bytes)?;
        }
        let (data, aside) = (dir.join("..data"), dir.join("..data_tmp"));
        let before = fs::read_link(&data).ok();
        symlink(&folder, &aside)?;
        fs::rename(aside, &data)?;
        for (file, _) in files {
            if fs::symlink_metadata(dir.join(file)).is_err() {
                symlink(Path::new("..data").join(file), dir.join(file))?;
            }
        }
        before.map_or(Ok(()), |before| fs::remove_dir_all(dir.join(before)))
    })();
    made.unwrap_or_else(|error| panic!("cannot make a volume in {}: {error}", dir.display()));
}
