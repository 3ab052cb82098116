//! The gateway from outside: stock Flight SQL calls over mutual TLS, nodes that dial in and misbehave.

mod asking;
mod clients;
mod flight;
mod nodes;
mod partial;
mod program;
mod support;
mod tables;
