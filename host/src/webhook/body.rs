//! Reading a body within its bounds.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use tokio::time::timeout;

use super::MAX_BODY;
use super::answer::Refused;
use super::budget::Share;

/// For a whole body. GitHub itself gives up after 10 s (30 s on GitHub Enterprise Server).
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// How long, and how much, a refused sender may go on sending before the connection is cut.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(5);
const MAX_DISCARDED: usize = 2 * MAX_BODY;

/// The body as it came, accounted for while it comes.
pub(super) async fn read(body: &mut Incoming, share: &mut Share<'_>) -> Result<Bytes, Refused> {
    if body.size_hint().lower() > MAX_BODY as u64 {
        return Err(Refused::TooLarge);
    }
    timeout(TIMEOUT, collect(body, share))
        .await
        .unwrap_or(Err(Refused::TooSlow))
}

async fn collect(body: &mut Incoming, share: &mut Share<'_>) -> Result<Bytes, Refused> {
    // The usual body comes in one to three pieces; a single one is not copied.
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(piece) = frame.map_err(Refused::BrokenOff)?.into_data() else {
            continue;
        };
        length += piece.len();
        if length > MAX_BODY {
            return Err(Refused::TooLarge);
        }
        if !share.grow(piece.len()) {
            return Err(Refused::NoMemory);
        }
        if length == piece.len() {
            first = piece;
            continue;
        }
        if all.is_empty() {
            let rest = usize::try_from(body.size_hint().lower()).unwrap_or(0);
            all.reserve(length + rest.min(MAX_BODY));
            all.extend_from_slice(&first);
        }
        all.extend_from_slice(&piece);
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

pub(super) async fn discard(mut body: Incoming) {
    let all = async {
        let mut length = 0;
        while let Some(Ok(frame)) = body.frame().await {
            length += frame.data_ref().map_or(0, Bytes::len);
            if length > MAX_DISCARDED {
                break;
            }
        }
    };
    // Cut off is what a sender gets that takes longer.
    let _ = timeout(DISCARD_TIMEOUT, all).await;
}
