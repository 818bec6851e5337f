//! Port's dialect of jq: compiled once, run within bounds.
