//! Which of GitHub's paths a mapper may read: those below its event's own repository,
//! or for an organization's subject below that organization, and nothing that holds a secret.
//!
//! A pure function of the path. The token that asks is narrowed as well; neither trusts the other.

use crate::subject::{Organization, Repository};

/// Longer than any path that a mapper needs, short enough for every server.
const LONGEST: usize = 2048;

/// Below these, segments are names that people gave: a folder `hooks`, a branch `logs`.
const NAMES: &[&str] = &[
    "contents", "readme", "git", "branches", "commits", "compare", "labels", "tags",
];

/// Segments that lead to secrets, to what holds them often, or to what is not JSON.
const NEVER: &[(&str, &str)] = &[
    ("artifacts", "artifacts"),
    ("hooks", "webhooks' settings"),
    ("keys", "keys"),
    ("gpg_keys", "keys"),
    ("public-key", "keys"),
    ("logs", "logs"),
    ("audit-log", "logs"),
    ("zipball", "archives"),
    ("tarball", "archives"),
    ("archive", "archives"),
    ("migrations", "archives"),
    ("databases", "archives"),
    ("secret-scanning", "secrets"),
    ("codespaces", "codespaces"),
    ("private-registries", "secrets"),
    ("credential-authorizations", "credentials"),
    ("personal-access-tokens", "credentials"),
    ("personal-access-token-requests", "credentials"),
    // Only the App itself may ask for it; a token is refused as if it were stale.
    ("installation", "the App's installation"),
];

/// What an event may be asked about.
#[derive(Debug, Clone, Copy)]
pub enum Ground<'a> {
    Repository(&'a Repository),
    Organization(&'a Organization),
}

impl Ground<'_> {
    /// Whether a mapper may ask for this path and query; if not, why.
    pub fn check(&self, path_and_query: &str) -> Result<(), String> {
        let (path, query) = path_and_query
            .split_once('?')
            .unwrap_or((path_and_query, ""));
        let refused = |why: &str| {
            let shown: String = path_and_query.chars().take(200).collect();
            Err(format!("`{}` is not asked: {why}", shown.escape_debug()))
        };
        if path_and_query.len() > LONGEST {
            return refused("it is longer than 2048 bytes");
        }
        if let Some(wrong) = path_and_query.chars().find(|c| !c.is_ascii_graphic()) {
            let why = format!(
                "it contains `{}`; spaces and what is not ASCII must be percent-encoded",
                wrong.escape_default()
            );
            return refused(&why);
        }
        if path_and_query.contains(['\\', '#']) {
            return refused("it contains a backslash or a fragment");
        }
        if !path.starts_with('/') {
            return refused(
                "it must begin with one `/`, as in /repos/{owner}/{repo}/topics, without scheme or host",
            );
        }
        if path.contains("//") {
            return refused("it contains `//`");
        }
        for segment in path.split('/') {
            if let Err(why) = plain(segment) {
                return refused(why);
            }
        }
        if decoded(query).is_none_or(|query| query.iter().any(u8::is_ascii_control)) {
            return refused("its query holds control characters or broken percent-encoding");
        }
        let Some(rest) = self.below(path) else {
            return refused(&match self {
                Self::Repository(own) => format!(
                    "only paths at and below /repos/{} can be, the event's own repository",
                    own.full_name()
                ),
                Self::Organization(own) => format!(
                    "only paths at and below /orgs/{} can be, the event's own organization",
                    own.login
                ),
            });
        };
        match secret(rest) {
            Some(what) => refused(&format!("{what} are kept from mappers")),
            None => Ok(()),
        }
    }

    /// Whether GitHub may lead from an allowed path to this one, by a redirect or a link to the next page.
    pub fn leads_to(&self, path: &str) -> bool {
        self.check(path).is_ok()
    }

    /// What follows the repository's or organization's own path.
    fn below<'p>(&self, path: &'p str) -> Option<&'p str> {
        let (named, numbered) = match self {
            Self::Repository(own) => (
                format!("/repos/{}", own.full_name()),
                format!("/repositories/{}", own.id),
            ),
            Self::Organization(own) => (
                format!("/orgs/{}", own.login),
                format!("/organizations/{}", own.id),
            ),
        };
        // GitHub's own links and redirects use ids, which names that people choose cannot fake.
        [named, numbered].iter().find_map(|own| {
            let (start, rest) = path.split_at_checked(own.len())?;
            let whole = rest.is_empty() || rest.starts_with('/');
            (whole && start.eq_ignore_ascii_case(own)).then_some(rest)
        })
    }
}

/// Whether a segment is what it looks like, however often somebody decodes it.
fn plain(segment: &str) -> Result<(), &'static str> {
    let Some(decoded) = decoded(segment) else {
        return Err("its percent-encoding is broken");
    };
    if matches!(segment, "." | "..") || decoded == b"." || decoded == b".." {
        return Err("it contains `.` or `..` as a segment");
    }
    let lower = segment.to_ascii_lowercase();
    if ["%2e", "%2f", "%5c", "%25"]
        .iter()
        .any(|code| lower.contains(code))
    {
        return Err("it contains an encoded `.`, `/`, `\\` or `%`");
    }
    if decoded.iter().any(u8::is_ascii_control) {
        return Err("it contains encoded control characters");
    }
    Ok(())
}

/// What of these is kept from mappers, if any is.
fn secret(rest: &str) -> Option<&'static str> {
    let mut first = true;
    for segment in rest.split('/').skip(1) {
        let bytes = decoded(segment)?;
        let segment = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        if std::mem::take(&mut first) && NAMES.contains(&&*segment) {
            return None;
        }
        if segment.contains("secret") {
            return Some("secrets");
        }
        if segment.contains("variable") {
            return Some("variables");
        }
        if let Some((_, what)) = NEVER.iter().find(|(never, _)| *never == segment) {
            return Some(what);
        }
    }
    None
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let high = char::from(bytes.next()?).to_digit(16)?;
                let low = char::from(bytes.next()?).to_digit(16)?;
                u8::try_from(high * 16 + low).ok()?
            }
            plain => plain,
        });
    }
    Some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shop() -> Repository {
        Repository {
            id: 42,
            owner: "acme".to_owned(),
            name: "shop".to_owned(),
            default_branch: None,
            json: "{}".into(),
        }
    }

    fn acme() -> Organization {
        Organization {
            id: 7,
            login: "acme".to_owned(),
        }
    }

    #[test]
    fn a_mapper_reads_its_own_repository() {
        for path in [
            "/repos/acme/shop",
            "/repos/Acme/SHOP/topics",
            "/repos/acme/shop/pulls?state=open&per_page=100",
            "/repos/acme/shop/contents/src/hooks/use%20this.ts?ref=feature%2Fx",
            "/repos/acme/shop/contents/secrets/README.md",
            "/repos/acme/shop/git/ref/heads/logs",
            "/repos/acme/shop/compare/v1.0...v1.1",
            "/repos/acme/shop/actions/runs/1/jobs",
            "/repos/acme/shop/contents/@types/a:b.ts",
            "/repositories/42/issues?page=2",
        ] {
            assert_eq!(Ground::Repository(&shop()).check(path), Ok(()));
        }
        for path in [
            "/orgs/acme",
            "/orgs/acme/teams/core/members?role=all",
            "/organizations/7/teams?page=2",
        ] {
            assert_eq!(Ground::Organization(&acme()).check(path), Ok(()));
        }
    }

    #[test]
    fn a_hostile_mapper_reads_nothing_else() {
        let own = "/repos/acme/shop/";
        let elsewhere = [
            "",
            "/",
            "repos/acme/shop",
            "//repos/acme/shop",
            "/repos//acme/shop",
            "/repos/acme/shop//hooks",
            "/repos/acme/other",
            "/repos/acme/shopping",
            "/repos/acme/shop-2/topics",
            "/repos/evil/shop",
            "/repos/acme",
            "/repos/acme/shop/../other",
            "/repos/acme/shop/..",
            "/repos/acme/./shop",
            "/repos/acme/shop/%2e%2e/other",
            "/repos/acme/shop/%2E%2E%2Fother",
            "/repos/acme/shop/.%2e/other",
            "/repos/acme/shop/contents/..%2f..%2fother",
            "/repos/acme/shop/%252e%252e/other",
            "/repos/acme/shop\\..\\other",
            "/repos/acme/shop/%5c..%5cother",
            "/repos/acme%2Fshop",
            "/repos/acme/sh%6Fp",
            "/repos/acme/shop;x=1/topics",
            "/repos/acme/shop@evil.example",
            "https://api.github.com/repos/acme/shop",
            "https://evil.example/repos/acme/shop",
            "//evil.example/repos/acme/shop",
            "/\\evil.example/repos/acme/shop",
            "@evil.example/repos/acme/shop",
            "/@evil.example",
            "/repos/acme/shop#/../other",
            "/repos/acme/shop/topics\r\nHost: evil.example",
            "/repos/acme/shop/%0d%0aX:1",
            "/repos/acme/shop/topics?a=%0a",
            "/repos/acme/shop/a b",
            "/repos/acme/shop/\u{ff0e}\u{ff0e}/other",
            "/repos/acme/shop/%zz",
            "/repos/acme/shop/%",
            "/orgs/acme",
            "/orgs/acme/teams",
            "/user",
            "/app",
            "/app/installations",
            "/installation/repositories",
            "/search/code?q=org:acme",
            "/graphql",
            "/repositories/43",
            "/repositories/421/topics",
            "/rate_limit",
            "/api/v3/repos/acme/shop",
            "/REPOS/acme/shop/../../user",
            "/enterprises/acme",
        ];
        let kept_back = [
            "actions/secrets",
            "actions/organization-secrets",
            "actions/secrets/public-key",
            "actions/variables",
            "actions/organization-variables",
            "environments/prod/secrets",
            "environments/prod/variables/X",
            "dependabot/secrets",
            "codespaces/secrets",
            "codespaces",
            "secret-scanning/alerts",
            "actions/artifacts",
            "actions/runs/1/artifacts",
            "actions/artifacts/1/zip",
            "actions/runs/1/logs",
            "actions/runs/1/attempts/2/logs",
            "actions/jobs/1/logs",
            "hooks",
            "hooks/1/deliveries",
            "HOOKS",
            "h%6Foks",
            "keys",
            "keys/1",
            "zipball/main",
            "tarball",
            "code-scanning/codeql/databases/go",
            "installation",
            "Actions/Secrets",
        ];
        let ground = shop();
        for path in elsewhere
            .map(str::to_owned)
            .into_iter()
            .chain(kept_back.map(|rest| format!("{own}{rest}")))
        {
            let refused = Ground::Repository(&ground).check(&path).expect_err(&path);
            assert!(!refused.chars().any(char::is_control), "{refused}");
        }
        for path in [
            "/orgs/acme2",
            "/orgs/evil/teams",
            "/repos/acme/shop",
            "/organizations/8",
            "/orgs/acme/../evil",
            "/orgs/acme/hooks",
            "/orgs/acme/actions/secrets",
            "/orgs/acme/audit-log",
            "/orgs/acme/migrations/1/archive",
            "/orgs/acme/installation",
            "/orgs/acme/dependabot/secrets",
            "/orgs/acme/actions/variables",
            "/orgs/acme/personal-access-tokens",
        ] {
            Ground::Organization(&acme()).check(path).expect_err(path);
        }
    }

    #[test]
    fn a_refusal_says_what_would_be_allowed() {
        let refused = Ground::Repository(&shop()).check("/repos/acme/other/topics");
        assert_eq!(
            refused.expect_err("another repository"),
            "`/repos/acme/other/topics` is not asked: only paths at and below /repos/acme/shop can be, the event's own repository"
        );
    }
}
