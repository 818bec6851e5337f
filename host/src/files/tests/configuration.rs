//! What is a configuration, and what is a mistake in one.

use super::*;

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
