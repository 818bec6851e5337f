use super::*;

fn read(kind: &str, text: &str) -> Result<Vec<(usize, String, String)>, String> {
    let belongs = Some(named("acme", "shop"));
    let mut objects = Objects::new(text.as_bytes(), kind, belongs);
    let mut all = Vec::new();
    while let Some(object) = objects.read()? {
        let whose = object
            .repository
            .expect("objects belong to one")
            .full_name();
        all.push((object.line.unwrap(), whose, object.subject.unwrap()));
    }
    Ok(all)
}

fn lines(text: &str) -> Vec<usize> {
    read("issue", text)
        .unwrap()
        .into_iter()
        .map(|(line, ..)| line)
        .collect()
}

#[test]
fn objects_come_one_a_line_or_however_json_is_laid_out() {
    assert_eq!(lines("{\"id\":1}\n\n  {\"id\":2}\r\n{\"id\":3}"), [1, 3, 4]);
    assert_eq!(lines("{\n  \"id\": 1\n}\n{\n  \"id\": 2\n}\n"), [1, 4]);
    assert_eq!(
        lines("[\n {\"id\":1},\n {\"id\":1},\n {\"id\":2}\n]\n[{\"id\":3}]\n"),
        [2, 3, 4, 6]
    );
    assert_eq!(lines("{\"id\":1} {\"id\":2}\n{\"id\":3}\n"), [1, 1, 2]);
    assert!(lines("").is_empty() && lines("[]\n").is_empty());
    let listed = r#"{"total_count":3,"workflow_runs":[{"id":1},
        {"id":2}]}{"total_count":3,"workflow_runs":[{"id":3}]}"#;
    assert_eq!(lines(listed), [1, 2, 2], "page after page");
    assert_eq!(lines(&listed.replace("workflow_runs", "items")), [1, 2, 2]);
    assert_eq!(
        lines(&format!("[{}]", listed.replace("}{", "},{"))),
        [1, 2, 2]
    );
    assert_eq!(lines("[[{\"id\":1}],[{\"id\":2}]]"), [1, 1]);
    assert_eq!(
        lines("{\"total_count\":1,\"items\":[{\"id\":1}]}\n{\"id\":2}"),
        [1, 2]
    );
    assert!(lines("{\"total_count\":0,\"workflow_runs\":[]}\n").is_empty());
    let [one] = &*read("issue", "{ \"id\": 1 }\n").unwrap() else {
        panic!()
    };
    assert_eq!(one.2, "{ \"id\": 1 }", "as it stands there");
}

#[test]
fn an_object_says_whose_it_is_in_more_than_one_way() {
    let whose = |kind: &str, text: &str| read(kind, text).unwrap().remove(0).1;
    let repository = r#"{"id":1,"name":"cart","owner":{"id":2,"login":"acme"}}"#;
    assert_eq!(whose("repository", repository), "acme/cart");
    assert_eq!(
        whose(
            "pull-request",
            &format!(r#"{{"id":7,"base":{{"repo":{repository}}}}}"#)
        ),
        "acme/cart"
    );
    assert_eq!(
        whose(
            "workflow-run",
            &format!(r#"{{"id":7,"repository":{repository}}}"#)
        ),
        "acme/cart"
    );
    let url = r#"{"id":7,"repository_url":"https://ghe.example.com/api/v3/repos/acme/docs"}"#;
    assert_eq!(whose("issue", url), "acme/docs");
    assert_eq!(
        whose(
            "issue",
            r#"{"id":7,"url":"https://api.github.com/repos/acme/docs/issues/1"}"#
        ),
        "acme/docs"
    );
    assert_eq!(
        whose("pull-request", r#"{"id":7,"number":1}"#),
        "acme/shop",
        "as was told"
    );
}

#[test]
fn what_has_no_id_is_none_of_githubs_objects() {
    let answer = r#"{"message":"Not Found","status":"404"}"#;
    for kind in ["repository", "pull-request", "issue", "workflow-run"] {
        for text in [
            answer.to_owned(),
            format!("[{answer}]"),
            answer.replace(',', ",\n"),
        ] {
            assert_eq!(
                read(kind, &text).unwrap_err(),
                "line 1: this is no object, but GitHub's answer \"Not Found\"",
                "{kind} {text}"
            );
        }
        for text in ["{}", r#"{"id":null}"#, r#"{"items":[{"id":1}]}"#] {
            let why = read(kind, text).unwrap_err();
            assert!(
                why.starts_with("line 1: the object has no `id`"),
                "{kind} {text}: {why}"
            );
        }
    }
}

#[test]
fn what_is_no_object_is_told_with_its_line() {
    let wrong = |text| read("issue", text).unwrap_err();
    assert_eq!(
        wrong("{\"id\":1}\n{\"id\":]\n"),
        "line 2: this is not JSON: expected value (column 7)"
    );
    assert!(wrong("{\"id\":1}\n{\"id\":\n").starts_with("line 3: this is not JSON: EOF"));
    assert!(wrong("[1]").starts_with("line 1: an object of GitHub's is wanted"));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(wrong(&deep).starts_with("line 1: an object of GitHub's is wanted"));
    let mut alone = Objects::new("{\"id\":1}".as_bytes(), "issue", None);
    assert!(alone.read().unwrap_err().contains("--repository"));
}
