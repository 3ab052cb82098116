//! Deterministic synthetic hospitals, written in the formats that Renkei reads.
