//! One subject's state, and what its absence means.

use serde_json::json;

use crate::github::Error;
use crate::github::standin::{Asked, Reply, failed, ok, shop, standin};
use crate::subject::{Organization, Subject};

fn subject(kind: &str, id: u64, number: Option<u64>) -> Subject {
    let organization = Organization {
        id: 3,
        login: "acme".to_owned(),
    };
    Subject {
        kind: kind.to_owned(),
        key: format!("{kind}/42/{id}"),
        number,
        ..Subject::tree(1, organization, shop())
    }
}

#[tokio::test]
async fn each_kinds_object_is_asked_for_by_the_repositorys_id() {
    let standin = standin(|asked: &Asked| match &*asked.line {
        "GET /repositories/42/pulls/5" => ok(json!({"id": 9, "number": 5})),
        "GET /repositories/42/issues/6" => ok(json!({"id": 10, "number": 6})),
        "GET /repositories/42/actions/runs/11" => ok(json!({"id": 11})),
        "GET /repositories/42" => ok(json!({"id": 42, "name": "shop", "owner": {"login": "acme"}})),
        _ => failed(404, "Not Found"),
    })
    .await;
    let found = [
        (
            subject("pull-request", 9, Some(5)),
            r#"{"id":9,"number":5}"#,
        ),
        (subject("issue", 10, Some(6)), r#"{"id":10,"number":6}"#),
        (subject("workflow-run", 11, Some(11)), r#"{"id":11}"#),
        (
            subject("repository", 42, None),
            r#"{"id":42,"name":"shop","owner":{"login":"acme"}}"#,
        ),
    ];
    for (subject, json) in found {
        let object = standin.github.object(1, &subject).await;
        assert_eq!(&*object.expect("it is there"), json, "{}", subject.key);
    }
    for unasked in [subject("issue", 10, None), subject("tree", 42, None)] {
        let error = standin.github.object(1, &unasked).await;
        let error = error.expect_err("GitHub has no such object");
        assert!(!matches!(error, Error::Missing { .. }), "{error}");
        assert!(!error.is_transient(), "{error}");
    }
}

#[tokio::test]
async fn what_was_deleted_or_became_another_one_is_missing() {
    let standin = standin(|asked: &Asked| -> Reply {
        match &*asked.line {
            "GET /repositories/42/issues/1" => failed(410, "This issue was deleted"),
            "GET /repositories/42/issues/2" => {
                let to = "/api/v3/repositories/77/issues/9".to_owned();
                (301, vec![("location", to)], Vec::new())
            }
            "GET /repositories/77/issues/9" => ok(json!({"id": 99, "number": 9})),
            "GET /repositories/42/issues/4" => {
                failed(403, "Resource not accessible by integration")
            }
            _ => failed(404, "Not Found"),
        }
    })
    .await;
    for number in 1..=3 {
        let issue = subject("issue", 10, Some(number));
        let error = standin.github.object(1, &issue).await;
        let error = error.expect_err("not there");
        assert!(matches!(error, Error::Missing { .. }), "{number}: {error}");
    }
    let issue = subject("issue", 10, Some(4));
    let error = standin.github.object(1, &issue).await;
    let error = error.expect_err("not to be seen");
    assert!(!matches!(error, Error::Missing { .. }), "{error}");
}

#[tokio::test]
async fn a_kind_answers_only_where_its_list_does() {
    let standin = standin(|asked: &Asked| match &*asked.line {
        "GET /repositories/42/pulls?per_page=1" => ok("[]"),
        "GET /repositories/42/issues?per_page=1" => failed(410, "Issues are disabled"),
        "GET /repositories/42/actions/runs?per_page=1" => failed(403, "Resource not accessible"),
        _ => failed(404, "Not Found"),
    })
    .await;
    let answers = async |kind| standin.github.kind_answers(1, &shop(), kind).await;
    assert!(answers("pull-request").await.is_ok());
    for silent in ["issue", "workflow-run", "tree", "star"] {
        assert!(answers(silent).await.is_err(), "{silent}");
    }
}
