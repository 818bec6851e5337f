//! Files and configuration as a repository's and an organization's people push them.

use std::sync::{Arc, Mutex};

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

fn readable(candidate: Candidate) -> Configuration {
    match candidate {
        Candidate::Readable(configuration) => configuration,
        Candidate::Unreadable(mistakes) => panic!("{mistakes:?}"),
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
    let tree = files.tree(&at).await.expect("a tree");
    let entries = tree.matching(&glob);
    let read = files
        .texts(&at, &tree, Owner::Repository, &entries)
        .await
        .expect("read");
    let paths: Vec<_> = read.files.iter().map(|file| &*file.path).collect();
    assert_eq!(paths, ["a.md", "empty.md"]);
    let paths: Vec<_> = read.unread.iter().map(|unread| &*unread.path).collect();
    assert_eq!(paths, ["large.md", "logo.md"]);
    assert_eq!(
        files.find(&at, &tree, "none.md").await.expect("asked"),
        Found::Missing
    );
    for (path, why) in [
        (
            "large.md",
            "large.md has 512 KB; files over 512 KB are not read",
        ),
        ("logo.md", "logo.md is not UTF-8 text: save it as UTF-8"),
    ] {
        assert_eq!(
            files.find(&at, &tree, path).await.expect("asked"),
            Found::Unreadable(why.to_owned())
        );
    }
    standin.asked();
    files
        .texts(&at, &tree, Owner::Repository, &entries)
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

/// A repository's files, read at its head.
async fn head_of(standin: &Standin, files: &Files) -> (At, Arc<Tree>) {
    let head = files.head(1, &shop()).await.expect("asked");
    let at = At {
        installation: 1,
        repository: shop(),
        head: head.expect("a head"),
    };
    let tree = files.tree(&at).await.expect("a tree");
    standin.asked();
    (at, tree)
}

#[tokio::test]
async fn a_symbolic_link_is_followed_within_the_repository_and_never_out_of_it() {
    let world: World = Arc::new(Mutex::new(vec![(
        "shop",
        "c1",
        vec![
            ("README.md", b"-> docs/README.md".as_slice()),
            ("docs/README.md", b"# Shop"),
            ("a/b/up.md", b"-> ../../latest/README.md"),
            ("latest", b"-> docs"),
            ("passwd", b"-> ../../etc/passwd"),
            ("root", b"-> /etc/passwd"),
            ("dangling", b"-> none.md"),
            ("circle", b"-> circle"),
            ("here", b"-> ."),
        ],
    )]));
    let standin = acme(&world).await;
    let files = Files::new(standin.github.clone());
    let (at, tree) = head_of(&standin, &files).await;
    for path in [
        "README.md",
        "a/b/up.md",
        "latest/README.md",
        "here/docs/README.md",
    ] {
        let found = files.find(&at, &tree, path).await.expect("asked");
        assert_eq!(found, Found::Text("# Shop".into()), "{path}");
    }
    for (path, why) in [
        ("passwd", "is a symbolic link out of the repository"),
        ("root", "is a symbolic link out of the repository"),
        (
            "dangling",
            "is a symbolic link to none.md, where nothing lies",
        ),
        ("circle", "leads through more than 8 symbolic links"),
        ("docs", "is a folder, not a file"),
        ("latest", "is a folder, not a file"),
        ("here", "is a folder, not a file"),
    ] {
        let found = files.find(&at, &tree, path).await.expect("asked");
        assert_eq!(found, Found::Unreadable(format!("{path} {why}")));
    }
    // What is read anyway does not come twice.
    for (glob, paths) in [
        ("**/README.md", vec!["docs/README.md"]),
        ("README.md", vec!["README.md"]),
    ] {
        let entries = tree.matching(&Glob::new(glob).expect("a glob"));
        let read = files.texts(&at, &tree, Owner::Repository, &entries).await;
        let read = read.expect("read");
        let found: Vec<_> = read.files.iter().map(|file| &*file.path).collect();
        assert_eq!(found, paths, "{glob}");
        assert_eq!(read.unread, []);
    }
}

#[tokio::test]
async fn a_configuration_that_is_no_text_is_a_mistake_and_not_none_at_all() {
    let large: &'static [u8] = vec![b'x'; 512 * 1024].leak();
    const MANY: [&str; 17] = [
        "m/a", "m/b", "m/c", "m/d", "m/e", "m/f", "m/g", "m/h", "m/i", "m/j", "m/k", "m/l", "m/m",
        "m/n", "m/o", "m/p", "m/q",
    ];
    let mut own = vec![
        (".github/port-app-config.yml", b"\xff\xfes\0".as_slice()),
        ("docs/logo.png", b"\xff\xfe".as_slice()),
    ];
    own.extend(MANY.map(|path| (path, large)));
    let world: World = Arc::new(Mutex::new(vec![("shop", "c1", own)]));
    let standin = acme(&world).await;
    let configurations =
        Configurations::new(standin.github.clone(), Files::new(standin.github.clone()));
    let (organization, shop) = (organization(), shop());
    let candidate = async |glob| {
        let patterns = [pattern(Owner::Repository, glob)];
        let found =
            configurations.candidate("gitops", &patterns, &[], 1, &organization, Some(&shop));
        found.await.expect("asked")
    };
    for (glob, path, words) in [
        (
            ".github/port-app-config.yml",
            Some(".github/port-app-config.yml"),
            "in acme/shop: .github/port-app-config.yml is not UTF-8 text: save it as UTF-8",
        ),
        (
            "m/*",
            None,
            "the configuration in acme/shop is too large to be read: what a plugin wants of a \
             repository's files takes more than 8 MiB",
        ),
    ] {
        let Candidate::Unreadable(mistakes) = candidate(glob).await else {
            panic!("{glob} is readable");
        };
        assert_eq!(mistakes[0].message, words);
        assert_eq!(mistakes[0].place.as_ref().map(|place| &*place.path), path);
    }
    // A wildcard takes what can be read.
    assert!(readable(candidate("docs/*").await).files().is_empty());
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
