//! Programs that never end, or want more than there is: each ends, says which bound it hit, and nothing traps.

mod written;

use super::run;
use crate::Failure;

/// As much stack as a sandbox gives.
const STACK: usize = 512 << 10;

fn with_little_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    std::thread::Builder::new()
        .stack_size(STACK)
        .spawn(work)
        .unwrap()
        .join()
        .unwrap()
}

/// The output as JSON.
fn little(program: impl Into<String>, input: &'static str) -> Result<String, Failure> {
    let program = program.into();
    with_little_stack(move || Ok(run(&program, input)?.unwrap_or_default().to_string()))
}

/// Each program ends by the bound that is named beside it.
fn refused<'p>(programs: impl IntoIterator<Item = (&'p str, &'p str)>) {
    let mut wrong = Vec::new();
    for (program, bound) in programs {
        match little(program, "null") {
            Err(Failure::TooMuch(message)) if message.contains(bound) => {}
            Err(other) => wrong.push(format!("{program}: {other:?}")),
            Ok(output) => wrong.push(format!("{program}: {:.50}", output)),
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Whichever bound it is.
const ANY: &str = "";
const STEPS: &str = "too many steps";
const LONG: &str = "too long";
const MEMORY: &str = "too many and too large";
const DEEP: &str = "too deep in each other";
const CALLS: &str = "call themselves too deep";
const PATTERN: &str = "regular expression";

#[test]
fn loops_that_never_end() {
    refused(
        [
            "[recurse(.)]",
            "last(recurse(1))",
            "[repeat(1)]|length",
            "until(false; .)",
            "[while(true; .)]",
            "last(range(1e12))",
            "last(range(0; infinite))",
            "last(limit(1e9; repeat(1)))",
            "reduce range(1e12) as $i (0; . + $i)",
            "last(foreach range(1e12) as $i (0; . + $i))",
            "def f: f; f",
            "def f: def g: f; g; f",
            "def f: .a | f; f",
            "def f(g): f(g); f(1)",
            "def f($x): f($x + 1); f(1)",
            "last(def f: 1, f; f)",
            "last(def f: f, 1; f)",
            "any(repeat(false); .)",
            "first(repeat(1) | select(. == 2))",
            "[limit(3; repeat(empty))]",
            "isempty(repeat(empty))",
            "label $out | repeat(1) | select(. > 1) | break $out",
        ]
        .map(|program| (program, ANY)),
    );
}

#[test]
fn nothing_hides_that_a_bound_was_hit() {
    refused(
        [
            "try repeat(1 | select(. > 1)) catch 5",
            "(repeat(empty))? // 5",
            "[.[]?, (try last(range(1e12)) catch 1)] | length",
            "[range(3) | try last(range(1e12)) catch .]",
            "def f: try error(1) catch f; f",
            "def f: (f)?, f; last(f)",
            "last(repeat(try error(1) catch .))",
            "path(repeat(.a) | select(. == 7))",
            "[recurse(., .)?]",
            "isempty(last(range(1e12)))",
            "(last(range(1e12)) | not) // 1",
        ]
        .map(|program| (program, ANY)),
    );
}

#[test]
fn outputs_that_multiply() {
    refused([
        (
            "def a: ., .; def b: a | a | a | a; def c: b | b | b | b; def d: c | c | c | c; last(d)",
            STEPS,
        ),
        (
            "[range(1000)] | [.[] as $a | .[] as $b | .[] as $c | 1] | length",
            ANY,
        ),
        (
            "[range(1000)] | last(.[] as $a | .[] as $b | .[] as $c | 1)",
            STEPS,
        ),
        ("[range(100)] | [., ., ., .] | last(combinations)", ANY),
        (
            r#""\(1, 2)\(1, 2)\(1, 2)\(1, 2)\(1, 2)\(1, 2)\(1, 2)" | last(repeat("\(1, 2)\(1, 2)\(1, 2)"))"#,
            STEPS,
        ),
    ]);
}

#[test]
fn values_that_grow() {
    refused([
        (r#""x" * 1e9"#, LONG),
        (r#"1e9 * "x""#, LONG),
        (r#"reduce range(100) as $i ("x"; . + .)"#, LONG),
        ("reduce range(100) as $i ([1]; . + .)", MEMORY),
        ("[range(1e9)]", ANY),
        ("[limit(1e9; repeat(1))]", ANY),
        (r#"[range(10000) | "x" * 1000000]"#, MEMORY),
        (
            r#"[range(10000) | "x" * 100000 | ascii_upcase] | length"#,
            MEMORY,
        ),
        ("null | .[500000000] = 1", MEMORY),
        ("reduce range(1e6) as $i ({}; .[$i | tostring] = $i)", ANY),
        (r#"("x" * 1000000) | [splits("")] | length"#, ANY),
        (r#"("x" * 1000000) | gsub("x"; "yyyyyyyyyy")"#, ANY),
        (r#"("%" * 3000000) | @uri"#, LONG),
        (r#"("<" * 3000000) | @html"#, LONG),
        (
            r#"[range(100000) | "abcdefghijklmnopqrstuvwxyz" + tostring] | join(",") | . + ."#,
            ANY,
        ),
        (r#"1700000000 | strftime("%c" * 1000000)"#, ANY),
    ]);
}

#[test]
fn values_that_are_shared_and_large_only_as_text() {
    refused([
        ("reduce range(100) as $i (1; [., .])", LONG),
        ("reduce range(100) as $i (1; [., .]) | tojson", LONG),
        (
            "reduce range(100) as $i (1; {a: ., b: .}) | [..] | length",
            ANY,
        ),
        ("reduce range(60) as $i (1; [., .]) | flatten | length", ANY),
        (
            "(reduce range(100) as $i (1; [., .])) as $a | (reduce range(100) as $i (1; [., .])) | . == $a",
            STEPS,
        ),
        (
            "(reduce range(60) as $i (1; [., .])) | contains(reduce range(60) as $i (2; [.]))",
            ANY,
        ),
        ("reduce range(100) as $i (1; [., .]) | walk(.)", ANY),
        (
            "reduce range(100) as $i (1; [., .]) | [paths] | length",
            ANY,
        ),
        (
            "reduce range(100) as $i (1; [., .]) | (.. | numbers) = 2",
            ANY,
        ),
        (
            "reduce range(100) as $i (1; [., .]) | [tostream] | length",
            ANY,
        ),
    ]);
}

#[test]
fn values_that_are_deep() {
    refused([
        ("reduce range(1e5) as $i (1; [.])", DEEP),
        ("reduce range(1e5) as $i (1; {a: .})", DEEP),
        ("last(repeat(.) | [.])", ANY),
        ("last(recurse([.]))", DEEP),
        (
            "reduce range(1e5) as $i (0; null | setpath([range($i) | 0]; 1))",
            ANY,
        ),
        ("reduce range(1e5) as $i (null; {(\"a\"): .})", DEEP),
        ("[range(1e4) | 0] as $p | null | setpath($p; 1)", DEEP),
    ]);
}

#[test]
fn recursion_that_needs_the_stack() {
    refused(
        [
            "def f: 1 + f; f",
            "def f: [f]; f",
            "def f: {a: f}; f",
            "def f: f | f; f",
            "def f: f + 1 | f; f",
            "def f(g): g | f(g | g); 1 | f(. + 1)",
            "def f(g): if . > 100000 then g else . + 1 | f(g | . + 1) end; 0 | f(.)",
            "def f(g): f(1 + g); f(1)",
            "def f: reduce f as $x (0; . + $x); f",
            "def f: try f catch f; f",
            "def f: first(f); f",
            "def f: [paths(f)]; [1] | def g: [1] | paths(g); g",
            "def f: .a |= f; {} | f",
            "def f: map(f); [[]] | def g: [g]; g",
            r#"def f: "\(f)"; f"#,
            "def f: if f then 1 else 2 end; f",
            "def f: f as $x | $x; f",
            "def f: .[f]; f",
            "def f: f // 1; f",
            "def f: f and f; f",
            "def f: label $x | f; f",
            "def f: [[1]] | sort_by(f); f",
            r#"def f: "a" | gsub("a"; f); f"#,
            "def a(f): def b: a(f | b); b; a(.)",
            "def f: try error(1) catch (. | f); f",
            "def f: try (1, f) catch f; [f]",
            "def f: . as [$a] ?// $a | f; f",
            "def f: (1 | f), 2; [f]",
            "def f: to_entries[] | f; [1] | f",
            "def f: recurse(f); [f]",
            "def f: [foreach (1, 2) as $x (0; f)]; f",
            "def f: first(range(5) | f); f",
            "def f: isempty(f); f",
            "def f: any(f; f); f",
            "def f: del(f); f",
            "def f: [limit(3; f, f)]; f",
            "def f: {a: 1} | with_entries(f); f",
            "def f: [1] | walk(f); f",
        ]
        .map(|program| (program, ANY)),
    );
    refused([("def f: 1 + f; f", CALLS)]);
}

#[test]
fn regular_expressions_that_never_find() {
    refused([
        (r#"("a" * 5000) | test("^(a|a)*(?!a)b$")"#, PATTERN),
        (r#"("a" * 5000) | test("(?=(a|aa|aaa)+b)\\1")"#, PATTERN),
        (r#"("a" * 5000) | test("(a*)*\\1b")"#, PATTERN),
    ]);
    for usual in [
        r"^\\w{1,100}$",
        r"^[\\w.-]{1,63}$",
        r"^(?!x)\\w{1,50}-\\d{1,50}$|c",
    ] {
        let program = format!("\"abc\" | test(\"{usual}\"; \"i\")");
        assert_eq!(little(program, "null"), Ok("true".into()), "{usual}");
    }
    // Without look-around they are searched in one pass.
    assert_eq!(
        little(r#"("a" * 50000) | test("(a*)*b")"#, "null"),
        Ok("false".into())
    );
    assert!(little(r#""a" | test("((a{1,500}){1,500}){1,500}")"#, "null").is_err());
    let nested = format!(r#""a" | test("{}a{}")"#, "(".repeat(5000), ")".repeat(5000));
    assert!(little(nested, "null").is_err());
}

#[test]
fn paths_that_grow() {
    refused([
        (
            r#"null | path(getpath([range(100000) | "a"])) | length"#,
            DEEP,
        ),
        (
            "[range(100000)] as $p | null | (getpath($p) |= empty)",
            DEEP,
        ),
        ("null | path(reduce range(20000) as $i (.; .a))", DEEP),
        (
            "null | path(last(foreach range(20000) as $i (.; .a)))",
            DEEP,
        ),
        (
            "def f($n): if $n == 0 then . else .a | f($n - 1) end; null | path(f(30000))",
            ANY,
        ),
        (
            "def f(g): g | g | g | g | g | g | g | g; null | path(f(f(f(f(f(.a))))))",
            DEEP,
        ),
    ]);
    let pipes = format!("null | path(.a{})", " | .a".repeat(30_000));
    assert!(little(pipes, "null").is_err());
    let pipes = format!("null | path(.a{}) | length", " | .a".repeat(300));
    assert_eq!(little(pipes, "null"), Ok("301".into()));
}

#[test]
fn members_are_taken_out_at_once() {
    for take_out in ["del(.[])", ".[] |= empty", "map_values(empty)"] {
        let program = format!(
            "reduce range(20000) as $i ({{}}; .[$i | tostring] = $i) | {take_out} | length"
        );
        assert_eq!(little(program, "null"), Ok("0".into()), "{take_out}");
    }
}

#[test]
fn texts_that_are_read_again_and_again() {
    refused([
        (
            r#"("x" * 3000000) as $x | [range(1e5) | $x | length] | length"#,
            STEPS,
        ),
        (
            r#"("x" * 3000000) as $x | ("x" * 3000000) as $y | [range(1e5) | $x == $y] | length"#,
            STEPS,
        ),
        (
            r#"("x" * 3000000) as $x | [range(1e5) | $x | endswith($x)] | length"#,
            STEPS,
        ),
        (
            r#"(" " * 3000000) as $x | [range(1e5) | $x | trim] | length"#,
            ANY,
        ),
        (
            r#"("1" * 100000) as $x | [range(1e5) | $x | tonumber] | length"#,
            STEPS,
        ),
    ]);
    match little(r#""x" * 1000000 | .a"#, "null") {
        Err(Failure::Error(message)) => assert!(message.len() < 1_000),
        other => panic!("{other:?}"),
    }
    match little(r#"("x" * 1000000) as $x | [] | .[$x]"#, "null") {
        Err(Failure::Error(message)) => assert!(message.len() < 1_000),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_large_but_within_bounds_is_done() {
    assert_eq!(
        little("[range(100000)] | add", "null"),
        Ok("4999950000".into())
    );
    assert_eq!(
        little(
            "reduce range(10000) as $i (\"\"; . + \"x\") | length",
            "null"
        ),
        Ok("10000".into())
    );
    assert_eq!(
        little("reduce range(10000) as $i ([]; . + [$i]) | length", "null"),
        Ok("10000".into())
    );
    assert_eq!(
        little(
            "reduce range(10000) as $i ({}; .[$i | tostring] = $i) | length",
            "null"
        ),
        Ok("10000".into())
    );
    assert_eq!(
        little(
            "[range(10000) | {id: ., n: (. % 7)}] | group_by(.n) | length",
            "null"
        ),
        Ok("7".into())
    );
    assert_eq!(
        little(
            "def f: if . > 5000 then . else . + 1 | f end; 0 | f",
            "null"
        ),
        Ok("5001".into())
    );
    assert_eq!(
        little(
            "def f: if . <= 1 then 1 else . * (. - 1 | f) end; 15 | f",
            "null"
        ),
        Ok("1307674368000".into())
    );
    assert_eq!(
        little("reduce range(60) as $i (1; [.]) | [..] | length", "null"),
        Ok("61".into())
    );
}
