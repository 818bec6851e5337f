//! Why a request never got an answer, in words.

use std::error::Error as _;

/// How rustls names a certificate that no authority known to us has signed: none of that name, or with another key.
const UNTRUSTED: [&str; 2] = [
    "invalid peer certificate: UnknownIssuer",
    "invalid peer certificate: BadSignature",
];

/// An HTTP client's error with its causes, without the URL, which the caller names better.
pub(crate) fn causes(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    for rustls in UNTRUSTED {
        text = text.replace(
            rustls,
            "the certificate shown there is signed by an authority that is not trusted; if it is your own authority, \
             or that of a proxy in between, let EXTRA_CA_FILE name a file with the authority's certificate",
        );
    }
    text
}
