//! The app's key pair, generated once per process.

use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::DecodingKey;

static PAIR: LazyLock<KeyPair> =
    LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).expect("RSA keys can be generated"));

/// What comes before the PKCS#1 key in a PKCS#8 one of 2048 bits: a sequence, a version, the algorithm's name
/// and the head of an octet string, all of fixed length.
const PKCS8_HEAD: usize = 26;

pub(super) fn pkcs8_pem() -> String {
    pem("PRIVATE KEY", &pkcs8())
}

pub(super) fn pkcs1_pem() -> String {
    pem("RSA PRIVATE KEY", &pkcs8()[PKCS8_HEAD..])
}

pub(super) fn public() -> DecodingKey {
    DecodingKey::from_rsa_der(PAIR.public_key().as_ref())
}

fn pkcs8() -> Vec<u8> {
    let der = PAIR.as_der().expect("a generated key can be written");
    der.as_ref().to_vec()
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}
