//! `make demo`, ending by itself and waiting for a person.

use std::fs;

use super::commands::TRY_IT;
use super::shell::Script;
use super::{block, file, readme, root};

/// This test runs within `make test`, which has built the demo.
const BUILT: &str = r#"
make() {
    case $* in
    demo) command make -n demo | tail -n 1 | grep -q '/debug/demo"$' && "$DEMO" ;;
    test) grep -x 'part make test' .ci/run ;;
    *) echo "no test of the README knows: make $*" && exit 1 ;;
    esac
}
"#;

#[tokio::test]
async fn its_demo_shows_what_was_delivered_mapped_and_written() {
    assert!(readme().contains("The demo shows what was delivered, mapped and written,"));

    let said = demo().env("DEMO_ONCE", "1").run().await;

    for shown in [
        "delivered and accepted with 202",
        "mapped tree",
        "mapped pull-request",
        r#""blueprint": "service""#,
        r#""blueprint": "githubPullRequest""#,
        "Done: the host drained and ended with exit status: 0.",
    ] {
        assert!(said.contains(shown), "no {shown:?} in:\n{said}");
    }
}

#[tokio::test]
async fn its_demo_says_how_to_replace_a_plugin_while_it_runs() {
    assert!(readme().contains("says which file to edit to see a plugin replaced while it runs"));
    let mut demo = demo().without("DEMO_ONCE").start();

    let line = demo.wait_for_line("See a plugin swapped: edit ").await;
    let (_, edit) = line.split_once("edit ").expect("just seen");
    let (edited, _) = edit.split_once(',').expect("what to do there follows");
    assert!(file(edited).contains(".title("), "{line}");
    let line = demo.wait_for_line("make guests && cp ").await;
    let (_, cp) = line.split_once("cp ").expect("just seen");
    let (built, plugin) = cp.split_once(' ').expect("from here to there");
    // What an edit and a build would leave: other bytes. Here an empty section more, named `x`.
    let mut edited = fs::read(root().join(built)).expect("the demo tells where it lies");
    edited.extend([0, 2, 1, b'x']);
    demo.wait_for_line("Ctrl-C ends the demo.").await;
    fs::write(root().join(plugin), edited).expect("the demo tells where to copy it to");
    demo.wait_for_line("in Port: ").await;
    let said = demo.interrupt().await;
    let end = "The host ended with exit status: 0.";
    assert!(said.contains(end), "no {end:?} in:\n{said}");
}

fn demo() -> Script {
    Script::of(block("sh", TRY_IT), root())
        .with_stand_ins(BUILT)
        .env("DEMO", env!("CARGO_BIN_EXE_demo"))
}
