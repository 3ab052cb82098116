//! renkei-gateway, the federating gateway at the lead institution.
