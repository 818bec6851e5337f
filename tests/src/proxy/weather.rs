//! What networks do to connections: cut them, hold them up, close one side; after any number of bytes.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::{BufMut, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::watch;

use crate::dice::Dice;

/// Until something happens to a connection, at most: a TLS handshake takes some four thousand, an answer of Port's one.
const BYTES: usize = 12_000;

/// How often each fate was drawn.
#[derive(Debug, Clone, Copy, Default)]
pub struct Fates {
    pub spared: usize,
    pub reset: usize,
    pub truncated: usize,
    pub half_closed: usize,
    pub stalled: usize,
}

/// What happens to a tunnel once so many bytes went one way.
struct Fate {
    end: End,
    upwards: bool,
    after: usize,
}

#[derive(Clone, Copy)]
enum End {
    /// Nothing yet: another fate comes.
    Spare,
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

    /// Carries bytes both ways until both sides closed, or the weather ends it.
    pub(super) async fn carry(&self, client: TcpStream, server: TcpStream) -> io::Result<()> {
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        let mut up = Way::new(from_client, to_server);
        let mut down = Way::new(from_server, to_client);
        let mut rough = self.rough.subscribe();
        loop {
            rough.mark_unchanged();
            let fate = self.fate();
            (up.left, down.left) = match &fate {
                Some(fate) if fate.upwards => (fate.after, usize::MAX),
                Some(fate) => (usize::MAX, fate.after),
                None => (usize::MAX, usize::MAX),
            };
            let cut = loop {
                tokio::select! {
                    more = up.step(), if up.open => more?,
                    more = down.step(), if down.open => more?,
                    // Once the proxy is gone, its tunnels are.
                    turned = rough.changed() => {
                        turned.map_err(io::Error::other)?;
                        break false;
                    }
                }
                if !up.open && !down.open {
                    return Ok(());
                }
                if up.is_used_up() || down.is_used_up() {
                    break true;
                }
            };
            if let Some(fate) = fate.filter(|_| cut)
                && !matches!(fate.end, End::Spare)
            {
                return self.befall(fate, up, down).await;
            }
        }
    }

    async fn befall(&self, fate: Fate, mut up: Way, mut down: Way) -> io::Result<()> {
        match fate.end {
            End::Spare | End::Truncate => {}
            End::Reset => {
                up.to.as_ref().set_zero_linger()?;
                down.to.as_ref().set_zero_linger()?;
            }
            End::HalfClose => {
                let (closed, other) = match fate.upwards {
                    true => (&mut up, &mut down),
                    false => (&mut down, &mut up),
                };
                closed.to.shutdown().await?;
                while other.open {
                    other.step().await?;
                }
            }
            End::Stall => {
                let mut rough = self.rough.subscribe();
                let _ = rough.wait_for(|rough| !rough).await;
            }
        }
        Ok(())
    }

    /// `None` in calm weather.
    fn fate(&self) -> Option<Fate> {
        let mut drawn = self.lock();
        let (dice, fates) = &mut *drawn;
        let dice = dice.as_mut()?;
        let (end, count) = match dice.below(8) {
            0 | 1 => (End::Reset, &mut fates.reset),
            2 => (End::Truncate, &mut fates.truncated),
            3 => (End::HalfClose, &mut fates.half_closed),
            4 => (End::Stall, &mut fates.stalled),
            _ => (End::Spare, &mut fates.spared),
        };
        *count += 1;
        Some(Fate {
            end,
            upwards: dice.one_in(2),
            after: dice.below(BYTES) + 1,
        })
    }

    fn lock(&self) -> MutexGuard<'_, (Option<Dice>, Fates)> {
        self.drawn.lock().expect("nothing panics while it is held")
    }
}

/// One direction of a tunnel.
struct Way {
    from: OwnedReadHalf,
    to: OwnedWriteHalf,
    /// Read, and not said yet.
    held: BytesMut,
    /// What may still be read.
    left: usize,
    open: bool,
}

impl Way {
    fn new(from: OwnedReadHalf, to: OwnedWriteHalf) -> Self {
        Self {
            from,
            to,
            held: BytesMut::new(),
            left: usize::MAX,
            open: true,
        }
    }

    fn is_used_up(&self) -> bool {
        self.left == 0 && self.held.is_empty()
    }

    /// Reads something or says something of it; given up half-way it loses nothing.
    async fn step(&mut self) -> io::Result<()> {
        if !self.held.is_empty() {
            self.to.write_buf(&mut self.held).await?;
            return Ok(());
        }
        self.held.reserve(4096);
        let mut room = (&mut self.held).limit(self.left);
        let count = self.from.read_buf(&mut room).await?;
        self.left -= count;
        if count == 0 {
            self.open = false;
            self.to.shutdown().await?;
        }
        Ok(())
    }
}
