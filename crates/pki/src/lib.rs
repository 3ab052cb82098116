//! Consortium identity: certificate authority, peer names, rustls configurations.
