//! SS-MIX2 storages, from folders on disk to statements.

mod bad;
mod encodings;
mod events;
mod measure;
mod orders;
mod patients;
mod privacy;
mod real;
mod results;
mod storage;
mod walk;
