//! As many versions of one plugin as a scenario likes, each telling by its entities that it made them.

use portolan_tests::host::guest;
use sha2::{Digest, Sha256};

const MARK: &[u8] = b"mark-of-version!";

/// The plugin `versioned` with this number for its mark.
pub(super) fn version(number: usize) -> Vec<u8> {
    let mut bytes = guest("versioned");
    let mut places = (bytes.windows(MARK.len()).enumerate())
        .filter(|(_, window)| *window == MARK)
        .map(|(at, _)| at);
    let at = places.next().expect("the guest has its mark");
    assert_eq!(places.next(), None, "the mark is in the guest twice");
    bytes[at..at + MARK.len()].copy_from_slice(mark(number).as_bytes());
    bytes
}

/// What its entities say.
pub(super) fn mark(number: usize) -> String {
    format!("mark-of-{number:08}")
}

/// What the host calls it.
pub(super) fn name(bytes: &[u8]) -> String {
    hex::encode(&Sha256::digest(bytes)[..6])
}

/// The same code, built for a contract that this host does not serve.
pub(super) fn of_another_world(mut bytes: Vec<u8>) -> Vec<u8> {
    const OURS: &[u8] = b"portolan:mapper/mapping@0.1.0";
    let places: Vec<_> = (bytes.windows(OURS.len()).enumerate())
        .filter(|(_, window)| *window == OURS)
        .map(|(at, _)| at + OURS.len() - 3)
        .collect();
    assert!(!places.is_empty(), "the guest exports the contract");
    for at in places {
        bytes[at] = b'9';
    }
    bytes
}
