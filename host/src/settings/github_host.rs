//! From the name of a GitHub to the base of its REST API.
//!
//! GitHub docs: github.com has `api.github.com`, a GitHub Enterprise Server has `/api/v3` below its host,
//! GitHub Enterprise Cloud with data residency has `api.` in front of `*.ghe.com`.

use reqwest::Url;

use super::read::http_url;
use super::variables::{Variables, Wrong, wrong};

/// `GITHUB_API_URL`, else what `GHE_HOST` and `GHE_PROTOCOL` lead to, else github.com.
pub(super) fn api(variables: &Variables<impl Fn(&str) -> Option<String>>) -> Option<Url> {
    let protocol = variables.parsed("GHE_PROTOCOL", |text| {
        match text.to_ascii_lowercase().trim_end_matches("://") {
            "https" => Ok("https"),
            "http" => Ok("http"),
            _ => Err(wrong(format!("is `{text}`"), "set it to https or http")),
        }
    });
    let derived = if variables.is_set("GHE_HOST") {
        variables.parsed("GHE_HOST", |host| base(host, protocol.unwrap_or("https")))
    } else {
        base("github.com", "https").ok()
    };
    if variables.is_set("GITHUB_API_URL") {
        return variables.parsed("GITHUB_API_URL", |text| http_url(text, |path| path));
    }
    derived
}

fn base(host: &str, protocol: &str) -> Result<Url, Wrong> {
    let bare = host.split_once("://").map_or(host, |(_, rest)| rest);
    let bare = bare
        .split(['/', '?', '#'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let address = match bare.as_str() {
        "" | "github.com" | "www.github.com" | "api.github.com" => {
            "https://api.github.com/".to_owned()
        }
        residence if residence.ends_with(".ghe.com") => {
            format!("https://api.{}/", residence.trim_start_matches("api."))
        }
        server => format!("{protocol}://{server}/api/v3/"),
    };
    let remedy = "give the host name of your GitHub Enterprise Server, such as github.example.com";
    if host.contains('@') {
        return Err(wrong("holds a user name or password", remedy));
    }
    let url =
        Url::parse(&address).map_err(|error| wrong(format!("is `{host}`: {error}"), remedy))?;
    if bare.is_empty() && !host.is_empty() {
        return Err(wrong(format!("is `{host}`"), remedy));
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn api_of(host: &str) -> String {
        base(host, "https").unwrap().to_string()
    }

    #[test]
    fn every_way_to_write_github_com() {
        for host in [
            "",
            "github.com",
            "GitHub.com",
            "www.github.com",
            "api.github.com",
            "https://github.com/acme",
            "https://api.github.com/",
        ] {
            assert_eq!(api_of(host), "https://api.github.com/", "{host}");
        }
    }

    #[test]
    fn every_way_to_write_an_enterprise_server() {
        for host in [
            "github.example.com",
            "https://github.example.com",
            "http://github.example.com/",
            "GitHub.Example.com/api/v3/",
            "github.example.com/acme?x#y",
        ] {
            assert_eq!(api_of(host), "https://github.example.com/api/v3/", "{host}");
        }
        assert_eq!(api_of("10.0.0.1:8443"), "https://10.0.0.1:8443/api/v3/");
        assert_eq!(
            base("ghe:8080", "http").unwrap().as_str(),
            "http://ghe:8080/api/v3/"
        );
    }

    #[test]
    fn data_residency_has_its_own_form() {
        for host in [
            "octocorp.ghe.com",
            "https://octocorp.ghe.com/",
            "api.octocorp.ghe.com",
        ] {
            assert_eq!(api_of(host), "https://api.octocorp.ghe.com/", "{host}");
        }
        assert_eq!(base("octocorp.ghe.com", "http").unwrap().scheme(), "https");
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for host in [
            "git hub",
            "https://",
            "user@github.example.com",
            "host:port",
        ] {
            assert!(base(host, "https").is_err(), "{host}");
        }
    }
}
