//! `docker build` and `docker run` as the README has them, with a `docker` of our own: there may be no engine.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use portolan_tests::host::guest;

use super::commands::CONTAINER;
use super::shell::{Running, Script, free_port, put_binary};
use super::{block, file, folder, readme, root};
use crate::acme::Acme;

const DOCKER: &str = include_str!("docker.sh");

/// What the README offers to add to the line.
const VOLUMES: &str = r#"-v portolan-data:/data -v "$PWD/plugins:/plugins" --read-only"#;

#[tokio::test]
async fn its_docker_run_line_works_unchanged() {
    let acme = Acme::new().await;
    let folder = folder();
    lay_out(&acme, folder.path());

    let (mut host, url) = run(&acme, folder.path(), "").await;

    push(&acme, &url, "shop").await;
    host.wait_for_line("mapped tree").await;
    let stored = acme.port.stored("service", "shop").expect("just seen");
    let datasource = stored.datasource;
    assert!(datasource.ends_with("/gitops"), "{datasource}");
}

#[tokio::test]
async fn its_volumes_remember_the_first_start_and_bring_plugins_of_ones_own() {
    let acme = Acme::new().await;
    let folder = folder();
    lay_out(&acme, folder.path());
    let plugins = folder.path().join("plugins");
    fs::create_dir(&plugins).expect("the folder is writable");
    fs::write(plugins.join("pull-requests.wasm"), guest("pull-requests")).expect("so is this");
    acme.service("shop");

    let (mut host, url) = run(&acme, folder.path(), VOLUMES).await;
    host.wait_for_line("loaded plugin pull-requests").await;
    host.wait_for_line("1 repositories of acme were taken in")
        .await;
    acme.port.wait_for_entity("service", "shop").await;
    push(&acme, &url, "cart").await;
    drop(host);

    acme.service("till");
    let (mut host, url) = run(&acme, folder.path(), VOLUMES).await;
    host.wait_for_line("GitHub knows the App").await;
    push(&acme, &url, "cellar").await;
    drop(host);
    assert!(acme.port.entity("service", "till").is_none());
}

#[test]
fn its_image_is_the_dockerfiles() {
    let (readme, dockerfile) = (readme(), file("Dockerfile"));
    for (said, is) in [
        ("The image runs as user 65532.", "\nUSER 65532:65532\n"),
        (
            "only `/data` is written to",
            r#"VOLUME ["/plugins", "/data"]"#,
        ),
        (
            "`portolan health` asks it",
            r#"CMD ["/usr/local/bin/portolan", "health"]"#,
        ),
        (
            "-e PORT=8080",
            "ENTRYPOINT [\"/usr/local/bin/portolan\"]\nCMD [\"serve\"]",
        ),
    ] {
        assert!(readme.contains(said), "the README no longer says {said:?}");
        assert!(
            dockerfile.contains(is),
            "{said:?}, but the Dockerfile has no {is:?}"
        );
    }
    for flag in [
        "-v portolan-data:/data",
        r#"-v "$PWD/plugins:/plugins""#,
        "--read-only",
    ] {
        assert!(readme.contains(&format!("`{flag}`")) && VOLUMES.contains(flag));
    }
}

/// Runs the block with these arguments added; gives where the container listens.
async fn run(acme: &Acme, folder: &Path, added: &str) -> (Running, String) {
    let (github, port) = (&acme.github, &acme.port);
    let api = github.api_url();
    let ghe_host = api
        .trim_start_matches("http://")
        .trim_end_matches("/api/v3/");
    let listening = free_port().to_string();
    let here = |name: &str, value: &str| format!("{name}='{}'", value.replace('\'', r"'\''"));
    let mut host = Script::of(block("sh", CONTAINER), folder)
        .with("docker run ", &format!("docker run {added} "))
        .with("APP_ID=123456", &here("APP_ID", &github.app_id()))
        .with(
            "WEBHOOK_SECRET=…",
            &here("WEBHOOK_SECRET", github.webhook_secret()),
        )
        .with("github.example.com", ghe_host)
        .with("PORT=8080", &here("PORT", &listening))
        .with("8080:8080", &format!("{listening}:{listening}"))
        .with("https://api.port.io", &port.url())
        .with(
            "PORT_CLIENT_ID=…",
            &here("PORT_CLIENT_ID", port.client_id()),
        )
        .with(
            "PORT_CLIENT_SECRET=…",
            &here("PORT_CLIENT_SECRET", port.client_secret()),
        )
        .with_stand_ins(DOCKER)
        .with_empty_environment()
        .env("IMAGE", folder.join("image"))
        // The stand-ins speak no TLS.
        .env("GHE_PROTOCOL", "http")
        .start();
    host.wait_for_line("loaded plugin gitops").await;
    (host, format!("http://127.0.0.1:{listening}/"))
}

/// What the block expects around it, and what the Dockerfile would put into the image.
fn lay_out(acme: &Acme, folder: &Path) {
    let bin = folder.join("image/usr/local/bin");
    for made in [
        bin.join("plugins"),
        folder.join("image/plugins"),
        folder.join("image/data"),
    ] {
        fs::create_dir_all(made).expect("the folder is writable");
    }
    put_binary(&bin.join("portolan"));
    fs::write(bin.join("plugins/gitops.wasm"), guest("gitops")).expect("it is writable");
    symlink(root().join("Dockerfile"), folder.join("Dockerfile")).expect("it is writable");
    let key = acme.github.private_key_pkcs1_pem();
    fs::write(folder.join("app.private-key.pem"), key).expect("it is writable");
}

async fn push(acme: &Acme, url: &str, name: &str) {
    let (status, text) = acme.github.deliver(url, &acme.service(name)).await;
    assert_eq!(status, 202, "{text}");
    acme.port.wait_for_entity("service", name).await;
}
