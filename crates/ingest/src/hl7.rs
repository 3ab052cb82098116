//! HL7 v2.5 messages in files: bytes to text, text to segments, fields and components.
//!
//! What must stay true: text is decoded before it is split, since in ISO-2022-JP and CP932 the bytes of `|`, `^`, `~`
//! and `\` also occur inside two-byte characters. Nothing fails: what is no message is `None`, what is damaged is
//! counted. Everything handed out borrows from the text; only escapes that are resolved make a copy.

pub mod decode;
pub mod message;

pub use decode::{Charset, Decoded, decode};
pub use message::{Field, Message, Segment};
