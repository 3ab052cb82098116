//! Reports of the audit log as documents.
