//! What lies in a repository, and what of it can be read.

use super::*;

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
