//! A line of EF as a drug, an act or a material.

use super::layout::Layout;
use super::layout::ef::{AMOUNT, CLASS, COUNT, FLAGS, NAME, RECEIPT, UNIT};
use super::line::Line;
use super::remarks;
use crate::codes::canonical;
use crate::record::{Device, Drug, Link, Procedure, Provenance, Record};
use crate::when::When;
use crate::{Coding, Extract, System};

/// Data classes whose lines of prefix 1 are fees for being there or for handling drugs: visits, dispensing, bed, meals.
const FEES: [&str; 10] = ["11", "12", "24", "25", "26", "27", "90", "92", "93", "97"];

/// The data class of surgery.
const SURGERY: &str = "50";

/// The record that a line makes; nothing, with a remark, where it makes none.
pub(super) fn record(line: &Line, layout: &Layout, at: When, link: Link, out: &mut Extract) -> Option<Record> {
    let receipt = line.code(RECEIPT);
    let class = line.code(CLASS);
    let kind = receipt.bytes().next().unwrap_or_default();
    if !matches!(kind, b'1' | b'6' | b'7') {
        out.remark(&remarks::OTHER_LINE);
        return None;
    }
    if kind == b'1' && FEES.contains(&class) {
        out.remark(&remarks::FEE);
        return None;
    }
    if kind == b'6' && brought(line, layout) {
        out.remark(&remarks::BROUGHT);
        return None;
    }
    let count = line.number_in(COUNT).filter(|count| *count > 0.0);
    let Some(count) = count else {
        out.remark(&remarks::NOTHING);
        return None;
    };
    let (name, whole) = line.text(NAME);
    if !whole {
        out.remark(&remarks::TEXT);
    }
    let code = canonical(System::Receipt, receipt, &mut out.remarks)?;
    let codes = vec![out.code(code, Some(&name))];
    let provenance = Provenance::Claim;
    Some(match kind {
        b'6' => {
            let quantity = amount(line, count, out);
            let unit = Some(line.code(UNIT)).filter(|unit| unit.bytes().any(|byte| byte != b'0'));
            let unit = unit.map(|unit| out.code(Coding::new(System::Local, format!("RECEIPT-UNIT-{unit}")), None));
            let route = matches!(class, "21" | "22" | "23" | "31" | "32" | "33");
            let route = route.then(|| out.code(Coding::new(System::Local, format!("DPC-CLASS-{class}")), None));
            // Of drugs by mouth the number of times is the number of days.
            let days = if class == "21" { whole_number(count) } else { None };
            Record::Drug(Drug {
                reference: None,
                codes,
                start: at,
                end: None,
                days,
                quantity,
                unit,
                route,
                provenance,
                order: None,
                link,
            })
        }
        b'7' => {
            let quantity = amount(line, count, out).and_then(whole_number);
            Record::Device(Device { codes, start: at, quantity, provenance, link })
        }
        _ => Record::Procedure(Procedure {
            codes,
            start: at,
            end: None,
            quantity: whole_number(count),
            surgery: class == SURGERY,
            provenance,
            link,
        }),
    })
}

/// What was given: the amount of one time, as often as it was given.
fn amount(line: &Line, count: f64, out: &mut Extract) -> Option<f64> {
    let amount = line.number_in(AMOUNT).filter(|amount| *amount > 0.0);
    if amount.is_none() {
        out.remark(&remarks::AMOUNT);
    }
    amount.map(|amount| amount * count)
}

fn brought(line: &Line, layout: &Layout) -> bool {
    let flags = line.raw(FLAGS);
    layout.brought.is_some_and(|position| flags.get(position - 1) == Some(&b'1'))
}

#[expect(clippy::cast_possible_truncation, reason = "only whole numbers in range get there")]
fn whole_number(number: f64) -> Option<i32> {
    (number.fract() == 0.0 && number.abs() <= f64::from(i32::MAX)).then_some(number as i32)
}
