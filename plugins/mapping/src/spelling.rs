//! What somebody probably meant.

/// Longer than any key or kind that people write. Comparing costs the product of both lengths.
const LONGEST: usize = 64;

/// The candidate that is written almost like this, if there is one.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    if word.len() > LONGEST {
        return None;
    }
    let plain = |text: &str| text.replace(['_', '-', ' '], "").to_lowercase();
    let word = plain(word);
    let mistakes = |candidate: &str| strsim::damerau_levenshtein(&word, &plain(candidate));
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST)
        .map(|candidate| (mistakes(candidate), candidate))
        .filter(|(mistakes, candidate)| *mistakes <= 2 && *mistakes * 2 < candidate.len())
        .min()
        .map(|(_, candidate)| candidate)
}

/// A question to add to a sentence, or nothing.
pub(crate) fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> String {
    nearest(word, candidates).map_or_else(String::new, |candidate| {
        format!(" Did you mean `{candidate}`?")
    })
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_is_recognized_and_another_word_is_not() {
        let kinds = ["pull-request", "issue", "repository", "file"];
        for (written, meant) in [
            ("pull_request", Some("pull-request")),
            ("PullRequests", Some("pull-request")),
            ("repositry", Some("repository")),
            ("issues", Some("issue")),
            ("team", None),
            ("tile", Some("file")),
            ("x", None),
        ] {
            assert_eq!(nearest(written, kinds), meant, "{written}");
        }
        let long = "x".repeat(100_000);
        assert_eq!(nearest(&long, [&*long]), None, "nobody meant that");
    }
}
