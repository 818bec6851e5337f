//! The README's plain binary: built, laid out and run by its own lines.

use std::process::{Command, Output};

use portolan_tests::host;
use serde_json::Value;

use super::commands::BINARY;
use super::shell::{Script, free_port, output};
use super::{block, folder, root, target};
use crate::acme::Acme;

/// An optimised build takes minutes: here its place is taken by what CI built already.
const BUILT: &str = r#"
make() {
    [ "$*" = guests ]
    mkdir target
    ln -s "$TARGET/guests" target/guests
}
cargo() {
    [ "$*" = "build --release" ]
    mkdir target/release
    ln "$PORTOLAN" target/release/ || cp "$PORTOLAN" target/release/
}
"#;

#[tokio::test]
async fn its_plain_binary_maps_a_port_yml() {
    let acme = Acme::new().await;
    let (github, port) = (&acme.github, &acme.port);
    let folder = folder();
    let listening = free_port().to_string();

    let mut host = Script::of(block("sh", BINARY), folder.path())
        .with_stand_ins(BUILT)
        .with_empty_environment()
        .env("TARGET", target())
        .env("PORTOLAN", host::binary())
        .env("APP_ID", github.app_id())
        .env("WEBHOOK_SECRET", github.webhook_secret())
        .env("PRIVATE_KEY", github.private_key_pem())
        .env("GITHUB_API_URL", github.api_url())
        .env("PORT", &listening)
        .env("PORT_URL", port.url())
        .env("PORT_CLIENT_ID", port.client_id())
        .env("PORT_CLIENT_SECRET", port.client_secret())
        .start();
    host.wait_for_line("loaded plugin gitops").await;
    let event = acme.service("shop");
    let url = format!("http://127.0.0.1:{listening}/");
    assert_eq!(github.deliver(&url, &event).await.0, 202);

    port.wait_for_entity("service", "shop").await;
    let data = folder.path().join("data/compiled");
    assert!(data.is_dir(), "DATA_DIR is the folder that was made");
    assert_eq!(health(&listening).status.code(), Some(0));
    host.interrupt().await;
    let health = health(&listening);
    assert_eq!(health.status.code(), Some(1), "{health:?}");
    assert!(String::from_utf8_lossy(&health.stderr).contains("nothing listens on"));
}

/// `portolan health`, which the README offers to containers.
fn health(port: &str) -> Output {
    let mut health = Command::new(host::binary());
    health.arg("health").env_clear().env("PORT", port);
    health.output().expect("the binary can be run")
}

/// What takes the builds' place above leaves things where they do.
#[test]
fn its_builds_leave_what_it_copies_and_runs() {
    let guests = output("make", &["-n", "guests"]);
    let folder = target().join("guests");
    for words in [
        "gitops",
        "--profile guest",
        "--target wasm32-unknown-unknown",
    ] {
        assert!(guests.contains(words), "{words}: {guests}");
    }
    assert!(
        guests.contains(&format!("--target-dir \"{}\"", folder.display())),
        "{guests}"
    );

    let metadata = output(
        "cargo",
        &["metadata", "--no-deps", "--offline", "--format-version=1"],
    );
    let metadata: Value = serde_json::from_str(&metadata).expect("cargo writes JSON");
    let default = metadata["workspace_default_members"]
        .as_array()
        .expect("a list");
    let binaries: Vec<_> = metadata["packages"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|package| default.contains(&package["id"]))
        .flat_map(|package| package["targets"].as_array().expect("a list"))
        .filter(|target| target["kind"][0] == "bin")
        .map(|target| &target["name"])
        .collect();
    assert_eq!(
        binaries,
        ["portolan"],
        "what `cargo build` makes in {}",
        root().display()
    );
}
