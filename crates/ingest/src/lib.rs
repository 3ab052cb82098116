//! Source records to CDM batches, rejects and findings.
