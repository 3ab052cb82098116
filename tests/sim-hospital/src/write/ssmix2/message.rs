//! Messages by segments and fields, and the segments that all kinds share.

use chrono::NaiveDateTime;

use crate::identity::{Identity, Name, doctor, identity};
use crate::write::{department_code, department_name};
use crate::{Hospital, Patient, Sex, Visit, VisitKind};

/// A message under construction.
pub(super) struct Message(String);

impl Message {
    /// A message with its header; `kind` is MSH-9.
    pub(super) fn new(subject: &Subject<'_>, kind: &str, at: NaiveDateTime) -> Self {
        let site = subject.hospital.spec.site.to_uppercase();
        let (at, number) = (stamp(at), &subject.number);
        Self(format!(
            "MSH|^~\\&|HIS|{site}|GW|RCV|{at}.0000||{kind}|{number}{at}|P|2.5||||||~ISO IR87||ISO 2022-1994|\
             SS-MIX2_1.20^SS-MIX2^1.2.392.200250.2.1.100.1.2.120^ISO\r"
        ))
    }

    /// Adds a segment: positions ascend, what lies between them is empty.
    pub(super) fn segment(&mut self, name: &str, fields: &[(usize, &str)]) {
        self.0.push_str(name);
        let mut at = 0;
        for (position, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
            (at..*position).for_each(|_| self.0.push('|'));
            at = (*position).max(at);
            self.0.push_str(value);
        }
        self.0.push('\r');
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }
}

/// `YYYYMMDDHHMMSS`.
pub(super) fn stamp(at: NaiveDateTime) -> String {
    at.format("%Y%m%d%H%M%S").to_string()
}

/// A patient with what every message says about them.
pub(super) struct Subject<'a> {
    pub hospital: &'a Hospital,
    pub patient: &'a Patient,
    pub identity: Identity,
    /// Patient number, seven digits.
    pub number: String,
}

impl<'a> Subject<'a> {
    pub(super) fn new(hospital: &'a Hospital, patient: &'a Patient) -> Self {
        let identity = identity(&hospital.spec, patient);
        Self { hospital, patient, identity, number: format!("{:07}", patient.id) }
    }

    pub(super) fn drugs(&self) -> &'static str {
        self.hospital.spec.profile.drug_system()
    }

    /// PID-5.
    pub(super) fn name(&self) -> String {
        let Name { family, given, family_kana, given_kana } = &self.identity.name;
        format!("{family}^{given}^^^^^L^I~{family_kana}^{given_kana}^^^^^L^P")
    }

    /// PID-11.
    pub(super) fn address(&self) -> String {
        format!("^^^^{}^JPN^H^{}", self.identity.zip, self.identity.address)
    }

    /// PID-13.
    pub(super) fn phone(&self) -> String {
        format!("^PRN^PH^^^^^^^^^{}", self.identity.phone)
    }

    /// The patient's segment; `full` with address and telephone.
    pub(super) fn pid(&self, message: &mut Message, full: bool) {
        let sex = if self.patient.sex == Sex::Male { "M" } else { "F" };
        let (address, phone) = if full { (self.address(), self.phone()) } else { Default::default() };
        message.segment(
            "PID",
            &[
                (1, "0001"),
                (3, &format!("{}^^^^PI", self.number)),
                (5, &self.name()),
                (7, &self.patient.born.format("%Y%m%d").to_string()),
                (8, sex),
                (11, &address),
                (13, &phone),
            ],
        );
    }

    /// The visit's segment, with further fields after PV1-10.
    pub(super) fn pv1(&self, message: &mut Message, visit: &Visit, prior: &str, more: &[(usize, &str)]) {
        let class = if inpatient(visit) { "I" } else { "O" };
        let doctor = self.doctor(visit);
        let place = location(visit, prior.is_empty());
        let department = department_code(visit.care_site);
        let mut fields: Vec<(usize, &str)> =
            vec![(1, "0001"), (2, class), (3, &place), (6, prior), (7, &doctor), (10, department)];
        fields.extend(more);
        message.segment("PV1", &fields);
    }

    /// The order's segment; `group` is ORC-4.
    pub(super) fn orc(&self, message: &mut Message, visit: &Visit, control: &str, order: i64, group: &str, at: &str) {
        let (doctor, department) = (self.doctor(visit), department_code(visit.care_site));
        let kind = if inpatient(visit) { "I^入院患者オーダ^HL70482" } else { "O^外来患者オーダ^HL70482" };
        message.segment(
            "ORC",
            &[
                (1, control),
                (2, &number(order)),
                (4, group),
                (9, at),
                (12, &doctor),
                (13, &location(visit, true)),
                (17, &format!("{department}^{}^99DEP", department_name(visit.care_site))),
                (29, kind),
            ],
        );
    }

    /// A doctor in a field of type XCN.
    pub(super) fn doctor(&self, visit: &Visit) -> String {
        let Name { family, given, .. } = doctor(&self.hospital.spec, visit.provider);
        format!("D{:03}^{family}^{given}^^^^^^^L^^^^^I", visit.provider)
    }
}

/// Order numbers have 15 digits.
pub(super) fn number(order: i64) -> String {
    format!("{order:015}")
}

pub(super) fn inpatient(visit: &Visit) -> bool {
    visit.kind == VisitKind::Inpatient
}

/// Ward and room of a stay before and after a transfer, or the clinic of a department.
pub(super) fn location(visit: &Visit, first: bool) -> String {
    match (inpatient(visit), first) {
        (true, true) => format!("{}W^{}^1^^^N", visit.care_site, 301 + visit.id % 20),
        (true, false) => format!("{}E^{}^2^^^N", visit.care_site, 401 + visit.id % 20),
        (false, _) => format!("{}^^^^^C", department_code(visit.care_site)),
    }
}
