//! Write mappers for [Portolan](https://github.com/portolan-dev/portolan): from what happens on GitHub to entities of a Port software catalog.
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
/// Once in a crate of type `cdylib`. It expands on wasm only, so that the same crate builds, lints and tests natively.
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
#[cfg(target_arch = "wasm32")]
#[macro_export]
macro_rules! export_mapper {
    ($mapper:ty) => {
        const _: () = {
            type Plugin = $crate::guest::Plugin<$mapper>;
    $crate::guest::bindings::export!(Plugin with_types_in $crate::guest::bindings);
        };
    };
}

/// Makes the crate a plugin: exports a [`Mapper`] to the host.
///
/// Once in a crate of type `cdylib`. It expands on wasm only, so that the same crate builds, lints and tests natively.
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
#[cfg(not(target_arch = "wasm32"))]
#[macro_export]
macro_rules! export_mapper {
    ($mapper:ty) => {
        const _: () = {
            const fn is_a_mapper<M: $crate::Mapper>() {}
            is_a_mapper::<$mapper>();
        };
    };
}
