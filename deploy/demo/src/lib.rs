//! Three simulated hospitals and a gateway on one machine, in one command.
