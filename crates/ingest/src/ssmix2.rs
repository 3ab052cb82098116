//! SS-MIX2 standardized storage: HL7 v2.5 messages, one to a file.
