//! The signature over a body: HMAC-SHA256, in hexadecimal behind `sha256=`
//! (GitHub docs, Validating webhook deliveries).

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::Refusal;

/// Which of the secrets signed these bytes. Compares in constant time.
pub(super) fn matching_secret(
    secrets: &[SecretString],
    signature: &str,
    body: &[u8],
) -> Result<usize, Refusal> {
    let mut expected = [0; 32];
    signature
        .strip_prefix("sha256=")
        .and_then(|digits| hex::decode_to_slice(digits, &mut expected).ok())
        .ok_or(Refusal::MalformedSignature)?;
    secrets
        .iter()
        .position(|secret| mac(secret, body).verify_slice(&expected).is_ok())
        .ok_or(Refusal::WrongSignature)
}

fn mac(secret: &SecretString, body: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("HMAC takes keys of any length");
    mac.update(body);
    mac
}

#[cfg(test)]
pub(super) fn sign(secret: &SecretString, body: &[u8]) -> String {
    format!(
        "sha256={}",
        hex::encode(mac(secret, body).finalize().into_bytes())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of GitHub docs, Validating webhook deliveries.
    const SIGNATURE: &str =
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

    fn check(signature: &str, body: &[u8]) -> Result<usize, Refusal> {
        matching_secret(
            &[SecretString::from("It's a Secret to Everybody")],
            signature,
            body,
        )
    }

    #[test]
    fn the_documented_example_matches() {
        assert_eq!(check(SIGNATURE, b"Hello, World!"), Ok(0));
        assert_eq!(
            check(SIGNATURE, b"Hello, World! "),
            Err(Refusal::WrongSignature)
        );
    }

    #[test]
    fn anything_but_sha256_and_64_digits_is_malformed() {
        let digits = &SIGNATURE[7..];
        for signature in [
            "",
            "sha256=",
            digits,
            &format!("sha1={digits}"),
            &SIGNATURE[..70],
        ] {
            assert_eq!(
                check(signature, b"Hello, World!"),
                Err(Refusal::MalformedSignature)
            );
        }
    }
}
