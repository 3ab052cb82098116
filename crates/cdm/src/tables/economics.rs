//! Health economics data: insurance cover and money.

use crate::Table;

pub(super) const PAYER_PLAN_PERIOD: Table = table! {
    payer_plan_period, Local, HealthEconomics, optional,
    "One row per span of time in which a person had one and the same insurance.";
    key payer_plan_period_id: Id, Key(payer_plan_period), "Number of the period of cover.";
    req person_id: Id => person, Key(person), "Person who was insured.";
    req payer_plan_period_start_date: Date, Date, "First day of cover.";
    req payer_plan_period_end_date: Date, Date, "Last day of cover.";
    opt payer_concept_id: Concept => concept, Code, "Who pays: the insurer (domain Payer).";
    opt payer_source_value: Text(50), Code, "Insurer as the source codes it.";
    opt payer_source_concept_id: Concept => concept, Code, "Concept of the source's code for the insurer, 0 if none.";
    opt plan_concept_id: Concept => concept, Code, "Plan within the insurer (domain Plan).";
    opt plan_source_value: Text(50), Code, "Plan as the source codes it.";
    opt plan_source_concept_id: Concept => concept, Code, "Concept of the source's code for the plan, 0 if none.";
    opt sponsor_concept_id: Concept => concept, Code, "Who finances the plan, such as an employer (Sponsor).";
    opt sponsor_source_value: Text(50), Code, "Sponsor as the source codes it.";
    opt sponsor_source_concept_id: Concept => concept, Code, "Concept of the source's code for the sponsor, 0 if none.";
    opt family_source_value: Text(50), Never, "The insured household's number.";
    opt stop_reason_concept_id: Concept => concept, Code, "Why the cover ended (domain Plan Stop Reason).";
    opt stop_reason_source_value: Text(50), Code, "Why the cover ended, as the source codes it.";
    opt stop_reason_source_concept_id: Concept => concept, Code, "Concept of the source's code, 0 if none.";
};

pub(super) const COST: Table = table! {
    cost, Metadata, HealthEconomics, optional,
    "One row per charge for an event of any table; has no person of its own, so it is not queryable.";
    key cost_id: Id, Key(cost), "Number of the cost record.";
    req cost_event_id: Id, Never, "Row of another table that was charged for.";
    req cost_domain_id: Text(20) => domain, Code, "Domain of the charged event, which names its table.";
    req cost_type_concept_id: Concept => concept, Code, "Kind of record it comes from, such as a claim (Type Concept).";
    opt currency_concept_id: Concept => concept, Code, "Currency of all amounts in the row (domain Currency).";
    opt total_charge: Float, Amount, "Sum charged by the provider, in the row's currency.";
    opt total_cost: Float, Amount, "What the care cost the provider, in the row's currency.";
    opt total_paid: Float, Amount, "Sum received from all who pay, in the row's currency.";
    opt paid_by_payer: Float, Amount, "Paid by the insurer, in the row's currency.";
    opt paid_by_patient: Float, Amount, "Paid by the patient in all, in the row's currency.";
    opt paid_patient_copay: Float, Amount, "Fixed share paid by the patient, in the row's currency.";
    opt paid_patient_coinsurance: Float, Amount, "Percentage share paid by the patient, in the row's currency.";
    opt paid_patient_deductible: Float, Amount, "Paid by the patient before cover sets in, in the row's currency.";
    opt paid_by_primary: Float, Amount, "Paid by the first of several insurers, in the row's currency.";
    opt paid_ingredient_cost: Float, Amount, "Part paid for the drug itself, in the row's currency.";
    opt paid_dispensing_fee: Float, Amount, "Part paid for dispensing the drug, in the row's currency.";
    opt payer_plan_period_id: Id, Key(payer_plan_period), "Period of cover under which it was charged.";
    opt amount_allowed: Float, Amount, "Sum that the contract allows for the service, in the row's currency.";
    opt revenue_code_concept_id: Concept => concept, Code, "Revenue code of the charge (vocabulary Revenue Code).";
    opt revenue_code_source_value: Text(50), Code, "Revenue code as the source writes it.";
    opt drg_concept_id: Concept => concept, Code, "Diagnosis related group of the stay (vocabulary DRG).";
    opt drg_source_value: Text(3), Code, "Three-digit code of the diagnosis related group.";
};
