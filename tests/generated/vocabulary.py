"""Codes: what each column takes its values from, and the tables `concept` and `concept_ancestor`, the same everywhere.

One code is in the records and not among the concepts.
"""

CONCEPTS = {
    "gender_concept_id": (8507, 8532, 0),
    "race_concept_id": (8515, 0),
    "ethnicity_concept_id": (0, 38003564),
    "visit_concept_id": (9201, 9202, 9203, 0),
    "visit_detail_concept_id": (32037, 9201),
    "condition_concept_id": (201826, 320128, 201820, 0, 777, 316139),
    "drug_concept_id": (1503297, 0, 1580747, 1118084, 2147483647),
    "procedure_concept_id": (4184637, 2000000001),
    "measurement_concept_id": (3004410, 3004249, 3020891),
    "observation_concept_id": (4275495, 0),
    "unit_concept_id": (8554, 8840, 0),
    "specialty_concept_id": (38004456, 38004446),
    "place_of_service_concept_id": (9202, 9201),
    "country_concept_id": (42035286,),
}
TYPE_CONCEPTS = (32817, 32818)
OTHER_CONCEPTS = (0, 201826, 9201, 3004410)
UNKNOWN_CONCEPT = 777


def known_concepts() -> list[int]:
    all_codes = {code for codes in CONCEPTS.values() for code in codes} | {*TYPE_CONCEPTS, *OTHER_CONCEPTS}
    return sorted(all_codes - {UNKNOWN_CONCEPT})


def concepts() -> list[dict]:
    domains = ("Condition", "Drug", "Measurement")
    return [
        {
            "concept_id": code,
            "concept_name": f"concept {code % 7}" if code else "No matching concept",
            "domain_id": domains[code % 3],
            "vocabulary_id": "SNOMED" if code % 2 else "RxNorm",
            "concept_class_id": "Class",
            "standard_concept": "S" if code % 4 else None,
            "concept_code": str(code),
            "valid_start_date": "1970-01-01",
            "valid_end_date": "2099-12-31",
        }
        for code in known_concepts()
    ]


def ancestors() -> list[dict]:
    """Everything is its own ancestor; some concepts have others below them, one of them unknown to `concept`."""
    pairs = [(code, code, 0) for code in known_concepts()]
    pairs += [
        (201820, 201826, 1),
        (201820, 777, 2),
        (316139, 320128, 1),
        (316139, 201826, 2),
        (9201, 9203, 1),
        (8507, 8532, 1),
    ]
    return [
        {
            "ancestor_concept_id": upper,
            "descendant_concept_id": lower,
            "min_levels_of_separation": levels,
            "max_levels_of_separation": levels,
        }
        for upper, lower, levels in pairs
    ]
