//! Where Port's dialect is more than libjq, or other: what agrees is held against libjq itself by `make differential`.

use super::run;
use crate::{Bounds, Failure, Program, Value};

/// The output as JSON.
fn gives(program: &str, input: &str, output: &str) {
    let found = run(program, input).map(|output| output.map(|output| output.to_string()));
    assert_eq!(found, Ok(Some(output.to_owned())), "{program}");
}

fn mistake(program: &str) -> (String, usize) {
    let mistake = Program::compile(program).err().expect("a mistake");
    (mistake.message.clone(), mistake.at.expect("a place"))
}

#[test]
fn strings_may_stand_in_single_quotes() {
    gives(".a != 'completed'", r#"{"a": "x"}"#, "true");
    gives("[.[] | select(. == 'x')]", r#"["x", "y"]"#, r#"["x"]"#);
    gives("['a', 'b']", "null", r#"["a","b"]"#);
    gives("{'a': 1} | .'a'", "null", "1");
    gives("'a \"b\" \\(1 + 1) \\'c\\''", "null", r#""a \"b\" 2 'c'""#);
    gives("''", "null", r#""""#);
    gives(r#""it's" + 'x'"#, "null", r#""it'sx""#);
    gives("1 # don't", "null", "1");
    gives(r#""\('x')""#, "null", r#""x""#);
}

#[test]
fn a_mistake_has_its_place_in_the_text_as_it_was_written() {
    assert_eq!(mistake("service").1, 0);
    assert!(mistake("service").0.contains("a text needs quotes"));
    assert_eq!(mistake(".a == 'é' | foo(1)").1, 12);
    assert_eq!(mistake(".a | $x").1, 5);
    assert_eq!(mistake("'a' + 'b").1, 6);
    assert_eq!(mistake("(.a | .b").1, 0);
    assert_eq!(mistake(".a ]").1, 3);
    assert_eq!(mistake("if .a then 1").1, 0);
    assert_eq!(mistake("\"\\(.a | )\"").1, 8);
    assert_eq!(mistake("\"\\q\"").1, 1);
    assert_eq!(mistake(".a & .b").1, 3);
    assert_eq!(mistake("{1: 2}").1, 1);
    assert_eq!(mistake("“x”").1, 0);
    assert_eq!(mistake("import \"a\" as a; 1").1, 0);
    assert_eq!(mistake("@bas64").1, 0);
}

#[test]
fn a_mistake_says_what_jq_has_instead() {
    for (program, hint) in [
        (".a && .b", "`and`"),
        (".a || .b", "`or`"),
        (".a === .b", "`==`"),
        ("!.a", "`| not`"),
        ("if .a then 1 else if .b then 2 else 3 end", "`elif`"),
        ("a::b", "no modules"),
        (".a.my-key", "`.\"my-key\"`"),
        ("foo(1)", "1 argument"),
        ("break", "`break $name`"),
        ("reduce .[] as $x (0)", "a start and an update"),
    ] {
        let (message, _) = mistake(program);
        assert!(message.contains(hint), "{program}: {message}");
    }
}

#[test]
fn what_no_string_is_is_left_alone() {
    gives(
        "[.[] | ltrimstr(\"a\"), rtrimstr(\"b\"), trimstr(\"c\")]",
        "[1, null]",
        "[1,1,1,null,null,null]",
    );
    gives("ltrimstr(1)", "\"x\"", "\"x\"");
}

#[test]
fn what_came_and_went_with_versions_is_there() {
    gives("[isvalid(.a), isvalid(.[0])]", "{}", "[true,false]");
    gives("[leaf_paths]", r#"{"a": [1]}"#, r#"[["a",0]]"#);
    gives("toarray, [toarray]", "1", "[1]");
    gives("@base32, (@base32 | @base32d)", "\"hi\"", "\"NBUQ====\"");
    gives("@base32 | @base32d", "\"hi\"", "\"hi\"");
    gives("65 | ascii", "null", "\"A\"");
    gives(
        "0 | dateadd(\"seconds\"; 5) | datesub(\"seconds\"; 1) | date",
        "null",
        "\"1970-01-01T00:00:04Z\"",
    );
    gives("reverse", "\"abc\"", "\"cba\"");
    gives(".a?//\"x\"", "[]", "\"x\"");
    gives("[limit(-1; 1, 2)]", "null", "[1,2]");
    gives(
        "[{k: \"a\", v: 1}, {K: \"b\", V: 2}, {key: 3, value: 4}, {key: false}] | from_entries",
        "null",
        r#"{"a":1,"b":2,"3":4,"false":null}"#,
    );
}

#[test]
fn integers_keep_their_digits_until_they_are_computed_with() {
    gives(
        ".",
        "[9007199254740993, 18446744073709551615, -9223372036854775808]",
        "[9007199254740993,18446744073709551615,-9223372036854775808]",
    );
    gives(
        ".[0] | tostring",
        "[9007199254740993]",
        "\"9007199254740993\"",
    );
    gives(".[0] + 1", "[9007199254740993]", "9007199254740992");
    gives(
        ".[0] == .[1]",
        "[9007199254740993, 9007199254740992]",
        "false",
    );
    gives(
        "100000000000000000000000",
        "null",
        "100000000000000000000000",
    );
    gives(
        "sort",
        "[18446744073709551615, 1, 9007199254740993]",
        "[1,9007199254740993,18446744073709551615]",
    );
    let output = run(".", "18446744073709551615").unwrap().unwrap();
    assert_eq!(
        serde_json::to_string(&output).unwrap(),
        "18446744073709551615"
    );
    assert_eq!(
        serde_json::Value::from(output),
        serde_json::json!(18446744073709551615_u64)
    );
}

#[test]
fn text_is_read_as_numbers_as_far_as_any_version_does() {
    gives(
        "map(tonumber)",
        r#"[" 2", " 7\n", "+5", "-1"]"#,
        "[2,7,5,-1]",
    );
    gives("map(tonumber?)", r#"["+-5", "0x1", "1 2", "", "x"]"#, "[]");
    gives(
        "map(fromjson)",
        r#"["01", "[+1, .5, 1.]", "[NaN]", "{\"a\\\"01\": -01}"]"#,
        r#"[1,[1,0.5,1],[null],{"a\"01":-1}]"#,
    );
    gives("map(fromjson?)", r#"["[1", "1 2", "x01", "\"01"]"#, "[]");
}

#[test]
fn equal_is_what_has_equal_parts_and_nan_equals_nothing() {
    gives(
        "[[nan] == [nan], {a: nan} == {a: nan}]",
        "null",
        "[false,false]",
    );
    gives(
        "[.[0] == .[1], .[0] == .[2]]",
        r#"[{"a": 1, "b": [2]}, {"b": [2], "a": 1}, {"a": 1, "c": [2]}]"#,
        "[true,false]",
    );
    gives("[nan] as $x | $x == $x", "null", "true");
}

#[test]
fn now_is_what_the_run_is_told() {
    let bounds = Bounds {
        now: 1_425_599_621.5,
        ..Bounds::default()
    };
    let now = |program| {
        Program::compile(program)
            .unwrap()
            .first(&Value::Null, &bounds)
            .unwrap()
            .unwrap()
            .to_string()
    };
    assert_eq!(now("now"), "1425599621.5");
    assert_eq!(now("now | todate"), "\"2015-03-05T23:53:41Z\"");
    assert_eq!(
        now("now - (\"2015-03-05T23:53:41Z\" | fromdate) | floor"),
        "0"
    );
}

#[test]
fn there_is_nothing_around_a_program() {
    gives("[$ENV, env]", "null", "[{},{}]");
    gives("[inputs]", "null", "[]");
    gives("debug | debug(\"x\") | stderr", "1", "1");
    assert_eq!(
        run("input", "null"),
        Err(Failure::Error("No more inputs".into()))
    );
    assert_eq!(run("halt", "null"), Ok(None));
    assert_eq!(run("halt_error", "\"x\""), Err(Failure::Error("x".into())));
}

#[test]
fn failures_are_in_words() {
    let words = |program| match run(program, r#"{"a": [1], "b": null}"#) {
        Err(Failure::Error(words)) => words,
        other => panic!("{program}: {other:?}"),
    };
    assert_eq!(words(".a.b"), "Cannot index array with string (\"b\")");
    assert_eq!(words(".b[]"), "Cannot iterate over null (null)");
    assert_eq!(
        words(".a + \"x\""),
        "array ([1]) and string (\"x\") cannot be added"
    );
    assert_eq!(words("error({x: 1})"), "{\"x\":1} (not a string)");
    assert_eq!(
        words("path(.a | map(.))"),
        "Invalid path expression with result [1]"
    );
    assert_eq!(words("error"), r#"{"a":[1],"b":null} (not a string)"#);
    assert_eq!(
        words("\"x\" * 100 | . - 1"),
        format!(
            "string (\"{}...) and number (1) cannot be subtracted",
            "x".repeat(25)
        )
    );
}

#[test]
fn builtins_compile_each_for_itself() {
    let names = include_str!("../defs.jq")
        .lines()
        .filter_map(|line| line.strip_prefix("def "));
    for signature in names.filter_map(|line| line.split_once(": ").map(|(signature, _)| signature))
    {
        let (name, args) = signature.split_once('(').unwrap_or((signature, ""));
        let count = args.matches(';').count() + usize::from(!args.is_empty());
        let call = match count {
            0 => name.trim_end_matches(':').to_owned(),
            count => format!("{name}({})", vec!["."; count].join("; ")),
        };
        if let Err(mistake) = Program::compile(&call) {
            panic!("{call}: {mistake}");
        }
    }
}

#[test]
fn a_path_of_names_alone_is_what_the_evaluator_makes_of_it() {
    let inputs = [
        r#"{"a": {"b": {"c": 1}}}"#,
        r#"{"a": {"b": null}}"#,
        r#"{"a": {}}"#,
        r#"{"a": "text"}"#,
        r#"{"a": {"b": [1]}}"#,
        "null",
        "[1]",
        "7",
    ];
    for input in inputs {
        for path in [".a", ".a.b", ".a.b.c", r#".["a"]"#, r#"."a".b"#] {
            let evaluated = run(&format!(". | {path} | ."), input);
            assert_eq!(run(path, input), evaluated, "{path} of {input}");
        }
    }
    let long = format!(r#"{{"a": "{}"}}"#, "x".repeat(5 << 20));
    assert!(matches!(run(".a", &long), Err(Failure::TooMuch(_))));
}
