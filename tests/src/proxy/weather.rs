//! What networks do to connections: cut them, hold them up, close one side; after any number of bytes.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;

use crate::dice::Dice;

/// Where most bad ends fall: a TLS handshake takes some four of these, an answer of Port's one or two.
const BYTES: usize = 12_000;

/// How many tunnels each fate befell.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fates {
    pub spared: usize,
    pub reset: usize,
    pub truncated: usize,
    pub half_closed: usize,
    pub stalled: usize,
}

/// What becomes of one tunnel, once so many bytes went one way.
pub(super) struct Fate {
    end: End,
    upwards: bool,
    after: usize,
}

#[derive(Clone, Copy)]
enum End {
    /// RST to both sides.
    Reset,
    /// FIN to both sides.
    Truncate,
    /// FIN to the side that listens; what that one says goes on.
    HalfClose,
    /// Nothing goes on and nothing is closed.
    Stall,
}

#[derive(Clone)]
pub(super) struct Weather {
    drawn: Arc<Mutex<(Option<Dice>, Fates)>>,
    rough: watch::Sender<bool>,
}

impl Weather {
    pub(super) fn calm() -> Self {
        Self {
            drawn: Arc::default(),
            rough: watch::channel(false).0,
        }
    }

    pub(super) fn turn(&self, seed: Option<u64>) {
        self.lock().0 = seed.map(Dice::new);
        self.rough.send_replace(seed.is_some());
    }

    pub(super) fn fates(&self) -> Fates {
        self.lock().1
    }

    /// `None` for a tunnel that is left alone.
    pub(super) fn fate(&self) -> Option<Fate> {
        let mut drawn = self.lock();
        let (dice, fates) = &mut *drawn;
        let dice = dice.as_mut()?;
        let (end, count) = match dice.below(8) {
            0 | 1 => (End::Reset, &mut fates.reset),
            2 => (End::Truncate, &mut fates.truncated),
            3 => (End::HalfClose, &mut fates.half_closed),
            4 => (End::Stall, &mut fates.stalled),
            _ => {
                fates.spared += 1;
                return None;
            }
        };
        *count += 1;
        Some(Fate {
            end,
            upwards: dice.one_in(2),
            after: dice.below(BYTES),
        })
    }

    pub(super) async fn befall(
        &self,
        client: TcpStream,
        server: TcpStream,
        fate: Fate,
    ) -> io::Result<()> {
        let (mut from_client, mut to_client) = client.into_split();
        let (mut from_server, mut to_server) = server.into_split();
        let (up, down) = match fate.upwards {
            true => (fate.after, usize::MAX),
            false => (usize::MAX, fate.after),
        };
        let ended = {
            let up = carry(&mut from_client, &mut to_server, up);
            let down = carry(&mut from_server, &mut to_client, down);
            // Whoever closes first ends the tunnel before its fate does.
            tokio::select! {
                cut = up => cut?,
                cut = down => cut?,
            }
        };
        if !ended {
            return Ok(());
        }
        match fate.end {
            End::Reset => {
                to_client.as_ref().set_zero_linger()?;
                to_server.as_ref().set_zero_linger()?;
            }
            End::Truncate => {}
            End::HalfClose if fate.upwards => {
                to_server.shutdown().await?;
                carry(&mut from_server, &mut to_client, usize::MAX).await?;
            }
            End::HalfClose => {
                to_client.shutdown().await?;
                carry(&mut from_client, &mut to_server, usize::MAX).await?;
            }
            End::Stall => {
                let mut rough = self.rough.subscribe();
                // Nobody turns the weather any more once the proxy is gone; then the tunnel is, too.
                let _ = rough.wait_for(|rough| !rough).await;
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, (Option<Dice>, Fates)> {
        self.drawn.lock().expect("nothing panics while it is held")
    }
}

/// Carries bytes one way until so many went over (`true`) or the sender closed.
async fn carry(from: &mut OwnedReadHalf, to: &mut OwnedWriteHalf, most: usize) -> io::Result<bool> {
    let mut buffer = [0; 4096];
    let mut left = most;
    while left > 0 {
        let room = buffer.len().min(left);
        let count = from.read(&mut buffer[..room]).await?;
        if count == 0 {
            return Ok(false);
        }
        to.write_all(&buffer[..count]).await?;
        left -= count;
    }
    Ok(true)
}
