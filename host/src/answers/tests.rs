//! What mappers ask, and what they get.

use std::sync::Mutex;

use super::api::AT_ONCE;
use super::budget::{QUESTIONS, ROUNDS};
use super::*;
use crate::github::standin::{Asked, Standin, failed, git, ok, shop, standin};

fn about(standin: &Standin) -> Asking {
    let github = standin.github.clone();
    let answers = Answers::new(github.clone(), Files::new(github), |id| async move {
        match &*id {
            "service" => Ok(Some(r#"{"identifier":"service"}"#.into())),
            "down" => Err(Error::Port {
                message: "503".to_owned(),
                transient: true,
                outage: true,
            }),
            _ => Ok(None),
        }
    });
    let acme = Organization {
        id: 7,
        login: "acme".to_owned(),
    };
    answers.about(1, acme, Some(shop()))
}

async fn ask(asking: &mut Asking, question: Question) -> AnswerValue {
    let mut answers = asking.answer(&[question]).await.expect("an answer");
    answers.remove(0).value
}

fn file(path: &str) -> Question {
    Question::File(path.to_owned())
}

fn files(glob: &str) -> Question {
    Question::Files(glob.to_owned())
}

fn api(path: &str) -> Question {
    Question::Api(path.to_owned())
}

const FILES_OF_SHOP: &[(&str, &[u8])] = &[
    ("README.md", b"# Shop"),
    ("a/port.yml", b"a"),
    ("port.yml", b"root"),
    ("broken/service.yml", b"\xff\xfe"),
    ("cart/service.yml", b"cart"),
];

#[tokio::test]
async fn a_mapper_gets_what_it_asks_for() {
    let standin = standin(|asked: &Asked| match &*asked.line {
        "GET /repos/acme/shop/topics" => ok(r#"{"names":["go"]}"#),
        _ => git("acme/shop", "c1", FILES_OF_SHOP, asked),
    })
    .await;
    let mut asking = about(&standin);
    let questions = [
        file("README.md"),
        file("none.md"),
        files("**/port.yml"),
        api("/repos/acme/shop/topics"),
        api("/repos/acme/shop/pages"),
        Question::Blueprint("service".to_owned()),
        Question::Blueprint("none".to_owned()),
    ];
    let answers = asking.answer(&questions).await.expect("answers");
    for (answer, question) in answers.iter().zip(&questions) {
        assert_eq!(&answer.question, question);
    }
    let values: Vec<_> = answers.into_iter().map(|answer| answer.value).collect();
    let AnswerValue::Files(found) = &values[2] else {
        panic!("{:?}", values[2]);
    };
    let found: Vec<_> = found
        .iter()
        .map(|file| (&*file.path, &*file.text))
        .collect();
    assert_eq!(found, [("a/port.yml", "a"), ("port.yml", "root")]);
    assert_eq!(values[0], AnswerValue::Text("# Shop".to_owned()));
    assert_eq!(values[1], AnswerValue::Missing);
    assert_eq!(
        values[3],
        AnswerValue::Json(r#"{"names":["go"]}"#.to_owned())
    );
    assert_eq!(values[4], AnswerValue::Missing);
    assert_eq!(
        values[5],
        AnswerValue::Json(r#"{"identifier":"service"}"#.to_owned())
    );
    assert_eq!(values[6], AnswerValue::Missing);
}

#[tokio::test]
async fn all_answers_of_an_event_are_of_one_commit() {
    let commit = Arc::new(Mutex::new("c1"));
    let pushed = commit.clone();
    let standin = standin(move |asked: &Asked| {
        let commit = *commit.lock().expect("alone");
        match commit {
            "c2" if asked.line.ends_with("/branches/main") => git("acme/shop", "c2", &[], asked),
            _ => git("acme/shop", "c1", FILES_OF_SHOP, asked),
        }
    })
    .await;
    let mut asking = about(&standin);
    assert_eq!(
        ask(&mut asking, file("port.yml")).await,
        AnswerValue::Text("root".to_owned())
    );
    *pushed.lock().expect("alone") = "c2";
    assert_eq!(
        ask(&mut asking.another(), file("a/port.yml")).await,
        AnswerValue::Text("a".to_owned())
    );
    assert_eq!(
        asking.head().await.expect("read").map(|head| &*head.commit),
        Some("c1")
    );
}

#[tokio::test]
async fn what_is_outside_the_fence_is_refused_and_never_asked() {
    let standin = standin(|_| ok("{}")).await;
    let mut asking = about(&standin);
    for question in [
        file("../../etc/passwd"),
        files("/etc/*"),
        files("../.."),
        files("[a-"),
        api("/repos/acme/other"),
        api("/repos/acme/shop/../other"),
        api("//evil.example/repos/acme/shop"),
        api("/repos/acme/shop/actions/secrets"),
        api("/repos/acme/shop/{a}"),
    ] {
        let value = ask(&mut asking, question).await;
        assert!(matches!(value, AnswerValue::Refused(_)), "{value:?}");
    }
    assert_eq!(standin.asked(), [""; 0]);
}

#[tokio::test]
async fn a_redirect_or_a_next_page_outside_the_fence_is_refused() {
    let standin = standin(|asked: &Asked| {
        let to =
            |status, name, value: &str| (status, vec![(name, value.to_owned())], b"[]".to_vec());
        match &*asked.line {
            "GET /repos/acme/shop/forks" => to(302, "location", "/api/v3/repos/acme/other"),
            "GET /repos/acme/shop/stats" => to(
                302,
                "location",
                "https://evil.example/api/v3/repos/acme/shop",
            ),
            "GET /repos/acme/shop/tags" => to(
                200,
                "link",
                "</api/v3/repos/acme/other/tags?page=2>; rel=\"next\"",
            ),
            "GET /repos/acme/shop/pulls" => to(
                200,
                "link",
                "</api/v3/repositories/42/pulls?page=2>; rel=\"next\"",
            ),
            "GET /repositories/42/pulls?page=2" => ok("[1]"),
            _ => failed(404, ""),
        }
    })
    .await;
    let mut asking = about(&standin);
    for path in ["forks", "stats", "tags"] {
        let value = ask(&mut asking, api(&format!("/repos/acme/shop/{path}"))).await;
        let AnswerValue::Refused(why) = value else {
            panic!("{path}: {value:?}");
        };
        assert!(why.contains("outside of what may be read"), "{why}");
    }
    let value = ask(&mut asking, api("/repos/acme/shop/pulls")).await;
    assert_eq!(value, AnswerValue::Json("[1]".to_owned()));
    assert!(standin.asked().iter().all(|line| !line.contains("other")));
}

#[tokio::test]
async fn a_failure_that_may_pass_is_never_an_answer() {
    let standin = standin(|asked: &Asked| match &*asked.line {
        line if line.contains("access_tokens") => failed(404, ""),
        "GET /repos/acme/shop/pages" => failed(403, "Resource not accessible by integration"),
        "GET /repos/acme/shop/stats/participation" => (202, Vec::new(), b"{}".to_vec()),
        _ => failed(502, "Server Error"),
    })
    .await;
    let mut asking = about(&standin);
    for question in [
        file("port.yml"),
        api("/repos/acme/shop"),
        api("/repos/acme/shop/stats/participation"),
        Question::Blueprint("down".to_owned()),
    ] {
        let error = asking
            .answer(&[question])
            .await
            .expect_err("the event is tried again");
        assert!(error.is_transient(), "{error}");
    }
    let value = ask(&mut asking, api("/repos/acme/shop/pages")).await;
    assert!(matches!(value, AnswerValue::Refused(why) if why.contains("Resource not accessible")));
}

#[tokio::test]
async fn a_file_that_is_named_but_cannot_be_read_is_not_one_that_is_gone() {
    let standin = standin(|asked: &Asked| git("acme/shop", "c1", FILES_OF_SHOP, asked)).await;
    let mut asking = about(&standin);
    let value = ask(&mut asking, file("broken/service.yml")).await;
    assert!(
        matches!(&value, AnswerValue::Refused(why) if why.contains("UTF-8")),
        "{value:?}"
    );
    assert_eq!(asking.left_out(), [""; 0], "a refusal says it all");
    // The others arrive all the same.
    let AnswerValue::Files(found) = ask(&mut asking, files("**/service.yml")).await else {
        panic!("refused");
    };
    let found: Vec<_> = found.iter().map(|file| &*file.path).collect();
    assert_eq!(found, ["cart/service.yml"]);
    let left_out = ["broken/service.yml is not UTF-8 text: save it as UTF-8"];
    assert_eq!(asking.left_out(), left_out);
    assert_eq!(asking.another().left_out(), [""; 0]);
    let value = ask(&mut asking, files("broken/*")).await;
    assert!(matches!(value, AnswerValue::Files(files) if files.is_empty()));
    assert_eq!(
        asking.left_out(),
        left_out,
        "a wildcard takes what is there"
    );
}

#[tokio::test]
async fn who_asks_without_end_is_stopped() {
    let standin = standin(|_| failed(404, "")).await;
    let asking = about(&standin);
    let blueprint = Question::Blueprint("service".to_owned());
    let mut rounds = asking.another();
    for _ in 0..ROUNDS {
        ask(&mut rounds, blueprint.clone()).await;
    }
    let error = rounds
        .answer(std::slice::from_ref(&blueprint))
        .await
        .expect_err("one too many");
    assert_eq!(
        error.to_string(),
        "the mapper asks without end: more than 32 rounds"
    );
    let error = asking
        .another()
        .answer(&vec![blueprint; QUESTIONS + 1])
        .await
        .expect_err("too many");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn too_many_files_are_refused_without_spending_the_budget() {
    let names: Vec<String> = (0..301).map(|n| format!("docs/{n}.md")).collect();
    let standin = standin(move |asked: &Asked| {
        let files: Vec<_> = names
            .iter()
            .map(|name| (&**name, b"x".as_slice()))
            .collect();
        git("acme/shop", "c1", &files, asked)
    })
    .await;
    let mut asking = about(&standin);
    let value = ask(&mut asking, files("docs/*")).await;
    assert!(matches!(value, AnswerValue::Refused(why) if why.contains("more than 300 files")));
    let value = ask(&mut asking, files("docs/1?.md")).await;
    assert!(matches!(value, AnswerValue::Files(files) if files.len() == 10));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_round_asks_of_the_api_is_asked_at_once() {
    // Nobody is answered until eight have asked.
    let together = std::sync::Barrier::new(AT_ONCE);
    let standin = standin(move |asked: &Asked| match &*asked.line {
        line if line.contains("/commits/") => {
            tokio::task::block_in_place(|| together.wait());
            ok(serde_json::json!(line))
        }
        _ => failed(404, ""),
    })
    .await;
    let questions: Vec<_> = (0..2 * AT_ONCE)
        .map(|nth| api(&format!("/repos/acme/shop/commits/{nth}")))
        .collect();
    let answers = about(&standin).answer(&questions).await.expect("answers");
    for (nth, answer) in answers.iter().enumerate() {
        let expected = format!("\"GET /repos/acme/shop/commits/{nth}");
        let AnswerValue::Json(json) = &answer.value else {
            panic!("{answer:?}");
        };
        assert!(json.starts_with(&expected), "{json}");
        assert_eq!(answer.question, questions[nth]);
    }
}
