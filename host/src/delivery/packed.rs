//! Payloads as they are kept: compressed, and the same byte for byte when they are read again.
//!
//! Four bytes say how long the text is, so that nobody reserves more for it; a zstd frame follows.

use std::cell::RefCell;
use std::io::Cursor;

use zstd::bulk::{Compressor, Decompressor};

/// Fast: level 1 makes a webhook's JSON five times smaller, and more time makes it little smaller than that.
const LEVEL: i32 = 1;

/// No [`super::Delivery`] has more, so more than this was never packed. GitHub sends 25 MB at most.
pub(super) const LONGEST: usize = 26 << 20;

/// What was kept cannot be read again: it is none of ours, or was damaged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the kept payload cannot be unpacked: {0}")]
pub struct Unpackable(String);

thread_local! {
    /// To set one up takes longer than to use it.
    static COMPRESSOR: RefCell<Compressor<'static>> =
        RefCell::new(Compressor::new(LEVEL).expect("zstd has a level 1"));
    static DECOMPRESSOR: RefCell<Decompressor<'static>> =
        RefCell::new(Decompressor::new().expect("without a dictionary nothing can be wrong with it"));
}

pub fn pack(payload: &str) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
    let room = 4 + zstd::zstd_safe::compress_bound(payload.len());
    let mut packed = Cursor::new(Vec::with_capacity(room));
    packed.get_mut().extend(length.to_le_bytes());
    packed.set_position(4);
    COMPRESSOR
        .with_borrow_mut(|zstd| zstd.compress_to_buffer(payload.as_bytes(), &mut packed))
        .expect("there is as much room as zstd may need for the text");
    let mut packed = packed.into_inner();
    packed.shrink_to_fit();
    packed
}

pub fn unpack(packed: &[u8]) -> Result<String, Unpackable> {
    let (length, frame) = packed
        .split_first_chunk()
        .ok_or_else(|| Unpackable("it ends after a few bytes".to_owned()))?;
    let length = u32::from_le_bytes(*length) as usize;
    if length > LONGEST {
        return Err(Unpackable(format!(
            "it claims {length} bytes, and no payload has more than {LONGEST}"
        )));
    }
    let bytes = DECOMPRESSOR.with_borrow_mut(|zstd| zstd.decompress(frame, length));
    let bytes = bytes.map_err(|error| Unpackable(error.to_string()))?;
    if bytes.len() != length {
        return Err(Unpackable(format!(
            "it has {} bytes instead of {length}",
            bytes.len()
        )));
    }
    String::from_utf8(bytes).map_err(|error| Unpackable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_comes_back_byte_for_byte() {
        let long = format!(r#"{{"text":"{}"}}"#, "Ein Häfen ⚓ ".repeat(10_000));
        for payload in ["", "{}", "{ \"a\" : 1 }\n", &long] {
            assert_eq!(unpack(&pack(payload)).as_deref(), Ok(payload));
        }
        assert!(pack(&long).len() < long.len() / 100);
    }

    #[test]
    fn what_was_damaged_is_an_error_and_never_a_flood() {
        let packed = pack(&"port ".repeat(1000));
        for length in 0..packed.len() {
            assert!(unpack(&packed[..length]).is_err(), "{length}");
        }
        let mut shorter = packed.clone();
        shorter[0] -= 1;
        assert!(unpack(&shorter).is_err());
        let mut longer = packed.clone();
        longer[0] += 1;
        assert!(unpack(&longer).is_err());
        let mut endless = packed;
        endless[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        let refused = unpack(&endless).unwrap_err().to_string();
        assert!(refused.contains("claims 4294967295 bytes"), "{refused}");
    }
}
