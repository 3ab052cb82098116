//! Patients put together from invented statements, and looked at as rows.

mod events;
mod stays;
mod world;
