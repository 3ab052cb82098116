//! renkei-node, the agent at a hospital.
