//! Connections over real loopback TLS: a node that dials, a site that listens, and everybody who is not let in.

mod calls;
mod dialled;
mod echo;
mod gate;
mod listening;
mod support;
