//! What came of opening configurations, remembered: one that opens, or has mistakes, would do so again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use moka::Expiry;
use moka::future::Cache;

use super::contract::{Diagnostic, Want, WriteOptions};
use super::fault::Fault;
use super::limits;

/// What the openings that are remembered take, per plugin, in bytes; notes can be long.
const REMEMBERED: u64 = 16 << 20;
/// What one takes at least: makes it 4,096 configurations.
const OPENING: usize = 4 << 10;
/// How long an `open` that trapped or ran out of time is not tried again: its events must not take the others' turn.
const PAUSE: Duration = Duration::from_secs(60);
/// The same after a failure of the host's own, or while the plugin rests.
const BREATH: Duration = Duration::from_secs(1);

/// What a mapper says of a configuration that opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Opened {
    pub wants: Vec<Want>,
    pub options: WriteOptions,
    pub notes: Vec<Diagnostic>,
}

impl Opened {
    /// Whether this configuration needs such subjects.
    pub fn wants(&self, kind: &str) -> bool {
        self.wants.iter().any(|want| want.kind == kind)
    }
}

/// What was opened, by the configuration's digest.
pub(super) type Openings = Cache<[u8; 32], Result<Arc<Opened>, Fault>>;

pub(super) fn none() -> Openings {
    Cache::builder()
        .max_capacity(REMEMBERED)
        .weigher(|_, opened| weight(opened))
        .expire_after(Retry)
        .build()
}

fn weight(opened: &Result<Arc<Opened>, Fault>) -> u32 {
    let size = match opened {
        Ok(opened) => limits::diagnostics_size(&opened.notes) + limits::wants_size(&opened.wants),
        Err(Fault::Configuration(mistakes)) => limits::diagnostics_size(mistakes),
        Err(_) => 0,
    };
    u32::try_from(size.max(OPENING)).unwrap_or(u32::MAX)
}

/// A configuration that opens, or has mistakes, will do so again; what failed otherwise is tried later.
struct Retry;

impl<K> Expiry<K, Result<Arc<Opened>, Fault>> for Retry {
    fn expire_after_create(
        &self,
        _: &K,
        opened: &Result<Arc<Opened>, Fault>,
        _: Instant,
    ) -> Option<Duration> {
        match opened {
            Ok(_) | Err(Fault::Configuration(_)) => None,
            Err(fault) if fault.is_transient() => Some(BREATH),
            Err(_) => Some(PAUSE),
        }
    }
}
