//! Files and configuration as a repository's and an organization's people push them.

use std::sync::{Arc, Mutex};

use super::configuration::Configurations;
use super::*;
use crate::github::standin::{Asked, Standin, failed, git, ok, shop, standin};
use crate::plugins::contract::{Configuration, FilePattern};
use crate::subject::Organization;

type World = Arc<
    Mutex<
        Vec<(
            &'static str,
            &'static str,
            Vec<(&'static str, &'static [u8])>,
        )>,
    >,
>;

/// acme's repositories: name, commit, files. One that is not listed is not installed.
async fn acme(world: &World) -> Standin {
    let world = world.clone();
    standin(move |asked: &Asked| {
        let repositories = world.lock().expect("no test panics while it holds this");
        for (name, commit, files) in &*repositories {
            let full_name = format!("acme/{name}");
            if asked.line == format!("GET /repos/{full_name}") {
                return ok(serde_json::json!({"id": 9, "name": name, "owner": {"login": "acme"}, "default_branch": "main"}));
            }
            if asked.line.starts_with(&format!("GET /repos/{full_name}/")) {
                return git(&full_name, commit, files, asked);
            }
        }
        failed(404, "Not Found")
    })
    .await
}

fn organization() -> Organization {
    Organization {
        id: 7,
        login: "acme".to_owned(),
    }
}

fn pattern(owner: Owner, glob: &str) -> FilePattern {
    FilePattern {
        owner,
        glob: glob.to_owned(),
    }
}

fn texts(configuration: &Configuration) -> Vec<&str> {
    configuration
        .files()
        .iter()
        .map(|file| &*file.text)
        .collect()
}

#[tokio::test]
async fn what_is_too_large_or_no_text_is_left_out_and_said() {
    let large: &'static [u8] = vec![b'x'; 512 * 1024 + 1].leak();
    let world: World = Arc::new(Mutex::new(vec![(
        "shop",
        "c1",
        vec![
            ("a.md", b"a".as_slice()),
            ("large.md", large),
            ("logo.md", b"\xff\xfe"),
            ("empty.md", b""),
        ],
    )]));
    let standin = acme(&world).await;
    let files = Files::new(standin.github.clone());
    let head = files
        .head(1, &shop())
        .await
        .expect("asked")
        .expect("a head");
    let at = At {
        installation: 1,
        repository: shop(),
        head,
    };
    let glob = Glob::new("*.md").expect("a glob");
    let entries = files.tree(&at).await.expect("a tree").matching(&glob);
    let read = files
        .texts(&at, Owner::Repository, &entries)
        .await
        .expect("read");
    let paths: Vec<_> = read.iter().map(|file| &*file.path).collect();
    assert_eq!(paths, ["a.md", "empty.md"]);
    assert_eq!(
        files.find(&at, "none.md").await.expect("asked"),
        Found::Missing
    );
    for (path, why) in [
        (
            "large.md",
            "large.md has 512 KB; files over 512 KB are not read",
        ),
        ("logo.md", "logo.md is not UTF-8 text"),
    ] {
        assert_eq!(
            files.find(&at, path).await.expect("asked"),
            Found::Unreadable(why.to_owned())
        );
    }
    standin.asked();
    files
        .texts(&at, Owner::Repository, &entries)
        .await
        .expect("read again");
    assert_eq!(standin.asked(), [""; 0], "all of it is known by its sha");
}

#[tokio::test]
async fn a_known_configuration_asks_github_nothing_until_a_push() {
    let world: World = Arc::new(Mutex::new(vec![
        (
            "shop",
            "c1",
            vec![
                (".github/port-app-config.yml", b"own: 1".as_slice()),
                ("port.yml", b"-"),
            ],
        ),
        (
            ".github-private",
            "p1",
            vec![("port-app-config.yml", b"global: 1".as_slice())],
        ),
    ]));
    let standin = acme(&world).await;
    let configurations =
        Configurations::new(standin.github.clone(), Files::new(standin.github.clone()));
    let patterns = [
        pattern(Owner::Repository, ".github/port-app-config.yml"),
        pattern(Owner::Organization, "port-app-config.{yml,yaml}"),
    ];
    let operator = [File {
        owner: Owner::Operator,
        path: "x.yml".to_owned(),
        text: "operator".to_owned(),
    }];
    let (organization, shop) = (organization(), shop());
    let candidate = || {
        configurations.candidate(
            "mapping",
            &patterns,
            &operator,
            1,
            &organization,
            Some(&shop),
        )
    };

    let first = candidate().await.expect("a configuration");
    assert_eq!(texts(&first), ["own: 1", "global: 1", "operator"]);
    assert!(!standin.asked().is_empty());
    assert_eq!(
        candidate().await.expect("the same").digest(),
        first.digest()
    );
    assert_eq!(standin.asked(), [""; 0]);

    // A push is not seen before GitHub tells of it, and then at once.
    world.lock().expect("alone")[0] = ("shop", "c2", vec![("port.yml", b"-".as_slice())]);
    assert_eq!(
        candidate().await.expect("the same").digest(),
        first.digest()
    );
    configurations.head_moved(&shop);
    assert_eq!(
        texts(&candidate().await.expect("new")),
        ["global: 1", "operator"]
    );

    // The organization's repository leaves the installation.
    world.lock().expect("alone").pop();
    configurations.repositories_changed(&organization);
    assert_eq!(texts(&candidate().await.expect("less")), ["operator"]);
    standin.asked();
    candidate().await.expect("the same");
    assert_eq!(
        standin.asked(),
        [""; 0],
        "that there is none is remembered too"
    );
}

#[tokio::test]
async fn a_configuration_that_cannot_be_read_is_no_empty_one() {
    let standin = standin(|asked: &Asked| match &*asked.line {
        line if line.contains("access_tokens") => failed(404, ""),
        "GET /repos/acme/.github-private" => failed(403, "Resource not accessible by integration"),
        _ => git("acme/shop", "c1", &[], asked),
    })
    .await;
    let configurations =
        Configurations::new(standin.github.clone(), Files::new(standin.github.clone()));
    let patterns = [pattern(Owner::Organization, "port-app-config.yml")];
    let error = configurations
        .candidate("mapping", &patterns, &[], 1, &organization(), Some(&shop()))
        .await;
    assert!(
        matches!(error, Err(github::Error::Forbidden { .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_last_good_configuration_is_kept_for_each_plugin_and_repository() {
    let standin = standin(|_| failed(404, "")).await;
    let configurations =
        Configurations::new(standin.github.clone(), Files::new(standin.github.clone()));
    let (organization, shop) = (organization(), shop());
    let good = Configuration::new("acme", Vec::new());
    configurations
        .opened("gitops", &organization, Some(&shop), &good)
        .await;
    let kept = configurations
        .last_good("gitops", &organization, Some(&shop))
        .await;
    assert_eq!(kept.map(|kept| kept.digest()), Some(good.digest()));
    assert!(
        configurations
            .last_good("mapping", &organization, Some(&shop))
            .await
            .is_none()
    );
    assert!(
        configurations
            .last_good("gitops", &organization, None)
            .await
            .is_none()
    );
}
