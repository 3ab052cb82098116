//! Diseases, with the classes above them.

use super::{Domain, Term, terms};

terms! {
    /// Diseases and their classes.
    CONDITIONS, Domain::Condition;
    DISEASE = 4274025, "disease", "", [];
    METABOLIC = 436670, "metabolic disease", "", [4274025];
    DIABETES = 201820, "diabetes", "E14.9", [436670];
    TYPE_1_DIABETES = 201254, "diabetes, type 1", "E10.9", [201820];
    TYPE_2_DIABETES = 201826, "diabetes, type 2", "E11.9", [201820];
    HYPERLIPIDAEMIA = 432867, "raised blood lipids", "E78.5", [436670];
    CARDIOVASCULAR = 134057, "disease of heart or vessels", "", [4274025];
    HYPERTENSIVE = 316866, "high blood pressure, any kind", "", [134057];
    HYPERTENSION = 320128, "high blood pressure without known cause", "I10", [316866];
    HEART_DISEASE = 321588, "heart disease", "", [134057];
    HEART_FAILURE = 316139, "heart failure", "I50.9", [321588];
    ATRIAL_FIBRILLATION = 313217, "atrial fibrillation", "I48.9", [321588];
    MYOCARDIAL_INFARCTION = 312327, "heart attack", "I21.9", [321588];
    CEREBRAL_INFARCTION = 443454, "stroke from a blocked artery", "I63.9", [134057];
    KIDNEY_DISEASE = 198124, "kidney disease", "", [4274025];
    CHRONIC_KIDNEY_DISEASE = 46271022, "chronic kidney disease", "N18.9", [198124];
    RESPIRATORY = 320136, "disease of the airways or lungs", "", [4274025];
    COPD = 255573, "chronic obstructive lung disease", "J44.9", [320136];
    PNEUMONIA = 255848, "pneumonia", "J18.9", [320136];
    INFLUENZA = 4266367, "influenza", "J11.1", [320136];
    CANCER = 443392, "cancer", "", [4274025];
    LUNG_CANCER = 443388, "cancer of the lung", "C34.9", [443392, 320136];
    STOMACH_CANCER = 443387, "cancer of the stomach", "C16.9", [443392];
    COLON_CANCER = 4180790, "cancer of the colon", "C18.9", [443392];
    BREAST_CANCER = 4112853, "cancer of the breast", "C50.9", [443392];
    PROSTATE_CANCER = 4163261, "cancer of the prostate", "C61", [443392];
    ALS = 373182, "amyotrophic lateral sclerosis", "G12.2", [4274025];
    COMMON_COLD = 260427, "common cold", "J00", [320136];
    BACK_PAIN = 194133, "low back pain", "M54.5", [];
}
