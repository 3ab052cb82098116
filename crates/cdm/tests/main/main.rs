//! The declared tables against the specification, the reviewed roles, v5.3 and the reference documentation.

mod declaration;
mod migration;
mod official;
mod reference;
mod roles;
mod specification;
