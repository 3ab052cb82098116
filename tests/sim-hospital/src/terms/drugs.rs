//! Drugs by ingredient, with the classes above them.

use super::{Domain, Term, terms};

terms! {
    /// Drugs and their classes.
    DRUGS, Domain::Drug;
    ANTIDIABETICS = 21600712, "drugs for diabetes", "", [];
    METFORMIN = 1503297, "metformin", "1101010", [21600712];
    SITAGLIPTIN = 1580747, "sitagliptin", "1101020", [21600712];
    EMPAGLIFLOZIN = 45774751, "empagliflozin", "1101030", [21600712];
    INSULIN_GLARGINE = 1502905, "insulin glargine", "1101040", [21600712];
    CARDIOVASCULAR_DRUGS = 21600249, "drugs for heart and vessels", "", [];
    CALCIUM_BLOCKERS = 21601744, "calcium channel blockers", "", [21600249];
    AMLODIPINE = 1332418, "amlodipine", "1202010", [21601744];
    RENIN_DRUGS = 21601782, "drugs acting on renin and angiotensin", "", [21600249];
    TELMISARTAN = 1317640, "telmisartan", "1202020", [21601782];
    LOSARTAN = 1367500, "losartan", "1202030", [21601782];
    BETA_BLOCKERS = 21601664, "beta blockers", "", [21600249];
    BISOPROLOL = 1338005, "bisoprolol", "1202040", [21601664];
    DIURETICS = 21601461, "diuretics", "", [21600249];
    FUROSEMIDE = 956874, "furosemide", "1202050", [21601461];
    LIPID_DRUGS = 21601853, "drugs against raised lipids", "", [21600249];
    STATINS = 21601855, "statins", "", [21601853];
    ATORVASTATIN = 1545958, "atorvastatin", "1203010", [21601855];
    ROSUVASTATIN = 1510813, "rosuvastatin", "1203020", [21601855];
    PRAVASTATIN = 1551860, "pravastatin", "1203030", [21601855];
    ANTITHROMBOTICS = 21600960, "drugs against clotting", "", [];
    ASPIRIN = 1112807, "aspirin", "1304010", [21600960];
    APIXABAN = 43013024, "apixaban", "1304020", [21600960];
    WARFARIN = 1310149, "warfarin", "1304030", [21600960];
    TIOTROPIUM = 1106776, "tiotropium", "1405010", [];
    OSELTAMIVIR = 1799139, "oseltamivir", "1506010", [];
    ANTIBIOTICS = 21602796, "antibiotics", "", [];
    AMOXICILLIN = 1713332, "amoxicillin", "1607010", [21602796];
    CEFTRIAXONE = 1777806, "ceftriaxone", "1607020", [21602796];
    CANCER_DRUGS = 21601387, "drugs against cancer", "", [];
    CISPLATIN = 1397599, "cisplatin", "1708010", [21601387];
    PACLITAXEL = 1378382, "paclitaxel", "1708020", [21601387];
    FLUOROURACIL = 955632, "fluorouracil", "1708030", [21601387];
    PARACETAMOL = 1125315, "paracetamol", "1809010", [];
    PREDNISOLONE = 1550557, "prednisolone", "1910010", [];
}
