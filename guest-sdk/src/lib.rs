//! Write mappers for [Portolan](https://github.com/portolan-dev/portolan): pure functions from what happens
//! on GitHub to entities of a [Port](https://www.port.io) software catalog.
//!
//! A mapper is compiled to WebAssembly, dropped into Portolan's plugin directory, and maps the next event.
//! It says what *is*, never what to do: it returns all entities of a pull request, a repository or whatever else
//! it is called for, and the host finds out what to create, update and delete.
//!
//! # A mapper
//!
//! This one gives every repository a `service` entity with its README:
//!
//! ```
#![doc = include_str!("../examples/smallest.rs")]
//! ```
//!
//! It is the `src/lib.rs` of a crate with this in its `Cargo.toml`:
//!
//! ```toml
//! [lib]
//! crate-type = ["cdylib"]
//!
//! [dependencies]
//! portolan-sdk = { path = "../portolan/guest-sdk" } # Portolan's repository; not on crates.io yet
//! ```
//!
//! and becomes a plugin by
//!
//! ```sh
//! rustup target add wasm32-unknown-unknown
//! cargo build --release --target wasm32-unknown-unknown
//! cp target/wasm32-unknown-unknown/release/services.wasm "$PLUGIN_DIR"
//! ```
//!
//! Keep `cdylib` the only crate type: with `rlib` beside it cargo leaves out link-time optimization and the plugin
//! grows by half. `lto = true`, `codegen-units = 1`, `opt-level = "s"` and `panic = "abort"` in `[profile.release]`
//! make it smallest.
//!
//! # Where things are
//!
//! - [`Mapper`] is the trait: what the plugin is for, its configuration, and `map`.
//! - [`Event`] is what it is given: the subject as GitHub describes it, read with serde, and the answers to questions.
//!   `event.file("README.md")?` asks the host by itself.
//! - [`Outcome`] is what it returns: [entities](Entity), and [notes](Diagnostic) for the author of a configuration.
//! - [`mod@test`] runs a mapper natively in `#[test]`, with files and answers given.
//! - [`info!`] and its like write to the host's log, natively to stderr.
//!
//! # The sandbox
//!
//! The host offers the log and nothing else: no clock (there is [`Event::time`]), no randomness, no network,
//! no environment, no file system. `Instant::now`, `SystemTime::now` and threads panic there.
//! Time, memory, stack, output and log are limited; a call that exceeds a limit or panics ends with that call,
//! the host goes on, and the event is put aside for that plugin with the reason. A panic's message, file and line
//! are logged. The instance is thrown away then, and at other times too: keep nothing that a result depends on.

#![warn(missing_docs)]

mod diagnostic;
mod entity;
mod event;
#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod guest;
mod json;
pub mod log;
mod mapper;
mod outcome;
mod question;
#[cfg(not(target_arch = "wasm32"))]
pub mod test;

pub use diagnostic::{Diagnostic, Place, Severity};
pub use entity::{Entity, EntityKey, Identifier};
pub use event::{Event, Organization, Repository, Webhook};
pub use mapper::{Description, File, FilePattern, Mapper, Owner, Want, WriteOptions};
pub use outcome::{Error, Mapped, Outcome};
pub use question::{Answer, Question, Questions};

/// Makes the crate a plugin: exports a [`Mapper`] to the host.
///
/// Once in a crate of type `cdylib`. It exports on wasm only, so that the same crate builds, lints and tests natively.
///
/// ```
/// # use portolan_sdk::*;
/// #[derive(Default)]
/// struct Stars;
///
/// impl Mapper for Stars {
///     fn describe() -> Description {
///         Description::of(["star"])
///     }
///
///     fn map(&self, _event: &Event) -> Result<Outcome, Error> {
///         Ok(Outcome::Unchanged)
///     }
/// }
///
/// portolan_sdk::export_mapper!(Stars);
/// ```
#[macro_export]
macro_rules! export_mapper {
    ($mapper:ty) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            type Plugin = $crate::guest::Plugin<$mapper>;
    $crate::guest::bindings::export!(Plugin with_types_in $crate::guest::bindings);
        };
        #[cfg(not(target_arch = "wasm32"))]
        const _: () = {
            const fn is_a_mapper<M: $crate::Mapper>() {}
            is_a_mapper::<$mapper>();
        };
    };
}
