//! Identity as peers meet it: whole handshakes over memory, and the folder of a development authority.

mod credentials;
mod dev;
mod handshake;
mod support;
