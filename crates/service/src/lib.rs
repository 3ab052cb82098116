//! Harness of the programs: configuration, telemetry, signals, TLS connections as gRPC transports.
