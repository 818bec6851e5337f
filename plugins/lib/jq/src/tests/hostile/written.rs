//! Programs that are hostile by how they are written: what nests, and what is wide.

use super::{little, with_little_stack};
use crate::{Failure, Program};

#[test]
fn texts_that_nest() {
    for text in [
        format!("{}1{}", "(".repeat(100_000), ")".repeat(100_000)),
        format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000)),
        format!("{}1", "-".repeat(100_000)),
        format!("{}1", "try ".repeat(100_000)),
        format!("1{}", "+1".repeat(100_000)),
        format!(".{}", "?".repeat(100_000)),
        format!("{}1{}", "\"\\(".repeat(10_000), ")\"".repeat(10_000)),
        format!("{}1{}", "if 1 then ".repeat(10_000), " end".repeat(10_000)),
        format!(
            "{}1",
            "def f: 1; ".repeat(3) + &"def f: def g: ".repeat(10_000)
        ),
        format!("1 as {}$x{} | 2", "[".repeat(10_000), "]".repeat(10_000)),
        format!("{}1", "1 as $x | ".repeat(10_000)),
        format!("reduce {}", "reduce ".repeat(10_000)),
        ".a".repeat(10_000),
        format!(
            "{}1{}",
            "(".repeat(100),
            format!("{})", "+1".repeat(100)).repeat(100)
        ),
        format!(".{}", "[0]".repeat(10_000)),
        format!("{{a:{}", "{a:".repeat(10_000)),
    ] {
        let begin: String = text.chars().take(20).collect();
        let mistake = with_little_stack(move || Program::compile(&text).err());
        assert!(mistake.is_some(), "{begin}…");
    }
    // As deep as it may be is fine.
    let deep = format!("{}1{}", "[".repeat(70), "]".repeat(70));
    assert!(little(deep, "null").is_ok());
    let long = format!("1{}", " + 1".repeat(100));
    assert_eq!(little(long, "null"), Ok("101".into()));
    // So is much of what does not nest.
    let many = format!("[{}1] | length", "1, ".repeat(5_000));
    assert_eq!(little(many, "null"), Ok("5001".into()));
    for (op, result) in [("|", "1"), ("//", "1"), ("or", "true"), ("and", "true")] {
        let chain = format!("1{}", format!(" {op} 1").repeat(5_000));
        assert_eq!(little(chain, "null"), Ok(result.into()), "{op}");
    }
    let names = format!(".{} | 1", vec!["a"; 100].join("."));
    assert_eq!(little(names, "null"), Ok("1".into()));
}

#[test]
fn texts_that_are_wide() {
    let many = |count: usize, part: fn(usize) -> String| -> String {
        (0..count).map(part).collect::<Vec<_>>().join(" ")
    };
    for text in [
        "(".repeat(20) + "1" + &format!("){}", "?".repeat(119)).repeat(20),
        format!(
            "if 1 then 1 {} end",
            many(5_000, |n| format!("elif {n} then 1"))
        ),
        format!("\"{}\"", "\\(1)".repeat(5_000)),
        format!(". as {} $x | 1", "[$a] ?// ".repeat(400)),
        format!(". as [{} $x] | 1", many(5_000, |n| format!("$a{n},"))),
        format!("def f({} g): 1; 1", many(5_000, |n| format!("$a{n};"))),
    ] {
        let begin: String = text.chars().take(20).collect();
        let mistake = with_little_stack(move || Program::compile(&text).err());
        assert!(mistake.is_some(), "{begin}…");
    }
    let table = format!("{{{}}} | length", many(5_000, |n| format!("a{n}: {n},")));
    assert_eq!(little(table, "null"), Ok("5000".into()));
    let cases = format!(
        "if null then 1 {} end",
        many(200, |n| format!("elif . == {n} then 1"))
    );
    assert_eq!(little(cases, "null"), Ok("null".into()));
    // What stands side by side is no higher than its highest.
    let names = many(300, |n| format!(r#""{n}\(1)-\(2)-\(3)-\(4)": 1,"#));
    assert_eq!(
        little(format!("{{{names}}} | length"), "null"),
        Ok("300".into())
    );
    let definitions = many(300, |n| format!("def f{n}(a; b; c; d): 1;"));
    assert_eq!(little(format!("{definitions} 1"), "null"), Ok("1".into()));
    let chain = many(5_000, |n| format!("def f{}: f{n};", n + 1));
    let chain = format!("def f0: 1; {chain} f5000 + 1");
    assert!(matches!(
        little(chain, "null"),
        Ok(_) | Err(Failure::TooMuch(_))
    ));
}
