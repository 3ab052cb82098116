//! renkei, the researcher's and coordinator's command.
