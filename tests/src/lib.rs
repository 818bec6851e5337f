//! The whole host between a stand-in GitHub and a stand-in Port, over real sockets.
//!
//! [`github`] and [`port`] refuse what the real ones refuse and fail on demand; [`host`] runs the real binary
//! between them. The stand-ins share no code with the host: what both got wrong alike would never be noticed.
//! A stand-in panics with a sentence where a scenario asks for what does not exist: that is a mistake in the test.

// The objects that GitHub sends have more keys than `json!` counts to.
#![recursion_limit = "256"]

pub mod caller;
pub mod dice;
pub mod fault;
pub mod github;
pub mod host;
pub mod image;
pub mod journal;
pub mod mount;
pub mod port;
pub mod proxy;
pub mod quota;
mod recording;
pub mod standin;
pub mod stranger;
pub mod tls;
mod wire;

pub use wire::Place;
