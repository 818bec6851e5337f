//! An answer of GitHub's: its JSON, its links, and what it means when it is no success.

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{StatusCode, Url};
use serde::Deserialize;

use super::Error;

/// Of GitHub's error texts, as much as a person reads.
const MESSAGE: usize = 300;

pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// Where it came from at last: links are relative to it.
    pub(super) url: Url,
    /// The request, such as `GET /repos/acme/shop`.
    pub(super) what: String,
}

impl Reply {
    pub(super) fn json<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| Error::Unexpected {
            what: self.what.clone(),
            status: self.status.as_u16(),
            message: format!("an answer of another shape than documented: {error}"),
        })
    }

    /// GitHub's own words about a failure.
    pub(super) fn message(&self) -> String {
        #[derive(Deserialize)]
        struct Message {
            message: String,
        }
        if self.status.is_success() {
            return String::new();
        }
        match serde_json::from_slice::<Message>(&self.body) {
            Ok(said) => printable(&said.message),
            Err(_) => printable(self.status.canonical_reason().unwrap_or("no message")),
        }
    }

    /// The reply if it is a success, else what it means. `permission` is what our own table says the endpoint needs.
    pub(super) fn success(self, permission: Option<&str>) -> Result<Self, Error> {
        if self.status.is_success() {
            return Ok(self);
        }
        let (what, message) = (self.what.clone(), self.message());
        Err(match self.status.as_u16() {
            404 => Error::Missing { what },
            401 => Error::Unauthorized(format!("{message} (401 to {what})")),
            403 => Error::Forbidden {
                what,
                permission: accepted(&self.headers).or_else(|| permission.map(str::to_owned)),
                message,
            },
            _ => self.unexpected(),
        })
    }

    /// This answer as an error without a meaning of its own.
    pub(super) fn unexpected(&self) -> Error {
        Error::Unexpected {
            what: self.what.clone(),
            status: self.status.as_u16(),
            message: self.message(),
        }
    }
}

/// `contents=read; issues=read` as we write it: GitHub docs, Choosing permissions for a GitHub App.
fn accepted(headers: &HeaderMap) -> Option<String> {
    let text = header(headers, "x-accepted-github-permissions")?;
    (!text.is_empty()).then(|| printable(text).replace('=', ": ").replace("; ", "` or `"))
}

pub(super) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// The target of `rel="next"` in a `Link` header (RFC 8288).
pub(super) fn next_link(header: &str) -> Option<&str> {
    let mut rest = header;
    while let Some((target, after)) = rest
        .split_once('<')
        .and_then(|(_, tail)| tail.split_once('>'))
    {
        // The parameters end where the next target begins.
        let end = after.find('<').unwrap_or(after.len());
        let next = after[..end].split([';', ',']).any(|parameter| {
            parameter.split_once('=').is_some_and(|(name, value)| {
                let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
                name.trim().eq_ignore_ascii_case("rel")
                    && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
            })
        });
        if next {
            return Some(target);
        }
        rest = &after[end..];
    }
    None
}

/// For logs and errors: one line without control characters, not too long.
pub(super) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MESSAGE)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_found_among_the_links() {
        #[rustfmt::skip]
        let table = [
            (r#"<https://api.github.com/repositories/1/issues?page=2>; rel="next", <https://api.github.com/repositories/1/issues?page=9>; rel="last""#,
                Some("https://api.github.com/repositories/1/issues?page=2")),
            (r#"<https://h/api/v3/x?page=1>; rel="prev", <https://h/api/v3/x?after=a,b%3D%3D>; rel="next""#, Some("https://h/api/v3/x?after=a,b%3D%3D")),
            (r#"<https://h/x?page=1>; rel="first", <https://h/x?page=3>; rel="last""#, None),
            (r#"<https://h/x?page=2>;rel=next"#, Some("https://h/x?page=2")),
            (r#"<https://h/x?page=2>; title="a"; rel="next foo""#, Some("https://h/x?page=2")),
            (r#"<https://h/x?rel="next">; rel="last""#, None),
            ("<https://h/x", None),
            ("", None),
        ];
        for (link, expected) in table {
            assert_eq!(next_link(link), expected, "{link}");
        }
    }
}
