//! Settings that are missing, malformed, given as files, or just as the original took them.

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portolan_tests::host::TestHost;

use crate::acme::Acme;

const REQUIRED: [&str; 7] = [
    "APP_ID",
    "WEBHOOK_SECRET",
    "PRIVATE_KEY",
    "PORT",
    "PORT_URL",
    "PORT_CLIENT_ID",
    "PORT_CLIENT_SECRET",
];

/// Starts in vain for want of good settings; gives the lines about them, each with its variable first.
async fn refused(host: TestHost) -> (Vec<String>, String) {
    let (status, said) = host.start_in_vain().await;
    assert_eq!(status.code(), Some(2), "{said}");
    let mut lines: Vec<_> = said.lines().map(str::to_owned).collect();
    assert_eq!(
        lines.first().map(String::as_str),
        Some("Portolan cannot start:")
    );
    assert_eq!(
        lines.last().map(String::as_str),
        Some("All settings: portolan serve --help")
    );
    lines.pop();
    lines.remove(0);
    (lines, said)
}

#[track_caller]
fn assert_line<'a>(lines: &'a [String], variable: &str, parts: &[&str]) -> &'a str {
    let about: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with(&format!("{variable} ")))
        .collect();
    assert_eq!(about.len(), 1, "{variable}: {lines:#?}");
    assert!(about[0].ends_with('.'), "no sentence: {}", about[0]);
    for part in parts {
        assert!(about[0].contains(part), "no {part:?} in: {}", about[0]);
    }
    about[0]
}

#[tokio::test]
async fn every_required_setting_that_is_missing_is_named_with_what_to_do() {
    let acme = Acme::new().await;
    let host = REQUIRED
        .iter()
        .fold(acme.host(), |host, name| host.env(name, ""));

    let (lines, _) = refused(host).await;

    assert_eq!(lines.len(), REQUIRED.len(), "{lines:#?}");
    for name in REQUIRED {
        let line = assert_line(&lines, name, &["is not set; "]);
        let told = ["set it to", "set this to", "copy it from"];
        assert!(told.iter().any(|told| line.contains(told)), "{line}");
    }
}

#[tokio::test]
async fn every_setting_that_is_malformed_is_named_at_once_with_what_to_do() {
    #[rustfmt::skip]
    let table: &[(&str, &str, &[&str])] = &[
        ("APP_ID", "my-app", &["`my-app`", "no number", "App ID"]),
        ("PRIVATE_KEY", "swordfish", &["neither a PEM nor base64 of one", ".pem file that GitHub gave you"]),
        ("GHE_PROTOCOL", "ssh", &["`ssh`", "https or http"]),
        ("GHE_HOST", "git hub", &["`git hub`", "host name"]),
        ("GITHUB_API_URL", "ftp://ghe.example.com", &["`ftp://ghe.example.com`", "begins with https://"]),
        ("PORT", "0", &["`0`", "1 to 65535"]),
        ("PORT_URL", "api.port.io", &["`api.port.io`", "begins with https://"]),
        ("WEBHOOK_PATH", "hooks", &["`hooks`", "such as /hooks/github"]),
        ("EXTRA_CA_FILE", "/nowhere/ca.pem", &["`/nowhere/ca.pem`", "cannot be read", "PEM certificates"]),
        ("BUNDLED_PLUGINS", "git ops", &["`git ops`", "separated by commas"]),
        ("ALLOWED_BLUEPRINTS", "a:b:c", &["`a:b:c`", "`plugin:service`"]),
        ("SYNC_ON_START", "maybe", &["`maybe`", "true or false"]),
        ("LOG_LEVEL", "loud", &["`loud`", "trace, debug, info"]),
        ("LOG_FORMAT", "xml", &["`xml`", "text or json"]),
    ];
    let acme = Acme::new().await;
    let host = table
        .iter()
        .fold(acme.host(), |host, (name, value, _)| host.env(name, *value));

    let (lines, said) = refused(host).await;

    assert_eq!(lines.len(), table.len(), "{lines:#?}");
    for (name, _, parts) in table {
        assert_line(&lines, name, parts);
    }
    assert!(!said.contains("swordfish"), "{said}");
    acme.assert_no_secret_in(&said);
}

#[tokio::test]
async fn a_password_within_a_malformed_setting_is_not_printed() {
    let acme = Acme::new().await;
    let host = acme
        .host()
        .env("PORT_URL", "https://me:swordfish@api.port.io/?region=eu")
        .env("GITHUB_API_URL", "https:// me:swordfish@ghe.example.com")
        .env("GHE_HOST", "me:swordfish@ghe.example.com")
        .env("APP_ID", "")
        .env("WEBHOOK_SECRET_FILE", "/nowhere");

    let (lines, said) = refused(host).await;

    for name in ["PORT_URL", "GITHUB_API_URL", "GHE_HOST", "APP_ID"] {
        assert_line(&lines, name, &[]);
    }
    assert_line(
        &lines,
        "WEBHOOK_SECRET",
        &["WEBHOOK_SECRET_FILE are both set", "unset one of them"],
    );
    assert!(!said.contains("swordfish"), "{said}");
    acme.assert_no_secret_in(&said);
}

#[tokio::test]
async fn a_key_that_is_no_key_is_told_for_what_it_is() {
    let acme = Acme::new().await;
    let good = acme.github.private_key_pkcs1_pem();
    let body = good.lines().nth(1).expect("a PEM has a body");
    let labelled =
        |label: &str| format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
    let cut: String = good.chars().take(good.len() / 2).collect();
    #[rustfmt::skip]
    let table = [
        (labelled("CERTIFICATE"), "holds a certificate"),
        (labelled("PUBLIC KEY"), "holds a public key"),
        (labelled("EC PRIVATE KEY"), "holds an EC key"),
        (labelled("OPENSSH PRIVATE KEY"), "holds an OpenSSH key"),
        (labelled("ENCRYPTED PRIVATE KEY"), "decrypt it first"),
        (labelled("RSA PRIVATE KEY"), "damaged or cut off"),
        (cut.clone(), "cut off"),
        (STANDARD.encode(cut), "cut off"),
        (STANDARD.encode("not a key"), "neither a PEM nor base64 of one"),
    ];
    for (key, words) in table {
        let (lines, said) = refused(acme.host().env("PRIVATE_KEY", key)).await;

        assert_line(&lines, "PRIVATE_KEY", &[words]);
        assert!(!said.contains(body), "{said}");
    }
}

#[tokio::test]
async fn a_private_key_signs_whatever_form_it_has() {
    let acme = Acme::new().await;
    let (pkcs1, pkcs8) = (
        acme.github.private_key_pkcs1_pem(),
        acme.github.private_key_pem(),
    );
    let forms = [
        pkcs1.clone(),
        pkcs8.clone(),
        STANDARD.encode(&pkcs1),
        STANDARD.encode(&pkcs8),
        pkcs1.replace('\n', "\\n"),
        pkcs8.replace('\n', " "),
        format!("\"{}\"", pkcs1.replace('\n', "\\r\\n")),
    ];
    for form in forms {
        let host = acme.host().bundled(&[]).env("PRIVATE_KEY", form);

        let host = host.start().await;

        host.wait_for_line("GitHub knows the App as `Portolan`")
            .await;
    }
}

#[tokio::test]
async fn a_key_or_an_id_of_another_app_is_told_in_one_line() {
    let acme = Acme::new().await;
    let other = KeyPair::generate(KeySize::Rsa2048).expect("RSA keys can be generated");
    let other = other.as_der().expect("a generated key can be written");
    let other = STANDARD.encode(other.as_ref());
    let other = format!("-----BEGIN PRIVATE KEY-----\n{other}\n-----END PRIVATE KEY-----");
    for (name, value) in [("PRIVATE_KEY", other.as_str()), ("APP_ID", "4711")] {
        let host = acme.host().bundled(&[]);

        let host = host.env(name, value).start().await;

        let line = host.wait_for_line("GitHub does not accept").await;
        assert!(line.contains("ERROR"), "{line}");
        assert!(line.contains("Check that APP_ID"), "{line}");
        assert!(line.contains("PRIVATE_KEY belong together"), "{line}");
        let (_, lines) = host.stop().await;
        let about = lines.iter().filter(|line| line.contains("GitHub does not"));
        assert_eq!(about.count(), 1, "{lines:#?}");
        assert!(!lines.join("\n").contains(&other[40..80]));
    }
}

#[tokio::test]
async fn every_setting_can_be_given_as_a_file() {
    let acme = Acme::new().await;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let in_file = |name: &str, value: &str| {
        let path = folder.path().join(name);
        // Editors and `kubectl create secret` leave a line break at the end.
        std::fs::write(&path, format!("{value}\n")).expect("a file in a temporary folder");
        path.display().to_string()
    };
    let (github, port) = (&acme.github, &acme.port);
    let values = [
        ("APP_ID", github.app_id()),
        ("WEBHOOK_SECRET", github.webhook_secret().to_owned()),
        ("PRIVATE_KEY", github.private_key_pkcs1_pem()),
        ("GITHUB_API_URL", github.api_url()),
        ("PORT_URL", port.url()),
        ("PORT_CLIENT_ID", port.client_id().to_owned()),
        ("PORT_CLIENT_SECRET", port.client_secret().to_owned()),
    ];
    let host = values.iter().fold(acme.host(), |host, (name, value)| {
        host.without(name)
            .env(&format!("{name}_FILE"), in_file(name, value))
    });

    let host = host.start().await;

    acme.arrives(&host, "shop").await;
    acme.assert_no_secret_in(&host.lines().join("\n"));

    let host = acme.host().without("PRIVATE_KEY").without("APP_ID");
    let host = host
        .env("PRIVATE_KEY_FILE", "/nowhere/key.pem")
        .env("APP_ID_FILE", in_file("empty", ""));
    let (lines, _) = refused(host).await;
    let nowhere = ["`/nowhere/key.pem`", "cannot be read", "may read"];
    assert_line(&lines, "PRIVATE_KEY_FILE", &nowhere);
    assert_line(&lines, "APP_ID_FILE", &["which is empty"]);
    assert_eq!(lines.len(), 2, "{lines:#?}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_told_in_one_line() {
    let acme = Acme::new().await;
    let taken = std::net::TcpListener::bind("0.0.0.0:0").expect("a free port");
    let port = taken.local_addr().expect("it is bound").port();

    let host = acme.host().bundled(&[]).env("PORT", port.to_string());
    let (status, said) = host.start_in_vain().await;

    assert_eq!(status.code(), Some(1), "{said}");
    let told = format!("port {port} cannot be listened on: ");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains(&told) && said.contains("in use"), "{said}");
}

#[tokio::test]
async fn an_address_that_leads_elsewhere_is_told_in_one_line() {
    let acme = Acme::new().await;
    let not_the_api = acme.github.api_url().replace("api/v3/", "");
    let closed = "http://127.0.0.1:9/api/v3";
    let port = [acme.port.url(), "/".into()].concat();
    #[rustfmt::skip]
    let table = [
        ("GITHUB_API_URL", not_the_api.as_str(), "ends in /api/v3/", "does not answer as GitHub's API does (GitHub answered 404 to GET /app"),
        ("GITHUB_API_URL", closed, "Check GHE_HOST or GITHUB_API_URL", "expected at http://127.0.0.1:9/api/v3/"),
        ("GITHUB_API_URL", port.as_str(), "ends in /api/v3/", "does not answer as GitHub's API does"),
        ("PORT_URL", not_the_api.as_str(), "set PORT_URL", "does not answer as Port's API does (404"),
    ];
    for (name, value, remedy, problem) in table {
        let host = acme.host().bundled(&[]).env(name, value).start().await;

        let line = host.wait_for_line(problem).await;

        assert!(line.contains("ERROR") && line.contains(remedy), "{line}");
        let (_, lines) = host.stop().await;
        let errors = lines.iter().filter(|line| line.contains("ERROR"));
        assert_eq!(errors.count(), 1, "{lines:#?}");
    }
}
