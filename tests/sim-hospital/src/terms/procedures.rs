//! Procedures.

use super::{Domain, Term, terms};

terms! {
    /// Procedures.
    PROCEDURES, Domain::Procedure;
    CHEST_XRAY = 4163872, "plain X-ray of the chest", "E001", [];
    ECHOCARDIOGRAPHY = 4230911, "ultrasound of the heart", "D215", [];
    COLONOSCOPY = 4249893, "inspection of the colon by endoscope", "D313", [];
    CORONARY_INTERVENTION = 4216130, "opening of a coronary artery by catheter", "K546", [];
    BYPASS = 4336464, "coronary artery bypass", "K552", [];
    HAEMODIALYSIS = 4120120, "haemodialysis", "J038", [];
    CHEMOTHERAPY = 4273629, "chemotherapy", "G002", [];
    RADIOTHERAPY = 4029715, "radiotherapy", "M001", [];
}
