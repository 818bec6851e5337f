//! What is not quite HTTP, and what is no HTTP at all.

use portolan_tests::caller::Caller;
use portolan_tests::host::RunningHost;

use super::{beside, delivery};
use crate::acme::Acme;

/// A ClientHello's first bytes: TLS 1.2 record, handshake, TLS 1.3 within.
const CLIENT_HELLO: &[u8] =
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03randomrandomrandomrandomrandomra\x20";

#[tokio::test]
async fn what_is_no_request_is_refused_and_the_connection_closed() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    let many = "x-padding: x\r\n".repeat(200);
    let long = format!("x-padding: {}\r\n", "x".repeat(200_000));
    let path = "x".repeat(200_000);
    let shop = delivery(&acme, "shop").head();
    #[rustfmt::skip]
    let table: Vec<(&str, Vec<u8>, Option<u16>)> = vec![
        ("garbage", b"Hello, is this the harbour?\r\n\r\n".into(), Some(400)),
        ("zeros", vec![0; 1000], Some(400)),
        ("only blanks", b"   \r\n\r\n".into(), Some(400)),
        ("no version", b"POST /\r\n\r\n".into(), Some(400)),
        ("another version", b"POST / HTTP/9.9\r\nhost: x\r\n\r\n".into(), Some(400)),
        ("a header without a colon", b"POST / HTTP/1.1\r\nhost\r\n\r\n".into(), Some(400)),
        ("a header's name with a blank", b"POST / HTTP/1.1\r\nhost : x\r\n\r\n".into(), Some(400)),
        ("a bare line feed in a value", b"POST / HTTP/1.1\r\nhost: x\r\n\x0by: z\r\n\r\n".into(), Some(400)),
        ("TLS", CLIENT_HELLO.into(), Some(400)),
        ("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".into(), None),
        ("SMTP", b"EHLO mail.example.com\r\n".into(), Some(400)),
        ("200 headers", format!("{shop}{many}\r\n").into(), Some(431)),
        ("a header of 200 KB", format!("{shop}{long}\r\n").into(), Some(431)),
        ("a path of 200 KB", format!("POST /{path} HTTP/1.1\r\n\r\n").into(), Some(431)),
        ("a negative length", format!("{shop}content-length: -1\r\n\r\n").into(), Some(400)),
        ("a length with a sign", format!("{shop}content-length: +2\r\n\r\n{{}}").into(), Some(400)),
        ("a length in words", format!("{shop}content-length: two\r\n\r\n{{}}").into(), Some(400)),
        ("two lengths", format!("{shop}content-length: 2\r\ncontent-length: 3\r\n\r\n{{}}").into(), Some(400)),
        ("a length beyond 64 bits", format!("{shop}content-length: 99999999999999999999\r\n\r\n").into(), Some(400)),
        ("the largest length", format!("{shop}content-length: {}\r\n\r\n", u64::MAX).into(), Some(431)),
        ("an encoding that is not chunked", format!("{shop}transfer-encoding: gzip\r\n\r\n").into(), Some(400)),
        ("chunked, then gzip", format!("{shop}transfer-encoding: chunked, gzip\r\n\r\n").into(), Some(400)),
        ("chunks in HTTP/1.0", format!("{shop}transfer-encoding: chunked\r\n\r\n0\r\n\r\n").replace("/1.1", "/1.0").into(), Some(400)),
    ];
    let theirs = async {
        for (what, bytes, status) in &table {
            // Shown when one is not closed.
            eprintln!("{what}");
            let said = refused(&host, bytes).await;

            let answered = said.split(' ').nth(1).and_then(|word| word.parse().ok());
            assert_eq!(answered, *status, "{what}: {said:?}");
        }
    };

    beside(&acme, &host, theirs).await;

    assert!(acme.port.entity("service", "shop").is_none());
}

/// Says it all, and hears until the host closes.
async fn refused(host: &RunningHost, bytes: &[u8]) -> String {
    let mut caller = Caller::at(host.address()).await;
    caller.say(bytes).await;
    caller.hear_out().await
}

#[tokio::test]
async fn a_body_that_is_not_as_long_as_told_is_no_delivery() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    let shop = delivery(&acme, "shop");
    let of_length = |length: usize| {
        let head = format!("{}content-length: {length}\r\n\r\n", shop.head());
        [head.as_bytes(), &shop.body].concat()
    };
    let theirs = async {
        // Too short: the signature is another one, and what is left over is no request.
        let mut caller = Caller::at(host.address()).await;
        caller.say(of_length(shop.body.len() - 5)).await;
        let heard = caller.hear().await.expect("an answer");
        assert_eq!(heard.status, 400);
        assert!(heard.body.contains("does not match the body"), "{heard:?}");
        assert!(caller.hear_out().await.starts_with("HTTP/1.1 400 "));

        // Too long: nobody can know that no more will come, before the sender says so.
        let mut caller = Caller::at(host.address()).await;
        caller.say(of_length(shop.body.len() + 5)).await;
        caller.fall_silent().await;
        let said = caller.hear_out().await;
        assert!(said.starts_with("HTTP/1.1 400 "), "{said}");
        assert!(said.contains("The body broke off: "), "{said}");

        // Longer than GitHub's ever are: refused before much of it has come.
        let mut caller = Caller::at(host.address()).await;
        caller.say(of_length(26 << 21)).await;
        caller.fall_silent().await;
        let said = caller.hear_out().await;
        assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
    };

    beside(&acme, &host, theirs).await;

    assert!(acme.port.entity("service", "shop").is_none());
}

#[tokio::test]
async fn chunks_are_taken_when_they_are_whole_and_refused_when_they_are_not() {
    let acme = Acme::new().await;
    let host = acme.host().start().await;
    let shop = delivery(&acme, "shop");
    let chunked = |framing: &str, body: &[u8]| {
        let head = format!("{}{framing}transfer-encoding: chunked\r\n\r\n", shop.head());
        [head.as_bytes(), body].concat()
    };
    let chunk = |bytes: &[u8]| {
        let size = format!("{:x}\r\n", bytes.len());
        [size.as_bytes(), bytes, b"\r\n"].concat()
    };
    let (one, other) = shop.body.split_at(100);
    let whole = [chunk(one), chunk(other), b"0\r\n\r\n".into()].concat();
    let theirs = async {
        let malformed: [(&str, &[u8]); 7] = [
            ("a size in no digits", b"xyz\r\n{}\r\n0\r\n\r\n"),
            ("a negative size", b"-2\r\n{}\r\n0\r\n\r\n"),
            ("a size beyond 64 bits", b"fffffffffffffffff\r\n{}"),
            (
                "no line's end behind a chunk",
                b"2\r\n{}2\r\n{}\r\n0\r\n\r\n",
            ),
            ("a bare line feed", b"2\n{}\n0\n\n"),
            (
                "an extension without end",
                &[b"2;".to_vec(), vec![b'x'; 100_000]].concat(),
            ),
            (
                "trailers without end",
                &[b"0\r\n".to_vec(), b"x: y\r\n".repeat(20_000)].concat(),
            ),
        ];
        for (what, body) in malformed {
            let said = refused(&host, &chunked("", body)).await;
            assert!(said.starts_with("HTTP/1.1 400 "), "{what}: {said}");
            assert!(said.contains("The body broke off: "), "{what}: {said}");
        }
        // Nobody knows how much will come; what has come is counted.
        let mut caller = Caller::at(host.address()).await;
        caller.say(chunked("", b"")).await;
        let mebibyte = chunk(&vec![b' '; 1 << 20]);
        for _ in 0..27 {
            caller.say(&mebibyte).await;
        }
        caller.say("0\r\n\r\n").await;
        let heard = caller.hear().await.expect("an answer");
        assert_eq!(heard.status, 413, "{heard:?}");
        assert!(acme.port.entity("service", "shop").is_none());

        // A length beside chunks is what smugglers send. The chunks count, and nothing that follows them.
        let smuggled = [whole.as_slice(), b"GET /health HTTP/1.1\r\n\r\n"].concat();
        let said = refused(&host, &chunked("content-length: 3\r\n", &smuggled)).await;
        assert!(said.starts_with("HTTP/1.1 202 "), "{said}");
        assert_eq!(said.matches("HTTP/1.1").count(), 1, "{said}");
    };

    beside(&acme, &host, theirs).await;

    acme.port.wait_for_entity("service", "shop").await;
}
