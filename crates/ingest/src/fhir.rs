//! FHIR R4 with the profiles of JP Core.
