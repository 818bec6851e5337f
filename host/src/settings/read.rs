//! From the environment to [`Settings`].

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use reqwest::Url;
use secrecy::SecretString;

use super::variables::{Mistakes, Variables, Wrong, wrong};
use super::{
    AllowedBlueprints, Format, GitHub, Level, Log, Plugins, Port, Settings, Webhook, WebhookMode,
    github_host, private_key,
};

impl Settings {
    pub fn from_environment() -> Result<Self, Mistakes> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Reads nothing but what `variable` gives and the files that it names.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Mistakes> {
        let variables = Variables::new(variable);
        let extra_ca = variables.parsed("EXTRA_CA_FILE", certificates);
        let listen = port(&variables);
        let mode = variables.parsed("WEBHOOK_MODE", webhook_mode);
        let webhook_mode = mode.unwrap_or_default();
        let webhook = webhook(&variables, webhook_mode);
        let github = github(&variables, extra_ca.clone());
        let (port, warnings) = port_api(&variables, extra_ca);
        let data_dir = data_dir(&variables);
        let admin = admin(&variables, listen);
        let plugins = plugins(&variables, &data_dir);
        let sync_on_start = variables.parsed("SYNC_ON_START", boolean).unwrap_or(true);
        let log = Log {
            level: variables.parsed("LOG_LEVEL", level).unwrap_or_default(),
            format: variables.parsed("LOG_FORMAT", format).unwrap_or_default(),
        };
        variables.finish()?;
        match (listen, webhook, github, port) {
            (Some(listen), Some(webhook), Some(github), Some(port)) => Ok(Self {
                listen,
                admin,
                webhook,
                webhook_mode,
                github,
                port,
                plugins,
                data_dir,
                sync_on_start,
                log,
                warnings,
            }),
            _ => unreachable!("what is missing was reported as a mistake"),
        }
    }
}

/// `PORT`, which the health check needs alone.
pub(super) fn port(variables: &Variables<impl Fn(&str) -> Option<String>>) -> Option<SocketAddr> {
    let remedy = "set it to the TCP port to listen on, such as 3000";
    variables.required("PORT", remedy, |text| match text.parse::<u16>() {
        Ok(port) if port > 0 => Ok(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))),
        _ => Err(wrong(
            format!("is `{text}`"),
            "set it to a number from 1 to 65535",
        )),
    })
}

/// `DATA_DIR`, which commands about what is kept there need alone.
pub(super) fn data_dir(variables: &Variables<impl Fn(&str) -> Option<String>>) -> PathBuf {
    variables
        .text("DATA_DIR")
        .map_or_else(|| "/data".into(), PathBuf::from)
}

fn admin(
    variables: &Variables<impl Fn(&str) -> Option<String>>,
    listen: Option<SocketAddr>,
) -> SocketAddr {
    let address = variables.parsed("ADMIN_ADDR", |text| {
        let remedy = "give an address with a port, such as 127.0.0.1:9090, or 0.0.0.0:9090 for probes from elsewhere";
        let address: SocketAddr = text
            .parse()
            .map_err(|_| wrong(format!("is `{text}`"), remedy))?;
        if listen.is_some_and(|listen| listen.port() == address.port()) {
            return Err(wrong(
                format!("is `{text}`, whose port PORT has already"),
                "choose another port",
            ));
        }
        Ok(address)
    });
    address.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
}

fn webhook(
    variables: &Variables<impl Fn(&str) -> Option<String>>,
    mode: WebhookMode,
) -> Option<Webhook> {
    let remedy = "set it to the webhook secret of the GitHub App (in the App's settings, Webhook)";
    let secret = |text: &str| Ok(SecretString::from(text));
    let current = match mode {
        WebhookMode::Push => Some(variables.required("WEBHOOK_SECRET", remedy, secret)?),
        WebhookMode::Pull => variables.parsed("WEBHOOK_SECRET", secret),
    };
    let previous = variables
        .text("WEBHOOK_SECRET_PREVIOUS")
        .map(SecretString::from);
    let path = variables.parsed("WEBHOOK_PATH", |text| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "/-._~".contains(c);
        if !text.starts_with('/') || !text.chars().all(plain) {
            Err(wrong(
                format!("is `{text}`"),
                "give a path such as /hooks/github",
            ))
        } else if text == "/health" {
            Err(wrong(
                "is `/health`, which answers health checks",
                "choose another path",
            ))
        } else {
            Ok(text.to_owned())
        }
    });
    Some(Webhook {
        secrets: current.into_iter().chain(previous).collect(),
        path,
    })
}

fn github(
    variables: &Variables<impl Fn(&str) -> Option<String>>,
    extra_ca: Option<Vec<u8>>,
) -> Option<GitHub> {
    let api = github_host::api(variables);
    let remedy = "set it to the App ID (in the App's settings, General)";
    let app_id = variables.required("APP_ID", remedy, |text| {
        let number = text.bytes().all(|byte| byte.is_ascii_digit());
        let client = text.starts_with("Iv") && text.bytes().all(|byte| byte.is_ascii_graphic());
        if number || client {
            Ok(text.to_owned())
        } else {
            Err(wrong(format!("is `{text}`, which is no number"), remedy))
        }
    });
    let private_key = variables.required(
        "PRIVATE_KEY",
        "generate a private key in the App's settings and set this to `base64 -w0 < the-key.pem`",
        private_key::pem,
    );
    Some(GitHub {
        api: api?,
        app_id: app_id?,
        private_key: private_key?,
        extra_ca,
    })
}

pub(super) fn port_api(
    variables: &Variables<impl Fn(&str) -> Option<String>>,
    extra_ca: Option<Vec<u8>>,
) -> (Option<Port>, Vec<String>) {
    let mut warnings = Vec::new();
    let newer = variables.is_set("PORT_API_URL");
    let api = variables.required(
        if newer { "PORT_API_URL" } else { "PORT_URL" },
        "set it to https://api.port.io (Europe) or https://api.us.port.io (US)",
        |text| {
            http_url(text, |path| {
                path.trim_end_matches('/').trim_end_matches("/v1")
            })
        },
    );
    let credentials = "copy it from Port (the menu of your account, Credentials)";
    let client_id = variables.required("PORT_CLIENT_ID", credentials, |text| Ok(text.to_owned()));
    if client_id.as_deref().is_some_and(|id| id.contains('@')) {
        warnings.push(
            "PORT_CLIENT_ID looks like an e-mail address: Port's credentials of a person end with the person; \
             use those of the organization."
                .to_owned(),
        );
    }
    let client_secret = variables.required("PORT_CLIENT_SECRET", credentials, |text| {
        Ok(SecretString::from(text))
    });
    // The original needed it for Kafka. Taken so that its environment works unchanged.
    variables.text("PORT_ORG_ID");
    let allowed = variables
        .parsed("ALLOWED_BLUEPRINTS", allowed_blueprints)
        .unwrap_or_default();
    let port = match (api, client_id, client_secret) {
        (Some(api), Some(client_id), Some(client_secret)) => Some(Port {
            api,
            client_id,
            client_secret,
            allowed,
            extra_ca,
        }),
        _ => None,
    };
    (port, warnings)
}

pub(super) fn plugins(
    variables: &Variables<impl Fn(&str) -> Option<String>>,
    data_dir: &std::path::Path,
) -> Plugins {
    let beside_the_binary = || {
        let binary = std::env::current_exe().unwrap_or_default();
        binary
            .parent()
            .map_or_else(|| "plugins".into(), |folder| folder.join("plugins"))
    };
    Plugins {
        dir: variables
            .text("PLUGIN_DIR")
            .map_or_else(|| "/plugins".into(), PathBuf::from),
        bundled_dir: variables
            .text("BUNDLED_PLUGIN_DIR")
            .map_or_else(beside_the_binary, PathBuf::from),
        bundled: variables.parsed("BUNDLED_PLUGINS", bundled_plugins),
        cache_dir: data_dir.join("compiled"),
    }
}

/// Takes `http(s)://host[:port][/path]`, the path as `trimmed`, and ends it with one slash.
pub(super) fn http_url(text: &str, trimmed: fn(&str) -> &str) -> Result<Url, Wrong> {
    let remedy = "give a URL that begins with https:// and has no query";
    // Looked for in the text, because what is quoted below must not hold a password, however malformed it is.
    if text.contains('@') {
        return Err(wrong("holds a user name or password", remedy));
    }
    let mut url =
        Url::parse(text).map_err(|error| wrong(format!("is `{text}`: {error}"), remedy))?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.query().is_none()
        && url.fragment().is_none();
    if !plain {
        return Err(wrong(format!("is `{text}`"), remedy));
    }
    let path = format!("{}/", trimmed(url.path()).trim_end_matches('/'));
    url.set_path(&path);
    Ok(url)
}

pub(super) fn certificates(path: &str) -> Result<Vec<u8>, Wrong> {
    let remedy = "give the path of a file of PEM certificates that this process may read";
    match std::fs::read(path) {
        Err(error) => Err(wrong(
            format!("names `{path}`, which cannot be read: {error}"),
            remedy,
        )),
        Ok(pem) if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") => {
            Err(wrong(
                format!("names `{path}`, which holds no PEM certificate"),
                remedy,
            ))
        }
        Ok(pem) => Ok(pem),
    }
}

pub(super) fn allowed_blueprints(text: &str) -> Result<AllowedBlueprints, Wrong> {
    let remedy = "give blueprints separated by commas, each as `service` or `plugin:service`";
    let entries = list(text, "names no blueprint", remedy)?;
    let odd =
        |entry: &&String| entry.matches(':').count() > 1 || entry.split(':').any(str::is_empty);
    match entries.iter().find(odd) {
        Some(entry) => Err(wrong(format!("has the entry `{entry}`"), remedy)),
        None => Ok(AllowedBlueprints(entries)),
    }
}

fn bundled_plugins(text: &str) -> Result<BTreeSet<String>, Wrong> {
    // Empty counts as unset, so that none needs a word of its own.
    if text == "none" {
        return Ok(BTreeSet::new());
    }
    let remedy = "give plugin names separated by commas, such as gitops,codeowners, or `none`";
    list(text, "names no plugin", remedy)
}

/// At least one entry: what is left of a list that went wrong must not mean everything.
fn list(text: &str, empty: &str, remedy: &str) -> Result<BTreeSet<String>, Wrong> {
    let entries: BTreeSet<String> = text
        .split(',')
        .map(|entry| entry.trim().to_owned())
        .filter(|entry| !entry.is_empty())
        .collect();
    if entries.is_empty() {
        return Err(wrong(format!("{empty} (it is `{text}`)"), remedy));
    }
    match entries
        .iter()
        .find(|entry| entry.contains(char::is_whitespace))
    {
        Some(entry) => Err(wrong(
            format!("has the entry `{entry}`, with a blank in it"),
            remedy,
        )),
        None => Ok(entries),
    }
}

fn boolean(text: &str) -> Result<bool, Wrong> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(wrong(format!("is `{text}`"), "set it to true or false")),
    }
}

fn webhook_mode(text: &str) -> Result<WebhookMode, Wrong> {
    match text.to_ascii_lowercase().as_str() {
        "push" => Ok(WebhookMode::Push),
        "pull" => Ok(WebhookMode::Pull),
        _ => Err(wrong(format!("is `{text}`"), "set it to push or pull")),
    }
}

pub(super) fn level(text: &str) -> Result<Level, Wrong> {
    match text.to_ascii_lowercase().as_str() {
        "silent" => Ok(Level::Silent),
        "fatal" | "error" => Ok(Level::Error),
        "warn" => Ok(Level::Warn),
        "info" => Ok(Level::Info),
        "debug" => Ok(Level::Debug),
        "trace" => Ok(Level::Trace),
        _ => Err(wrong(
            format!("is `{text}`"),
            "set it to trace, debug, info, warn, error, fatal or silent",
        )),
    }
}

fn format(text: &str) -> Result<Format, Wrong> {
    match text.to_ascii_lowercase().as_str() {
        // `pretty` is Probot's word.
        "text" | "pretty" => Ok(Format::Text),
        "json" => Ok(Format::Json),
        _ => Err(wrong(format!("is `{text}`"), "set it to text or json")),
    }
}

#[cfg(test)]
mod tests;
