//! Consortium identity: who a peer is, who vouches for it, and the TLS configurations that hold peers to it.
//!
//! What must stay true:
//! - A peer is exactly one name, `renkei://<consortium>/{gateway|site|person}/<id>`, carried as the only URI in its
//!   certificate's subject alternative names and compared as a whole ([`PeerName`]). Nothing is ever matched by prefix
//!   or suffix, and a certificate with two such names has none.
//! - Trust ends at the consortium's own authority. No system root is consulted, TLS 1.2 is not spoken, nothing is
//!   resumed and no early data is taken, so every connection proves possession of a key that is valid at that moment.
//! - A credential that cannot be used is found when it is loaded, with the file and the remedy, not when the first
//!   peer hangs up ([`Credentials`]).
//! - A private key is written once, readable by its owner alone, and never printed.
//!
//! Layout of an authority's folder: `ca.pem`, `ca.key`, `gateway.pem`, `gateway.key`, `sites/<id>.pem|key`,
//! `people/<id>.pem|key`. Files are only ever added; a crash between a key and its certificate leaves a lone key,
//! which the next run names instead of guessing.
//!
//! Rejected: tonic's own TLS (no revocation, no reload, one set of roots for every role); common names as identity
//! (free text); DNS names as the identity of a site (hospitals have none to give).

mod authority;
mod credentials;
mod dev;
mod name;
mod tls;

pub use authority::{Authority, AuthorityError, Issued, Request};
pub use credentials::{Credentials, CredentialsError};
pub use dev::{DevError, DevSpec, Files, dev_ca};
pub use name::{NameError, PeerName, PeerRole, peer_name};
pub use tls::{ClientAuth, PeerError, check_peer, client_config, client_config_for, server_config};
