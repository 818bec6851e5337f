//! Which paths a pattern means: `*` and `?` within a segment, `**` across them, `{a,b}`, `[a-z]`.
//!
//! Patterns and paths come from guests. What could mean a place outside of the repository is refused by a sentence.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Longer than any path that people write, short enough to compile in no time.
const LONGEST: usize = 1024;

/// A pattern, ready to match.
#[derive(Debug, Clone)]
pub struct Glob {
    text: String,
    set: Option<GlobSet>,
}

impl Glob {
    pub fn new(text: &str) -> Result<Self, String> {
        plain(text)?;
        if !text.contains(['*', '?', '[', ']', '{', '}']) {
            return Ok(Self {
                text: text.to_owned(),
                set: None,
            });
        }
        let wrong = |error: globset::Error| format!("`{text}` is no glob: {}", error.kind());
        let glob = GlobBuilder::new(text)
            .literal_separator(true)
            .backslash_escape(false)
            .empty_alternates(true)
            .build()
            .map_err(wrong)?;
        // A set, because compiling it reports a pattern that is too large; a single matcher panics.
        let set = GlobSetBuilder::new().add(glob).build().map_err(wrong)?;
        Ok(Self {
            text: text.to_owned(),
            set: Some(set),
        })
    }

    pub fn matches(&self, path: &str) -> bool {
        match &self.set {
            Some(set) => set.is_match(path),
            None => self.text == path,
        }
    }

    /// The one path that a pattern without wildcards means.
    pub fn path(&self) -> Option<&str> {
        self.set.is_none().then_some(&*self.text)
    }

    /// Whether it names its files (`**/port.yml`), if only by their ending (`services/*.json`), rather than taking what
    /// is there (`docs/**`).
    pub fn names_files(&self) -> bool {
        let is_named = |text: &str| !text.is_empty() && !text.contains(['*', '?', '[', ']']);
        let name = self.text.rsplit('/').next().unwrap_or_default();
        let extension = name.rsplit_once('.').map(|(_, extension)| extension);
        is_named(name) || extension.is_some_and(is_named)
    }
}

/// Whether a path or pattern can only mean something inside the repository.
pub fn plain(path: &str) -> Result<(), String> {
    let wrong = |why: &str| {
        let shown: String = path.chars().take(100).collect();
        Err(format!("`{}` {why}", shown.escape_debug()))
    };
    if path.is_empty() {
        return Err("an empty path names no file".to_owned());
    }
    if path.len() > LONGEST {
        return wrong("is longer than 1024 bytes");
    }
    if path.starts_with('/') {
        return wrong("begins with `/`: paths are counted from the root of the repository");
    }
    if path.contains('\\') {
        return wrong("contains a backslash: segments are separated by `/`");
    }
    if path.chars().any(char::is_control) {
        return wrong("contains control characters");
    }
    // Alternatives are segments too: `{a,../b}`.
    for segment in path.split(['/', '{', ',', '}']) {
        if segment == ".." || segment == "." {
            return wrong("leaves its folder: `.` and `..` are not followed");
        }
    }
    if path.split('/').any(str::is_empty) {
        return wrong("has an empty segment (`//`, or a `/` at the end)");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_means_what_people_expect() {
        #[rustfmt::skip]
        let table: &[(&str, &[&str], &[&str])] = &[
            ("**/port.yml", &["port.yml", "a/port.yml", "a/b/port.yml"], &["port.yml/x", "aport.yml", "a/report.yml"]),
            ("*.tf", &["main.tf"], &["a/main.tf", "main.tfvars"]),
            ("services/*/port.yml", &["services/a/port.yml"], &["services/port.yml", "services/a/b/port.yml"]),
            ("services/**/port.yml", &["services/port.yml", "services/a/b/port.yml"], &["port.yml"]),
            ("docs/**", &["docs/a", "docs/a/b.md"], &["docs", "doc/a"]),
            ("**/*.{yml,yaml}", &["a.yml", "x/b.yaml"], &["a.yam"]),
            ("{.github/,}CODEOWNERS", &["CODEOWNERS", ".github/CODEOWNERS"], &["docs/CODEOWNERS"]),
            ("team-[a-c]/?.md", &["team-b/x.md"], &["team-d/x.md", "team-b/xy.md", "team-b//.md"]),
            ("README.md", &["README.md"], &["a/README.md", "readme.md"]),
        ];
        for (text, yes, no) in table {
            let glob = Glob::new(text).expect(text);
            for path in *yes {
                assert!(glob.matches(path), "{text} should match {path}");
            }
            for path in *no {
                assert!(!glob.matches(path), "{text} should not match {path}");
            }
        }
    }

    #[test]
    fn an_ending_names_files_too() {
        for (text, names) in [
            ("**/port.yml", true),
            ("services/*.json", true),
            ("**/*.{yml,yaml}", true),
            ("{.github/,}CODEOWNERS", true),
            ("team-?.md", true),
            ("docs/**", false),
            ("docs/*", false),
            ("a.b/*", false),
            ("*.*", false),
            ("*.{yml,*}", false),
            ("*.[jt]s", false),
        ] {
            assert_eq!(Glob::new(text).expect(text).names_files(), names, "{text}");
        }
    }

    #[test]
    fn what_could_lie_outside_is_refused_by_a_sentence() {
        for hostile in [
            "",
            "..",
            "../..",
            "../secrets",
            "a/../../b",
            "./a",
            "a/.",
            "/etc/passwd",
            "/",
            "//host/share",
            "a//b",
            "a/",
            "..\\..",
            "C:\\x",
            "a\0b",
            "a\nb",
            "{a,../b}/c",
            "{..,a}/b",
            "**/../x",
            "[a-",
            "{a,b",
            "a[z-a]",
            "file:///etc/passwd",
        ] {
            let refused = Glob::new(hostile).expect_err(hostile);
            assert!(refused.len() > 15, "{hostile:?}: {refused}");
        }
        Glob::new(&"{a,b}".repeat(300)).expect_err("too long");
        Glob::new(&"**/".repeat(340)).expect_err("ends in a slash");
    }

    #[test]
    fn a_large_glob_does_not_panic() {
        for text in [
            "{a,b,c,d}".repeat(110),
            "?".repeat(1000),
            format!("{}x", "**/".repeat(330)),
        ] {
            let _ = Glob::new(&text);
        }
    }
}
