//! Health system data: where care is given and by whom.
//!
//! These rows are about staff and places, so counting patients does not protect them: names, licences, addresses and
//! the birth years of providers are `Never`.

use crate::Table;

pub(super) const LOCATION: Table = table! {
    location, SiteOwned, HealthSystem, optional,
    "One row per place or address; persons and care sites point to it.";
    key location_id: Id, Key(location), "Number of the place.";
    opt address_1: Text(50), Never, "First line of the address.";
    opt address_2: Text(50), Never, "Second line of the address: building, floor.";
    opt city: Text(50), Never, "City, ward, town or village.";
    opt state: Text(2), Coarse, "State, or the two digits of the prefecture (JIS X 0401).";
    opt zip: Text(9), Never, "Postal code.";
    opt county: Text(20), Never, "County or district (gun).";
    opt location_source_value: Text(50), Never, "The place as the source writes it.";
    opt country_concept_id: Concept => concept, Code, "Country (domain Geography).";
    opt country_source_value: Text(80), Never, "Country as the source writes it.";
    opt latitude: Float, Never, "Latitude in degrees, north positive.";
    opt longitude: Float, Never, "Longitude in degrees, east positive.";
};

pub(super) const CARE_SITE: Table = table! {
    care_site, SiteOwned, HealthSystem, optional,
    "One row per place of care: a department, ward, clinic or hospital.";
    key care_site_id: Id, Key(care_site), "Number of the place of care.";
    opt care_site_name: Text(255), Never, "Name of the place of care.";
    opt place_of_service_concept_id: Concept => concept, Code, "Kind of place, such as hospital (domain Visit).";
    opt location_id: Id => location, Key(location), "Address of the place of care.";
    opt care_site_source_value: Text(50), Never, "The site's own number of the place of care.";
    opt place_of_service_source_value: Text(50), Code, "Kind of place as the source codes it.";
};

pub(super) const PROVIDER: Table = table! {
    provider, SiteOwned, HealthSystem, optional,
    "One row per member of staff who gives care.";
    key provider_id: Id, Key(provider), "Number of the provider.";
    opt provider_name: Text(255), Never, "Name of the provider.";
    opt npi: Text(20), Never, "National provider identifier (US).";
    opt dea: Text(20), Never, "Licence number for controlled drugs (US).";
    opt specialty_concept_id: Concept => concept, Code, "Medical specialty (domain Provider).";
    opt care_site_id: Id => care_site, Key(care_site), "Where the provider mostly works.";
    opt year_of_birth: Integer, Never, "Year of birth of the provider.";
    opt gender_concept_id: Concept => concept, Coarse, "Sex of the provider: 8507 male, 8532 female.";
    opt provider_source_value: Text(50), Never, "The site's own staff number.";
    opt specialty_source_value: Text(50), Code, "Specialty as the source codes it.";
    opt specialty_source_concept_id: Concept => concept, Code, "Concept of the source's code, 0 if none.";
    opt gender_source_value: Text(50), Code, "Sex of the provider as the source codes it.";
    opt gender_source_concept_id: Concept => concept, Code, "Concept of the source's code for the sex, 0 if none.";
};
