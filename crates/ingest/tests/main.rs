//! The OMOP reader, from folders on disk to chunks and rejects.

mod bad;
mod csv;
mod folder;
mod parquet;
mod real;
mod support;
mod version;
