//! `PRIVATE_KEY` in the forms in which it reaches an environment: base64 of the PEM, the PEM itself,
//! its line breaks kept, escaped or lost.
//!
//! Judges the shape alone, to say early what was found instead; `github` signs with it.

use base64::Engine;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use secrecy::SecretString;

use super::variables::{Wrong, wrong};

const REMEDY: &str = "use the .pem file that GitHub gave you when you generated the App's private key, as it is or in base64";

/// 1.2.840.113549.1.1.1, rsaEncryption, in DER.
const RSA: [u8; 9] = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

/// The key as a well-formed PEM, if it is an RSA private key.
pub(super) fn pem(text: &str) -> Result<SecretString, Wrong> {
    let text = text
        .trim_matches(['"', '\''])
        .replace("\\r", "")
        .replace("\\n", "\n");
    if text.contains("-----BEGIN") {
        return canonical(&text);
    }
    let decoded = decode(&text).and_then(|bytes| String::from_utf8(bytes).ok());
    match decoded.filter(|text| text.contains("-----BEGIN")) {
        Some(text) => canonical(&text),
        None => Err(wrong("is neither a PEM nor base64 of one", REMEDY)),
    }
}

fn canonical(text: &str) -> Result<SecretString, Wrong> {
    let cut_off = || wrong("holds a PEM that is cut off", REMEDY);
    let (_, rest) = text.split_once("-----BEGIN ").ok_or_else(cut_off)?;
    let (label, rest) = rest.split_once("-----").ok_or_else(cut_off)?;
    refuse_other_than_private_rsa(label)?;
    let (body, _) = rest
        .split_once(&format!("-----END {label}-----"))
        .ok_or_else(cut_off)?;
    if body.contains("ENCRYPTED") {
        return Err(encrypted());
    }
    let der = decode(body).ok_or_else(|| wrong("holds a PEM whose body is not base64", REMEDY))?;
    check(label, &der)?;
    let mut lines = format!("-----BEGIN {label}-----\n");
    let body: String = body.split_whitespace().collect();
    for line in body.as_bytes().chunks(64) {
        lines.extend(line.iter().map(|byte| char::from(*byte)));
        lines.push('\n');
    }
    lines.push_str(&format!("-----END {label}-----\n"));
    Ok(SecretString::from(lines))
}

fn refuse_other_than_private_rsa(label: &str) -> Result<(), Wrong> {
    let found = match label {
        "RSA PRIVATE KEY" | "PRIVATE KEY" => return Ok(()),
        "ENCRYPTED PRIVATE KEY" => return Err(encrypted()),
        "CERTIFICATE" | "TRUSTED CERTIFICATE" => "a certificate",
        "CERTIFICATE REQUEST" => "a certificate request",
        "PUBLIC KEY" | "RSA PUBLIC KEY" => "a public key",
        "EC PRIVATE KEY" | "EC PARAMETERS" => "an EC key",
        "OPENSSH PRIVATE KEY" => "an OpenSSH key",
        _ => "something else",
    };
    Err(wrong(
        format!("holds {found} instead of an RSA private key"),
        REMEDY,
    ))
}

fn encrypted() -> Wrong {
    wrong(
        "holds an encrypted key",
        "decrypt it first: `openssl rsa -in key.pem -out plain.pem`, or generate a new one",
    )
}

fn check(label: &str, der: &[u8]) -> Result<(), Wrong> {
    let broken = || wrong("holds a PEM whose content is damaged or cut off", REMEDY);
    let mut outer = Der(der);
    let mut key = Der(outer
        .expect(SEQUENCE)
        .filter(|_| outer.0.is_empty())
        .ok_or_else(broken)?);
    key.expect(INTEGER).ok_or_else(broken)?;
    if label == "PRIVATE KEY" {
        let mut algorithm = Der(key.expect(SEQUENCE).ok_or_else(broken)?);
        if algorithm.expect(OBJECT_IDENTIFIER).ok_or_else(broken)? != RSA {
            return Err(wrong(
                "holds an EC or other key instead of an RSA private key",
                REMEDY,
            ));
        }
        return check(
            "RSA PRIVATE KEY",
            key.expect(OCTET_STRING).ok_or_else(broken)?,
        );
    }
    // Modulus, the two exponents, two primes and what else speeds up signing: RFC 8017, A.1.2.
    for _ in 0..8 {
        key.expect(INTEGER).ok_or_else(broken)?;
    }
    Ok(())
}

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// The part of DER (X.690) that a key is made of: tag, length, content.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The content of the next element if it has this tag.
    fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (&[found, first], rest) = self.0.split_first_chunk()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
                (
                    bytes
                        .iter()
                        .fold(0, |length, byte| length << 8 | usize::from(*byte)),
                    rest,
                )
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        (found == tag).then_some(content)
    }
}

/// Base64 with any line breaks, with or without padding.
fn decode(text: &str) -> Option<Vec<u8>> {
    let forgiving = GeneralPurpose::new(
        &base64::alphabet::STANDARD,
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
    );
    forgiving
        .decode(text.split_whitespace().collect::<String>())
        .ok()
}

#[cfg(test)]
mod tests;
