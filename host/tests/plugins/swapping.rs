//! The set follows the folder while the host runs.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use portolan::plugins::contract::Outcome;
use portolan::plugins::{Plugins, Set};
use portolan::settings;

use crate::guest::{Guest, configuration, event};

/// Bundled plugins in `bundled`, the users' in the folder itself.
pub(crate) async fn start(dir: &Path) -> Arc<Plugins> {
    let settings = settings::Plugins {
        dir: dir.to_owned(),
        bundled_dir: dir.join("bundled"),
        bundled: None,
        cache_dir: dir.join("compiled"),
    };
    Plugins::start(&settings).await.unwrap()
}

/// The set, once it is as wanted.
async fn until(plugins: &Plugins, wanted: impl Fn(&Set) -> bool) -> Arc<Set> {
    let mut changed = plugins.changed();
    let wait = async {
        loop {
            changed.borrow_and_update();
            let set = plugins.current();
            if wanted(&set) {
                return set;
            }
            changed.changed().await.unwrap();
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), wait).await;
    waited.expect("the folder's change is noticed")
}

fn versions(set: &Set) -> Vec<String> {
    set.iter().map(|plugin| plugin.to_string()).collect()
}

/// Guests that differ in a byte.
fn numbered(number: u32) -> Vec<u8> {
    let more = format!("(data (i32.const 2048) \"{number}\")");
    Guest {
        more: &more,
        ..Guest::default()
    }
    .module()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_folder_is_fine_and_a_plugin_may_come_later() {
    let dir = tempfile::tempdir().unwrap();
    let users = dir.path().join("not/yet");
    let plugins = start(&users).await;
    assert_eq!(plugins.current().iter().count(), 0);
    fs::create_dir_all(&users).unwrap();
    Guest::default().write(&users.join("teams.wasm"));
    let set = until(&plugins, |set| set.iter().count() == 1).await;
    let plugin = set.wanting("pull-request").next().unwrap();
    assert_eq!(plugin.name, "teams");
    assert_eq!(set.wanting("issue").count(), 0);
    let outcome = plugin.map(&configuration(), &event()).await;
    assert_eq!(outcome, Ok(Outcome::Unchanged));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_version_replaces_the_old_one_which_finishes_what_it_began() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("teams.wasm");
    fs::write(&file, numbered(1)).unwrap();
    let plugins = start(dir.path()).await;
    let old = until(&plugins, |set| set.iter().count() == 1).await;
    let before = versions(&old);
    let aside = dir.path().join("teams.wasm.tmp");
    fs::write(&aside, numbered(2)).unwrap();
    fs::rename(&aside, &file).unwrap();
    let new = until(&plugins, |set| versions(set) != before).await;
    for set in [old, new] {
        let plugin = set.iter().next().unwrap();
        let outcome = plugin.map(&configuration(), &event()).await;
        assert_eq!(outcome, Ok(Outcome::Unchanged));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_never_replaces_a_working_plugin() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("teams.wasm");
    fs::write(&file, numbered(1)).unwrap();
    let plugins = start(dir.path()).await;
    let first = until(&plugins, |set| set.iter().count() == 1).await;
    let whole = numbered(2);
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    // A second file tells when the first has been looked at.
    fs::write(dir.path().join("other.wasm"), numbered(3)).unwrap();
    let set = until(&plugins, |set| set.iter().count() == 2).await;
    assert!(versions(&set).contains(&versions(&first)[0]));
    fs::write(&file, &whole).unwrap();
    until(&plugins, |set| {
        !versions(set).contains(&versions(&first)[0])
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_plugin_hides_the_bundled_one_of_its_name_until_it_is_removed() {
    let dir = tempfile::tempdir().unwrap();
    let bundled = dir.path().join("bundled");
    fs::create_dir(&bundled).unwrap();
    fs::write(bundled.join("gitops.wasm"), numbered(1)).unwrap();
    let plugins = start(dir.path()).await;
    let ours = versions(&*until(&plugins, |set| set.iter().count() == 1).await);
    let file = dir.path().join("gitops.wasm");
    fs::write(&file, numbered(2)).unwrap();
    let theirs = until(&plugins, |set| versions(set) != ours).await;
    assert_eq!(theirs.iter().count(), 1);
    fs::remove_file(&file).unwrap();
    until(&plugins, |set| versions(set) == ours).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_file_beside_the_plugin_comes_with_it_and_its_change_is_a_swap() {
    let dir = tempfile::tempdir().unwrap();
    // describe: one file pattern, of the operator, `teams/*.yml`.
    let guest = Guest {
        more: r#"(data (i32.const 72) "\00\08\00\00\01\00\00\00")
            (data (i32.const 2048) "\02\00\00\00\10\08\00\00\0b\00\00\00")
            (data (i32.const 2064) "teams/*.yml")"#,
        ..Guest::default()
    };
    guest.write(&dir.path().join("teams.wasm"));
    let plugins = start(dir.path()).await;
    let files = |set: &Set| -> Vec<_> {
        let all = set.iter().flat_map(|plugin| plugin.operator_files());
        all.map(|file| (file.path.clone(), file.text.clone()))
            .collect()
    };
    assert!(files(&plugins.current()).is_empty());
    fs::create_dir(dir.path().join("teams")).unwrap();
    for text in ["lead: ada", "lead: grace"] {
        fs::write(dir.path().join("teams/core.yml"), text).unwrap();
        // Touching the folder is the hint; without one the next rescan finds it.
        fs::write(dir.path().join("hint"), text).unwrap();
        let wanted = vec![("teams/core.yml".to_owned(), text.to_owned())];
        until(&plugins, |set| files(set) == wanted).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_with_a_cache_does_not_compile() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("teams.wasm"), numbered(1)).unwrap();
    for _ in 0..2 {
        let plugins = start(dir.path()).await;
        until(&plugins, |set| set.iter().count() == 1).await;
    }
    assert_eq!(
        fs::read_dir(dir.path().join("compiled")).unwrap().count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_mapped_while_files_are_replaced_in_every_way() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("teams.wasm");
    fs::write(&file, numbered(0)).unwrap();
    let plugins = start(dir.path()).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let traffic: Vec<_> = (0..4)
        .map(|_| {
            let (plugins, stopped) = (plugins.clone(), stopped.clone());
            tokio::spawn(async move {
                let mut mapped = 0_u32;
                while !*stopped.borrow() {
                    let set = plugins.current();
                    let plugin = set.wanting("pull-request").next().expect("one is in force");
                    let outcome = plugin.map(&configuration(), &event()).await;
                    assert_eq!(outcome, Ok(Outcome::Unchanged));
                    mapped += 1;
                }
                mapped
            })
        })
        .collect();
    for round in 1..=5 {
        let (before, new) = (versions(&plugins.current()), numbered(round));
        fs::write(&file, &new[..new.len() / 2]).unwrap();
        fs::write(&file, b"garbage").unwrap();
        fs::remove_file(&file).unwrap();
        match round % 2 {
            0 => fs::write(&file, &new).unwrap(),
            _ => {
                let aside = dir.path().join("teams.wasm.part");
                fs::write(&aside, &new).unwrap();
                fs::rename(&aside, &file).unwrap();
            }
        }
        until(&plugins, |set| versions(set) != before).await;
    }
    stop.send_replace(true);
    for traffic in traffic {
        assert!(traffic.await.unwrap() > 0);
    }
}
