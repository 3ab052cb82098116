//! The form in which a drug is given.

use crate::terms::{self, Term};

/// Unit, route and kind of a drug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Form {
    /// Whether the hospital's staff injects it.
    pub injected: bool,
    /// Unit of MERIT-9.
    pub unit: &'static str,
    pub unit_name: &'static str,
    /// Route of HL7 table 0162, as CWE.
    pub route: &'static str,
    /// Kind of injection (JHSI0002), as CWE.
    pub kind: &'static str,
    suffix: &'static str,
}

impl Form {
    /// A name of a product.
    pub(crate) fn product(&self, ingredient: &str) -> String {
        format!("{ingredient}{}「架空」", self.suffix)
    }
}

const TABLET: Form =
    Form { injected: false, unit: "TAB", unit_name: "錠", route: "PO^口^HL70162", kind: "", suffix: "錠" };
const INFUSION: Form = Form {
    injected: true,
    unit: "VIL",
    unit_name: "バイアル",
    route: "IV^静脈内^HL70162",
    kind: "00^一般^JHSI0002",
    suffix: "点滴静注用",
};

/// The form of a drug.
pub(crate) fn form(drug: &Term) -> Form {
    let is = |terms: &[&Term]| terms.contains(&drug);
    if is(&[&terms::CISPLATIN, &terms::PACLITAXEL, &terms::FLUOROURACIL]) {
        return Form { kind: "07^抗癌剤^JHSI0002", ..INFUSION };
    }
    if is(&[&terms::CEFTRIAXONE]) {
        return INFUSION;
    }
    if is(&[&terms::INSULIN_GLARGINE]) {
        let route = "SC^皮下^HL70162";
        return Form { unit: "KIT", unit_name: "キット", route, suffix: "皮下注キット", ..TABLET };
    }
    if is(&[&terms::TIOTROPIUM]) {
        return Form {
            unit: "CAP",
            unit_name: "カプセル",
            route: "IH^吸入^HL70162",
            suffix: "吸入用カプセル",
            ..TABLET
        };
    }
    TABLET
}
