use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;

use super::*;

fn to_pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<&str> = body
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

/// A fresh key as PKCS#8 and, out of it, as PKCS#1.
fn fresh_key() -> (String, String) {
    let pkcs8 =
        AsDer::<Pkcs8V1Der<'_>>::as_der(&KeyPair::generate(KeySize::Rsa2048).unwrap()).unwrap();
    let mut outer = Der(pkcs8.as_ref());
    let mut key = Der(outer.expect(SEQUENCE).unwrap());
    key.expect(INTEGER).unwrap();
    key.expect(SEQUENCE).unwrap();
    let pkcs1 = key.expect(OCTET_STRING).unwrap();
    (
        to_pem("PRIVATE KEY", pkcs8.as_ref()),
        to_pem("RSA PRIVATE KEY", pkcs1),
    )
}

fn problem(text: &str) -> String {
    pem(text).expect_err("this is no usable key").0
}

#[test]
fn every_form_leads_to_the_same_key() {
    let (pkcs8, pkcs1) = fresh_key();
    for key in [pkcs8, pkcs1] {
        let base64 = STANDARD.encode(&key);
        let wrapped: Vec<&str> = base64
            .as_bytes()
            .chunks(76)
            .map(|line| std::str::from_utf8(line).unwrap())
            .collect();
        let forms = [
            key.clone(),
            key.replace('\n', "\\n"),
            key.replace('\n', "\r\n"),
            key.replace('\n', " "),
            format!("\"{}\"", key.trim()),
            base64.clone(),
            wrapped.join("\n"),
            base64.trim_end_matches('=').to_owned(),
        ];
        for form in forms {
            assert_eq!(
                pem(&form).map(|key| key.expose_secret().to_owned()),
                Ok(key.clone())
            );
        }
    }
}

#[test]
fn what_is_no_rsa_private_key_is_named() {
    let (_, pkcs1) = fresh_key();
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).unwrap();
    let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING)
        .unwrap()
        .to_pkcs8v1()
        .unwrap();
    let encrypted = pkcs1.replacen(
        "-----\n",
        "-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n",
        1,
    );
    for (text, found) in [
        (to_pem("CERTIFICATE", b"x"), "a certificate"),
        (to_pem("PUBLIC KEY", public.as_ref()), "a public key"),
        (to_pem("EC PRIVATE KEY", b"x"), "an EC key"),
        (to_pem("PRIVATE KEY", ec.as_ref()), "an EC or other key"),
        (to_pem("OPENSSH PRIVATE KEY", b"x"), "an OpenSSH key"),
        (to_pem("ENCRYPTED PRIVATE KEY", b"x"), "an encrypted key"),
        (encrypted, "an encrypted key"),
        (to_pem("RSA PRIVATE KEY", b"hello"), "damaged or cut off"),
        (pkcs1[..pkcs1.len() / 2].to_owned(), "cut off"),
        ("hello".to_owned(), "neither a PEM nor base64"),
        (STANDARD.encode("hello"), "neither a PEM nor base64"),
    ] {
        let problem = problem(&text);
        assert!(problem.contains(found), "{found}: {problem}");
    }
}

#[test]
fn a_mistake_does_not_show_the_key() {
    let (_, key) = fresh_key();
    let secret = &key.lines().nth(3).unwrap()[..20];
    let broken = key.replacen(secret, "!!", 1);
    let (problem, remedy) = pem(&broken).unwrap_err();
    for line in key.lines().skip(1).take(5) {
        assert!(!format!("{problem}{remedy}").contains(line));
    }
}
