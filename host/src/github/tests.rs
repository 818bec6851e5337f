//! The client against a socket that answers as GitHub does.

mod deliveries;
mod objects;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::standin::{Asked, Standin, failed, minted, ok, shop, standin};
use super::{Error, Named, Scope};

const MINT: &str = "POST /app/installations/1/access_tokens";
const BY_NAME: Named<'_> = Named::Name {
    owner: "acme",
    name: "shop",
};

fn repository() -> String {
    json!({"id": 42, "name": "shop", "owner": {"login": "acme"}, "default_branch": "main"})
        .to_string()
}

#[tokio::test]
async fn many_who_ask_at_once_share_one_token() {
    let standin = standin(|asked| match &*asked.line {
        MINT => failed(404, ""),
        _ if asked.bearer == "t1" => ok(repository()),
        _ => failed(401, "Bad credentials"),
    })
    .await;
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let github = standin.github.clone();
        asking.spawn(async move { github.repository(1, BY_NAME).await });
    }
    for found in asking.join_all().await {
        assert_eq!(found.expect("a repository").id, 42);
    }
    let asked = standin.asked();
    assert_eq!(asked.iter().filter(|line| *line == MINT).count(), 1);
    assert_eq!(asked.len(), 21);
}

#[tokio::test]
async fn a_token_that_a_replica_does_not_know_yet_is_tried_again() {
    let refusals = AtomicUsize::new(2);
    let standin = standin(move |asked| match &*asked.line {
        MINT => failed(404, ""),
        _ if refusals
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            })
            .is_ok() =>
        {
            failed(401, "Bad credentials")
        }
        _ => ok(repository()),
    })
    .await;
    standin
        .github
        .repository(1, BY_NAME)
        .await
        .expect("a repository");
    let get = "GET /repos/acme/shop";
    assert_eq!(standin.asked(), [MINT, get, get, get]);
}

#[tokio::test]
async fn a_revoked_token_is_minted_again_once() {
    let Standin { mut github, .. } = standin(|asked| match &*asked.line {
        MINT => minted("revoked"),
        _ => failed(401, "Bad credentials"),
    })
    .await;
    Arc::get_mut(&mut github.0)
        .expect("nobody else has it")
        .app
        .fresh = Duration::ZERO;
    let refused = github.repository(1, BY_NAME).await.expect_err("refused");
    assert!(refused.is_transient());
    assert_eq!(
        refused.to_string(),
        "GitHub does not accept the App's credentials: Bad credentials (401 to GET /repos/acme/shop)"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_clock_that_is_off_is_repaired_by_githubs_own_for_all_who_ask() {
    let ahead = jiff::Timestamp::now() + jiff::SignedDuration::from_mins(20);
    // Both were signed before either is answered.
    let both = Barrier::new(2);
    let standin = standin(move |asked| {
        let payload = asked.bearer.split('.').nth(1).expect("a JWT");
        let claims: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).expect("base64"))
                .expect("JSON");
        let (iat, exp) = (claims["iat"].as_i64(), claims["exp"].as_i64());
        assert_eq!(exp.zip(iat).map(|(exp, iat)| exp - iat), Some(600));
        assert_eq!(claims["iss"], "7");
        if exp.is_some_and(|exp| exp > ahead.as_second()) {
            return ok(json!({"name": "Portolan"}));
        }
        both.wait();
        let mut reply = failed(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time",
        );
        let date = jiff::fmt::rfc2822::DateTimePrinter::new();
        reply.1.push((
            "date",
            date.timestamp_to_rfc9110_string(&ahead).expect("a date"),
        ));
        reply
    })
    .await;
    let asking = [(); 2].map(|()| {
        let github = standin.github.clone();
        tokio::spawn(async move { github.app().await })
    });
    for asked in asking {
        let app = asked.await.expect("no panic").expect("repaired");
        assert_eq!(app.name, "Portolan");
    }
    assert_eq!(standin.asked(), ["GET /app"; 4]);
    standin.github.app().await.expect("still repaired");
    assert_eq!(standin.asked(), ["GET /app"]);
}

#[tokio::test]
async fn a_wrong_key_is_told_in_words() {
    let standin = standin(|_| failed(401, "A JSON web token could not be decoded")).await;
    let findings = standin.github.check().await;
    assert_eq!(findings.len(), 1);
    assert!(
        findings[0]
            .message
            .contains("Check that APP_ID (7) and PRIVATE_KEY belong together"),
        "{findings:?}"
    );
}

#[tokio::test]
async fn suspended_and_uninstalled_are_told_apart() {
    for (answer, expected) in [
        (403, "the App's installation 1 is suspended"),
        (404, "the App's installation 1 is gone"),
    ] {
        let standin = standin(move |_| match answer {
            403 => failed(403, "This installation has been suspended"),
            // A 404 of the mint itself, which the stand-in would otherwise take for `mint yourself`.
            _ => (
                404,
                vec![("x-real", "1".to_owned())],
                r#"{"message":"Not Found"}"#.into(),
            ),
        })
        .await;
        let error = standin
            .github
            .repository(1, BY_NAME)
            .await
            .expect_err("refused");
        assert!(error.to_string().starts_with(expected), "{error}");
        assert!(!error.is_transient());
    }
}

#[tokio::test]
async fn a_renamed_repository_is_followed_and_a_token_never_leaves() {
    let elsewhere = standin(|_| ok("{}")).await;
    let away = elsewhere.base.clone();
    let standin = standin(move |asked: &Asked| {
        let to = match &*asked.line {
            MINT => return failed(404, ""),
            "GET /repositories/42" => return ok(repository()),
            "GET /repos/acme/shop" => "/api/v3/repositories/42".to_owned(),
            "GET /repos/acme/circle" => "/api/v3/repos/acme/circle".to_owned(),
            _ => format!("{away}/repositories/42"),
        };
        (301, vec![("location", to)], Vec::new())
    })
    .await;
    let found = standin
        .github
        .repository(1, BY_NAME)
        .await
        .expect("found by its id");
    assert_eq!(found.full_name(), "acme/shop");
    let named = |name| Named::Name {
        owner: "acme",
        name,
    };
    let astray = standin.github.repository(1, named("lure")).await;
    assert!(matches!(astray, Err(Error::Astray { .. })), "{astray:?}");
    let circle = standin.github.repository(1, named("circle")).await;
    assert!(
        circle
            .expect_err("endless")
            .to_string()
            .contains("more than 5 redirects")
    );
    assert_eq!(elsewhere.asked(), [""; 0]);
}

#[tokio::test]
async fn lists_are_followed_page_by_page_and_never_in_circles() {
    let standin = standin(|asked: &Asked| {
        let page = |id: u64, next: &str| {
            let body = json!({"repositories": [
                {"id": id, "name": format!("r{id}"), "owner": {"login": "acme"}}, {"id": 1, "name": "r1", "owner": {"login": "acme"}},
            ]});
            let link = format!("<{next}>; rel=\"next\"");
            let headers = if next.is_empty() { Vec::new() } else { vec![("link", link)] };
            (200, headers, body.to_string().into())
        };
        match &*asked.line {
            "GET /installation/repositories?per_page=100" if asked.bearer == "t1" => page(1, "/api/v3/installation/repositories?page=2"),
            "GET /installation/repositories?page=2" => page(2, ""),
            "GET /installation/repositories?per_page=100" => page(1, "/api/v3/installation/repositories?per_page=100"),
            _ => failed(404, ""),
        }
    })
    .await;
    let all = standin.github.repositories(1).await.expect("two pages");
    assert_eq!(all.iter().map(|found| found.id).collect::<Vec<_>>(), [1, 2]);
    let circle = standin.github.repositories(2).await.expect_err("a circle");
    assert!(
        circle.to_string().contains("link back to themselves"),
        "{circle}"
    );
}

#[tokio::test]
async fn a_limit_parks_the_installation_it_holds_for() {
    let standin = standin(|asked: &Asked| match &*asked.line {
        line if line.contains("access_tokens") => failed(404, ""),
        _ if asked.bearer == "t1" => {
            let mut reply = failed(403, "You have exceeded a secondary rate limit");
            reply.1.push(("retry-after", "120".to_owned()));
            reply
        }
        _ => ok(repository()),
    })
    .await;
    for _ in 0..2 {
        let later = standin
            .github
            .repository(1, BY_NAME)
            .await
            .expect_err("limited");
        assert!(later.after() > Some(Duration::from_secs(110)), "{later}");
    }
    standin
        .github
        .repository(2, BY_NAME)
        .await
        .expect("another installation");
    let asked = standin.asked();
    assert_eq!(
        asked.iter().filter(|line| line.starts_with("GET")).count(),
        2,
        "{asked:?}"
    );
}

#[tokio::test]
async fn what_fails_in_passing_is_tried_three_times() {
    let failures = AtomicUsize::new(0);
    let standin = standin(move |asked| match &*asked.line {
        MINT => failed(404, ""),
        _ if failures.fetch_add(1, Ordering::SeqCst) < 2 => failed(502, "Server Error"),
        "GET /repos/acme/shop" => ok(repository()),
        _ => failed(500, "oops"),
    })
    .await;
    standin
        .github
        .repository(1, BY_NAME)
        .await
        .expect("the third time");
    let error = standin
        .github
        .repository(1, Named::Id(9))
        .await
        .expect_err("always");
    assert!(error.is_transient());
    assert_eq!(
        error.to_string(),
        "GitHub could not be asked: GitHub answered 500 to GET /repositories/9: oops"
    );
}

#[tokio::test]
async fn a_lacking_permission_is_named() {
    let standin = standin(|asked: &Asked| match &*asked.line {
        MINT => failed(404, ""),
        _ => failed(403, "Resource not accessible by integration"),
    })
    .await;
    let error = standin
        .github
        .tree(1, &shop(), "abc")
        .await
        .expect_err("refused");
    assert_eq!(
        error.to_string(),
        "GitHub answered 403 to GET /repos/acme/shop/git/trees/abc: the App lacks the permission `contents: read` \
         (grant it in the App's settings, then accept it in the organization). \
         GitHub says: Resource not accessible by integration"
    );
}

#[tokio::test]
async fn a_tree_too_large_for_one_answer_is_walked() {
    let entry = |path: &str, mode: &str, sha: &str| json!({"path": path, "mode": mode, "sha": sha, "size": 3});
    let standin = standin(move |asked: &Asked| match asked.line.trim_start_matches("GET /repos/acme/shop/git/trees/") {
        "root?recursive=1" => ok(json!({"tree": [], "truncated": true})),
        "root" => ok(json!({"tree": [entry("port.yml", "100644", "a"), entry("big", "040000", "big"), entry("link", "120000", "l")]})),
        "big?recursive=1" => ok(json!({"tree": [entry("x", "040000", "x"), entry("x/port.yml", "100755", "b")], "truncated": false})),
        _ => failed(404, ""),
    })
    .await;
    let mut tree = standin
        .github
        .tree(1, &shop(), "root")
        .await
        .expect("a tree");
    tree.sort_by(|a, b| a.path.cmp(&b.path));
    let paths: Vec<_> = tree.iter().map(|entry| &*entry.path).collect();
    assert_eq!(paths, ["big/x/port.yml", "link", "port.yml"]);
}

#[tokio::test]
async fn an_empty_repository_is_not_one_that_cannot_be_seen() {
    let standin = standin(|asked: &Asked| match &*asked.line {
        "GET /repositories/42" => ok(repository()),
        _ => failed(404, "Not Found"),
    })
    .await;
    assert_eq!(standin.github.head(1, &shop()).await.expect("empty"), None);
    let mut hidden = shop();
    hidden.id = 43;
    let error = standin.github.head(1, &hidden).await.expect_err("hidden");
    assert!(matches!(error, Error::Missing { .. }), "{error}");
}

#[tokio::test]
async fn what_mappers_ask_is_asked_with_a_token_that_can_only_read_that_repository() {
    let standin = standin(|asked: &Asked| match &*asked.line {
        MINT if asked.body == "{}" => minted("whole"),
        MINT => {
            let body: Value = serde_json::from_str(&asked.body).expect("JSON");
            assert_eq!(body, json!({"repository_ids": [42], "permissions": {"contents": "read", "checks": "read"}}));
            minted("narrow")
        }
        _ if asked.bearer == "narrow" => ok(r#"{"names":["go"]}"#),
        _ => failed(401, "Bad credentials"),
    })
    .await;
    let scope = Scope::Reading {
        installation: 1,
        repository: Some(42),
    };
    let pages = standin
        .github
        .get(scope, "/repos/acme/shop/topics", &|_| true, true, 100)
        .await;
    assert_eq!(pages.expect("one page"), [r#"{"names":["go"]}"#]);
    let large = standin
        .github
        .get(scope, "/repos/acme/shop/topics", &|_| true, true, 10)
        .await;
    let large = large.expect_err("too large").to_string();
    assert_eq!(
        large,
        "too large to be read: GET /repos/acme/shop/topics takes more than 10 bytes"
    );
}
