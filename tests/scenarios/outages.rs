//! Port and GitHub in trouble: what is said, what waits, and that it arrives.

mod github;
mod port;
