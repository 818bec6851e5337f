//! The plugins in force.

pub mod contract;
