//! GitHub and Port behind TLS under a company's own authority, and behind its proxy.

use portolan_tests::Place;
use portolan_tests::github::FakeGitHub;
use portolan_tests::port::FakePort;
use portolan_tests::proxy::FakeProxy;
use portolan_tests::tls::Authority;

use crate::acme::Acme;

/// A name that no DNS server knows: who reaches it came through the proxy.
const GITHUB: &str = "github.acme.test";

async fn secured(authority: &Authority, github: &str, port: &str) -> Acme {
    Acme::between(
        FakeGitHub::start_at(Place::secured(authority, github)).await,
        FakePort::start_at(Place::secured(authority, port)).await,
    )
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_when_extra_ca_file_names_it() {
    let authority = Authority::new();
    let acme = secured(&authority, "localhost", "127.0.0.1").await;
    let host = acme
        .host()
        .without("GITHUB_API_URL")
        .env("GHE_HOST", acme.github.host())
        .trusting(&authority);

    let host = host.start().await;

    host.wait_for_line("GitHub knows the App as `Portolan`")
        .await;
    host.wait_for_line("Port accepted the credentials").await;
    acme.arrives(&host, "shop").await;
}

#[tokio::test]
async fn an_authority_that_nobody_named_is_told_with_what_to_do() {
    let authority = Authority::new();
    // As the company's authority was before it had to be made anew: same name, other key.
    let former = Authority::new();
    let acme = secured(&authority, "localhost", "127.0.0.1").await;
    let hosts = [acme.host(), acme.host().trusting(&former)];
    // Both first, because each tries for a while before it says so.
    let hosts = hosts.map(|host| host.bundled(&[]).spawn());

    for host in hosts {
        let github = host.wait_for_line("ERROR GitHub could not be asked").await;
        let port = host.wait_for_line("cannot reach Port").await;

        for line in [&github, &port] {
            assert!(line.contains("ERROR"), "{line}");
            let why = "signed by an authority that is not trusted;";
            assert!(line.contains(why), "{line}");
            assert!(line.contains("let EXTRA_CA_FILE name"), "{line}");
        }
        let (_, lines) = host.stop().await;
        let errors = lines.iter().filter(|line| line.contains("ERROR"));
        assert_eq!(errors.count(), 2, "{lines:#?}");
    }
    assert_eq!(acme.github.requests().len() + acme.port.requests().len(), 0);
}

#[tokio::test]
async fn a_certificate_for_another_name_is_not_taken_for_want_of_an_authority() {
    let authority = Authority::new();
    let acme = secured(&authority, GITHUB, "127.0.0.1").await;
    let elsewhere = acme.github.api_url().replace(GITHUB, "localhost");
    let host = acme.host().bundled(&[]).trusting(&authority);

    let host = host.env("GITHUB_API_URL", elsewhere).start().await;

    let line = host.wait_for_line("ERROR GitHub could not be asked").await;
    assert!(line.contains(GITHUB) && line.contains("GHE_HOST"), "{line}");
    assert!(!line.contains("not trusted"), "{line}");
    assert_eq!(acme.github.requests().len(), 0);
}

#[tokio::test]
async fn https_proxy_leads_to_github_and_no_proxy_past_it_to_port() {
    let authority = Authority::new();
    let acme = secured(&authority, GITHUB, "localhost").await;
    let proxy = FakeProxy::start().await;
    let host = acme
        .host()
        .without("GITHUB_API_URL")
        .env("GHE_HOST", acme.github.host())
        .trusting(&authority)
        .env("HTTPS_PROXY", proxy.url())
        .env("NO_PROXY", "localhost");

    let host = host.start().await;

    acme.arrives(&host, "shop").await;
    let tunnels = proxy.tunnels();
    let to: Vec<_> = tunnels.keys().cloned().collect();
    assert_eq!(to, [acme.github.host()]);
}

#[tokio::test]
async fn without_no_proxy_everything_goes_through_the_proxy() {
    let authority = Authority::new();
    let acme = secured(&authority, GITHUB, "localhost").await;
    let proxy = FakeProxy::start().await;
    let host = acme.host().trusting(&authority);

    let host = host.env("HTTPS_PROXY", proxy.url()).start().await;

    acme.arrives(&host, "shop").await;
    let tunnels = proxy.tunnels();
    let port = acme.port.url().replace("https://", "");
    assert!(tunnels.contains_key(&port), "{tunnels:?}");
    assert_eq!(tunnels.len(), 2, "{tunnels:?}");
}
