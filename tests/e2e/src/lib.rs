//! End-to-end tests: nodes, gateway and clients over real mutual TLS.
