//! Lines for the host's log: through the import on wasm, to stderr elsewhere.

/// How loud a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// For the mapper's author.
    Debug,
    /// Worth knowing.
    Info,
    /// Somebody should look.
    Warn,
    /// Something failed.
    Error,
}

/// Logs one line. [`debug!`](crate::debug!), [`info!`](crate::info!), [`warn!`](crate::warn!) and
/// [`error!`](crate::error!) format one.
///
/// The host adds plugin, version and delivery, strips control characters, and drops what exceeds 16 KiB a call.
/// To tell the author of a configuration something, return a [`Diagnostic`](crate::Diagnostic) instead.
pub fn log(level: Level, line: &str) {
    #[cfg(target_arch = "wasm32")]
    crate::guest::log(level, line);
    #[cfg(not(target_arch = "wasm32"))]
    eprintln!("{level:?}: {line}");
}

/// Logs a line for the mapper's author, formatted as by [`format!`].
#[macro_export]
macro_rules! debug {
    ($($line:tt)+) => { $crate::log::log($crate::log::Level::Debug, &::std::format!($($line)+)) };
}

/// Logs a line worth knowing, formatted as by [`format!`].
#[macro_export]
macro_rules! info {
    ($($line:tt)+) => { $crate::log::log($crate::log::Level::Info, &::std::format!($($line)+)) };
}

/// Logs a line that somebody should look at, formatted as by [`format!`].
#[macro_export]
macro_rules! warn {
    ($($line:tt)+) => { $crate::log::log($crate::log::Level::Warn, &::std::format!($($line)+)) };
}

/// Logs a failure, formatted as by [`format!`].
#[macro_export]
macro_rules! error {
    ($($line:tt)+) => { $crate::log::log($crate::log::Level::Error, &::std::format!($($line)+)) };
}
