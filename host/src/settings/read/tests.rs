use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use base64::Engine;
use secrecy::ExposeSecret;

use super::*;
use crate::settings::SETTINGS;

/// What Port's own page has people put on their `docker run` line.
fn complete() -> BTreeMap<&'static str, String> {
    static KEY: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
        let base64 = base64::engine::general_purpose::STANDARD;
        let pem = format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
            base64.encode(der.as_ref())
        );
        base64.encode(pem)
    });
    BTreeMap::from([
        ("APP_ID", "12345".to_owned()),
        ("WEBHOOK_SECRET", "hush".to_owned()),
        ("GHE_HOST", "github.example.com".to_owned()),
        ("PORT", "3000".to_owned()),
        ("PORT_URL", "https://api.getport.io".to_owned()),
        ("PORT_CLIENT_ID", "client".to_owned()),
        ("PORT_CLIENT_SECRET", "port-secret".to_owned()),
        ("PRIVATE_KEY", KEY.clone()),
    ])
}

fn with(changes: &[(&'static str, &str)]) -> Result<Settings, Mistakes> {
    let mut variables = complete();
    variables.extend(
        changes
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned())),
    );
    Settings::read(|name| variables.get(name).cloned())
}

/// The single mistake as the operator reads it.
fn mistake(changes: &[(&'static str, &str)]) -> String {
    let mistakes = with(changes).expect_err("a mistake was made");
    assert_eq!(mistakes.0.len(), 1, "{mistakes}");
    mistakes.to_string()
}

fn temporary(name: &str, text: &str) -> String {
    let path =
        std::env::temp_dir().join(format!("portolan-settings-{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn the_environment_of_the_original_is_enough() {
    let settings = with(&[("PORT_ORG_ID", "org_1")]).unwrap();
    assert_eq!(settings.listen.port(), 3000);
    assert_eq!(
        settings.github.api.as_str(),
        "https://github.example.com/api/v3/"
    );
    assert_eq!(settings.port.api.as_str(), "https://api.getport.io/");
    assert_eq!(settings.plugins.dir, PathBuf::from("/plugins"));
    assert_eq!(settings.plugins.cache_dir, PathBuf::from("/data/compiled"));
    assert!(settings.admin.ip().is_loopback() && settings.admin.port() == 0);
    assert_eq!(settings.plugins.bundled, None);
    assert_eq!(settings.webhook.secrets.len(), 1);
    assert!(settings.sync_on_start && settings.warnings.is_empty());
    assert_eq!(settings.log, Log::default());
}

#[test]
fn nothing_set_names_everything_that_is_required() {
    let mistakes = Settings::read(|_| None).unwrap_err();
    let missing: BTreeSet<_> = mistakes
        .0
        .iter()
        .map(|mistake| mistake.variable.as_str())
        .collect();
    let required: BTreeSet<_> = SETTINGS
        .iter()
        .filter(|setting| setting.default == "required")
        .map(|setting| setting.name)
        .collect();
    assert_eq!(missing, required);
    for line in mistakes.to_string().lines() {
        assert!(line.contains(" is not set; "), "{line}");
    }
}

#[test]
fn each_required_setting_is_missed_alone_and_empty_counts_as_missing() {
    for setting in SETTINGS
        .iter()
        .filter(|setting| setting.default == "required")
    {
        let said = mistake(&[(setting.name, " ")]);
        assert!(
            said.starts_with(&format!("{} is not set; ", setting.name)),
            "{said}"
        );
    }
}

#[test]
fn each_malformed_setting_is_said_in_one_sentence() {
    for (name, value, said) in [
        ("APP_ID", "my app", "is `my app`, which is no number"),
        ("PORT", "http", "is `http`"),
        ("PORT", "70000", "is `70000`"),
        ("PORT_URL", "api.getport.io", "is `api.getport.io`"),
        (
            "PORT_URL",
            "ftp://api.getport.io",
            "is `ftp://api.getport.io`",
        ),
        (
            "PORT_URL",
            "https://me:secret@api.getport.io",
            "holds a user name or password",
        ),
        (
            "PRIVATE_KEY",
            "nonsense",
            "is neither a PEM nor base64 of one",
        ),
        ("GHE_HOST", "git hub", "is `git hub`"),
        ("GHE_PROTOCOL", "gopher", "is `gopher`"),
        ("GITHUB_API_URL", "github", "is `github`"),
        ("WEBHOOK_PATH", "hooks", "is `hooks`"),
        ("WEBHOOK_PATH", "/health", "answers health checks"),
        ("WEBHOOK_MODE", "poll", "set it to push or pull"),
        ("SYNC_ON_START", "maybe", "is `maybe`"),
        ("ADMIN_ADDR", "9090", "is `9090`"),
        ("ADMIN_ADDR", "localhost:9090", "is `localhost:9090`"),
        ("ADMIN_ADDR", "0.0.0.0:3000", "whose port PORT has already"),
        ("LOG_LEVEL", "loud", "is `loud`"),
        ("LOG_FORMAT", "xml", "is `xml`"),
        ("ALLOWED_BLUEPRINTS", "a:b:c", "has the entry `a:b:c`"),
        ("BUNDLED_PLUGINS", "git ops", "has the entry `git ops`"),
        ("BUNDLED_PLUGINS", ",", "names no plugin (it is `,`)"),
        ("ALLOWED_BLUEPRINTS", " , ,", "names no blueprint"),
        ("PORT", "0", "is `0`"),
        ("EXTRA_CA_FILE", "/does/not/exist.pem", "cannot be read"),
        (
            "WEBHOOK_SECRET_FILE",
            "/does/not/exist",
            "and WEBHOOK_SECRET_FILE are both set",
        ),
        ("DATA_DIR_FILE", "/does/not/exist", "cannot be read"),
    ] {
        let sentence = mistake(&[(name, value)]);
        assert!(sentence.contains(said), "{name}={value}: {sentence}");
        assert!(
            sentence.contains("; ") && sentence.ends_with('.'),
            "{sentence}"
        );
    }
}

#[test]
fn all_mistakes_are_said_at_once() {
    let mistakes = with(&[("PORT", "x"), ("APP_ID", ""), ("LOG_LEVEL", "loud")]).unwrap_err();
    let variables: Vec<_> = mistakes
        .0
        .iter()
        .map(|mistake| mistake.variable.as_str())
        .collect();
    assert_eq!(variables, ["PORT", "APP_ID", "LOG_LEVEL"]);
}

#[test]
fn a_secret_can_come_from_a_file() {
    let path = temporary("secret", "from a file\n");
    let settings = with(&[("WEBHOOK_SECRET", ""), ("WEBHOOK_SECRET_FILE", &path)]).unwrap();
    assert_eq!(settings.webhook.secrets[0].expose_secret(), "from a file");
    let empty = temporary("empty", "\n");
    let said = mistake(&[("APP_ID", ""), ("APP_ID_FILE", &empty)]);
    assert!(
        said.starts_with("APP_ID_FILE names") && said.contains("which is empty"),
        "{said}"
    );
}

#[test]
fn a_rotated_secret_comes_second() {
    let settings = with(&[("WEBHOOK_SECRET_PREVIOUS", "old")]).unwrap();
    let secrets: Vec<_> = settings
        .webhook
        .secrets
        .iter()
        .map(|s| s.expose_secret())
        .collect();
    assert_eq!(secrets, ["hush", "old"]);
}

#[test]
fn whoever_reads_the_log_of_deliveries_needs_no_webhook_secret() {
    assert_eq!(with(&[]).unwrap().webhook_mode, WebhookMode::Push);
    let settings = with(&[("WEBHOOK_MODE", "pull"), ("WEBHOOK_SECRET", "")]).unwrap();
    assert_eq!(settings.webhook_mode, WebhookMode::Pull);
    assert!(settings.webhook.secrets.is_empty());
    let settings = with(&[("WEBHOOK_MODE", "Pull")]).unwrap();
    assert_eq!(settings.webhook.secrets.len(), 1, "it still counts");
    let said = mistake(&[("WEBHOOK_SECRET", "")]);
    assert!(said.contains("WEBHOOK_SECRET is not set"), "{said}");
}

#[test]
fn addresses_of_port_and_github_are_tidied() {
    for (given, base) in [
        ("https://api.getport.io/v1", "https://api.getport.io/"),
        ("https://api.getport.io/v1/", "https://api.getport.io/"),
        ("https://api.getport.io///", "https://api.getport.io/"),
        ("http://proxy:8080/port/v1", "http://proxy:8080/port/"),
    ] {
        assert_eq!(
            with(&[("PORT_URL", given)]).unwrap().port.api.as_str(),
            base
        );
        let newer = with(&[("PORT_URL", "https://old"), ("PORT_API_URL", given)]).unwrap();
        assert_eq!(newer.port.api.as_str(), base);
    }
    let settings = with(&[("GITHUB_API_URL", "http://127.0.0.1:4000/api/v3")]).unwrap();
    assert_eq!(
        settings.github.api.as_str(),
        "http://127.0.0.1:4000/api/v3/"
    );
    let settings = with(&[("GHE_PROTOCOL", "http")]).unwrap();
    assert_eq!(
        settings.github.api.as_str(),
        "http://github.example.com/api/v3/"
    );
    let settings = with(&[("GHE_HOST", "")]).unwrap();
    assert_eq!(settings.github.api.as_str(), "https://api.github.com/");
}

#[test]
fn our_own_settings_are_taken() {
    let ca = temporary("ca", "-----BEGIN CERTIFICATE-----\n");
    let settings = with(&[
        ("BUNDLED_PLUGINS", "gitops, codeowners,"),
        ("ALLOWED_BLUEPRINTS", "service,codeowners:team"),
        ("PLUGIN_DIR", "/p"),
        ("DATA_DIR", "/d"),
        ("ADMIN_ADDR", "[::]:9090"),
        ("SYNC_ON_START", "FALSE"),
        ("LOG_LEVEL", "fatal"),
        ("LOG_FORMAT", "json"),
        ("WEBHOOK_PATH", "/hooks/github"),
        ("EXTRA_CA_FILE", &ca),
    ])
    .unwrap();
    let names = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(
        names(settings.plugins.bundled.as_ref().unwrap()),
        "codeowners gitops"
    );
    assert_eq!(names(&settings.port.allowed.0), "codeowners:team service");
    assert_eq!(settings.plugins.dir, PathBuf::from("/p"));
    assert_eq!(settings.plugins.cache_dir, PathBuf::from("/d/compiled"));
    assert!(!settings.sync_on_start);
    assert_eq!(settings.admin.to_string(), "[::]:9090");
    assert_eq!(
        settings.log,
        Log {
            level: Level::Error,
            format: Format::Json
        }
    );
    assert_eq!(settings.webhook.path.as_deref(), Some("/hooks/github"));
    assert!(settings.github.extra_ca.is_some() && settings.port.extra_ca.is_some());
    let no_ca = temporary("no-ca", "hello");
    assert!(mistake(&[("EXTRA_CA_FILE", &no_ca)]).contains("holds no PEM certificate"));
}

#[test]
fn none_of_the_bundled_plugins_can_be_wanted() {
    let settings = with(&[("BUNDLED_PLUGINS", "none")]).unwrap();
    assert_eq!(settings.plugins.bundled, Some(BTreeSet::new()));
}

#[test]
fn the_log_format_of_probot_is_taken() {
    let settings = with(&[("LOG_FORMAT", "pretty")]).unwrap();
    assert_eq!(settings.log.format, Format::Text);
}

#[test]
fn a_person_s_credentials_are_warned_about() {
    let settings = with(&[("PORT_CLIENT_ID", "ada@example.com")]).unwrap();
    assert_eq!(settings.warnings.len(), 1);
}

#[test]
fn the_table_names_every_variable_that_is_read() {
    let read = RefCell::new(BTreeSet::new());
    let complete = complete();
    // All that depends on whether something is set is looked up both ways.
    for set in [false, true] {
        let _ = Settings::read(|name| {
            read.borrow_mut().insert(name.to_owned());
            complete.get(name).cloned().filter(|_| set)
        });
    }
    let read: BTreeSet<String> = read
        .into_inner()
        .into_iter()
        .filter(|name| name == "EXTRA_CA_FILE" || !name.ends_with("_FILE"))
        .collect();
    let table: BTreeSet<String> = SETTINGS
        .iter()
        .map(|setting| setting.name.to_owned())
        .collect();
    assert_eq!(read, table);
}

#[test]
fn secrets_do_not_print() {
    let settings = with(&[]).unwrap();
    let debug = format!("{settings:?}");
    assert!(!debug.contains("hush") && !debug.contains("port-secret") && !debug.contains("BEGIN"));
}
