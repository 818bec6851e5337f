//! When GitHub is asked where a configuration is, and when not.

use super::*;

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
    let candidate = || async {
        let (acme, shop) = (&organization, Some(&shop));
        let found = configurations.candidate("mapping", &patterns, &operator, 1, acme, shop);
        found.await.map(readable)
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
async fn an_organizations_repository_that_is_gone_is_looked_for_again() {
    let world: World = Arc::new(Mutex::new(vec![
        ("shop", "c1", vec![("port.yml", b"-".as_slice())]),
        (
            ".github-private",
            "p1",
            vec![("port-app-config.yml", b"global: 1".as_slice())],
        ),
    ]));
    let gone = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let (repositories, deleted) = (world.clone(), gone.clone());
    let standin = standin(move |asked: &Asked| {
        let deleted = deleted.load(std::sync::atomic::Ordering::SeqCst);
        match &*asked.line {
            "GET /repos/acme/.github-private" if !deleted => ok(serde_json::json!({
                "id": 9, "name": ".github-private", "owner": {"login": "acme"}, "default_branch": "main",
            })),
            line if line.starts_with("GET /repos/acme/.github-private/") && !deleted => {
                let (_, commit, files) = &repositories.lock().expect("alone")[1];
                git("acme/.github-private", commit, files, asked)
            }
            _ => failed(404, "Not Found"),
        }
    })
    .await;
    let configurations =
        Configurations::new(standin.github.clone(), Files::new(standin.github.clone()));
    let patterns = [pattern(Owner::Organization, "port-app-config.yml")];
    let organization = organization();
    let candidate = || configurations.candidate("gitops", &patterns, &[], 1, &organization, None);
    assert_eq!(
        texts(&readable(candidate().await.expect("asked"))),
        ["global: 1"]
    );
    gone.store(true, std::sync::atomic::Ordering::SeqCst);
    // Only its head is asked again, as after ten minutes.
    configurations.forget_head(9).await;
    assert!(texts(&readable(candidate().await.expect("asked"))).is_empty());
}

#[tokio::test]
async fn what_one_was_told_of_a_head_serves_all_until_it_moves() {
    let files = vec![(".github/port-app-config.yml", b"own: 1".as_slice())];
    let world: World = Arc::new(Mutex::new(vec![("shop", "c2", files)]));
    let standin = acme(&world).await;
    let configurations =
        Configurations::new(standin.github.clone(), Files::new(standin.github.clone()));
    let patterns = [pattern(Owner::Repository, ".github/port-app-config.yml")];
    let (organization, shop) = (organization(), shop());
    let candidate =
        || configurations.candidate("gitops", &patterns, &[], 1, &organization, Some(&shop));
    let branch = |asked: Vec<String>| asked.iter().any(|line| line.ends_with("/branches/main"));
    let head = || {
        Some(github::Head {
            branch: "main".to_owned(),
            commit: "c2".to_owned(),
            tree: "c2-tree".to_owned(),
        })
    };

    let before = std::time::Instant::now();
    configurations.head_moved(&shop);
    (configurations.head_is(&shop, head(), std::time::Instant::now())).await;
    let first = readable(candidate().await.expect("asked"));
    assert_eq!(texts(&first), ["own: 1"]);
    assert!(!branch(standin.asked()));

    // What was asked before it moved tells nothing.
    configurations.head_is(&shop, head(), before).await;
    candidate().await.expect("asked");
    assert!(branch(standin.asked()));
}

#[tokio::test]
async fn what_an_organizations_files_were_before_a_push_is_held_against_what_they_are() {
    let files = vec![("port-app-config.yml", b"global: 1".as_slice())];
    let world: World = Arc::new(Mutex::new(vec![(".github-private", "p1", files)]));
    let standin = acme(&world).await;
    let configurations =
        Configurations::new(standin.github.clone(), Files::new(standin.github.clone()));
    let home = Repository {
        name: ".github-private".to_owned(),
        ..shop()
    };
    let differ = async |glob: &str, before: &str| {
        let patterns = [pattern(Owner::Organization, glob)];
        // This stand-in's trees have names of their own.
        let commits = [before, "p1-tree"];
        let differ = configurations.differ(&patterns, 1, &home, commits).await;
        differ.expect("asked")
    };
    const NONE: &str = "0000000000000000000000000000000000000000";
    assert!(!differ("port-app-config.yml", "p1-tree").await);
    assert!(differ("port-app-config.yml", NONE).await, "it is new");
    assert!(!differ("teams.yml", NONE).await, "nothing of it is taken");
    let gone = differ("port-app-config.yml", "forced-away").await;
    assert!(gone, "nobody knows what was in it");
}
