//! The EF file: 31 columns, one line per act or drug.

use std::io;

use chrono::Days;

use super::{FACILITY, Lines, day};
use crate::terms::japanese;
use crate::write::department_code;
use crate::write::form::form;
use crate::{Patient, Prescription, Procedure, Visit, carry};

/// The daily fee of the ward: an act of the fee tables that nobody maps.
const WARD: Line<'_> =
    Line { class: "90", receipt: "190999901", name: "架空入院基本料", amount: 0.0, unit: "000", times: 1 };

struct Line<'a> {
    /// Data class (データ区分).
    class: &'a str,
    /// Receipt code.
    receipt: &'a str,
    name: &'a str,
    amount: f64,
    unit: &'a str,
    /// How many times the act was done, or the drug given.
    times: i32,
}

/// The lines of one stay, by day.
pub(super) fn stay(patient: &Patient, visit: &Visit, out: &mut Lines) -> io::Result<()> {
    let (first, last) = (visit.start.date(), visit.end.date());
    let mut order = 0;
    let nights = u64::try_from((last - first).num_days()).unwrap_or(0);
    for on in (0..=nights).map(|night| first + Days::new(night)) {
        let mut put = |line: &Line<'_>| {
            order += 1;
            let stay = [patient.id.to_string(), day(last), day(first), day(on)];
            out.put(&columns(line, order, visit, &stay).each_ref().map(String::as_str))
        };
        put(&WARD)?;
        for item in visit.prescriptions.iter().filter(|item| item.start == on) {
            drug(item, &mut put)?;
        }
        for item in visit.procedures.iter().filter(|item| item.date == on) {
            act(item, &mut put)?;
        }
    }
    Ok(())
}

fn drug(item: &Prescription, put: &mut impl FnMut(&Line<'_>) -> io::Result<()>) -> io::Result<()> {
    let shape = form(item.code.term);
    let class = match (shape.injected, shape.unit) {
        (true, _) => "33",
        (false, "TAB") => "21",
        (false, _) => "23",
    };
    put(&Line {
        class,
        receipt: &carry::receipt_drug(item.code),
        name: &shape.product(japanese(item.code.term)),
        amount: item.quantity / f64::from(item.days.max(1)),
        unit: if shape.injected { "033" } else { "009" },
        times: item.days,
    })
}

fn act(item: &Procedure, put: &mut impl FnMut(&Line<'_>) -> io::Result<()>) -> io::Result<()> {
    let class = match item.code.term.stem.as_bytes().first() {
        Some(b'D') => "60",
        Some(b'E') => "70",
        Some(b'G') => "33",
        Some(b'J') => "40",
        Some(b'K') => "50",
        _ => "80",
    };
    let (receipt, name) = (carry::receipt_act(item.code), japanese(item.code.term));
    put(&Line { class, receipt: &receipt, name, amount: 0.0, unit: "000", times: 1 })
}

/// The columns of a line; `stay` is the patient, the discharge, the admission and the day of the line.
fn columns(line: &Line<'_>, order: usize, visit: &Visit, [patient, end, start, on]: &[String; 4]) -> [String; 31] {
    let text = str::to_owned;
    let department = department_code(visit.care_site);
    [
        text(FACILITY),
        format!("{patient:0>10}"),
        text(end),
        text(start),
        text(line.class),
        format!("{order:04}"),
        text("001"),
        format!("H{}00", line.receipt),
        text(line.receipt),
        String::new(),
        text(line.name),
        format!("{:011.3}", line.amount),
        text(line.unit),
        text("100"),
        text("0"),
        text("100"),
        text("000000000000"),
        text("100"),
        text("0"),
        text("0"),
        line.times.to_string(),
        text("06999999"),
        text("1110"),
        text(on),
        text(department),
        format!("{department}0"),
        String::new(),
        format!("W{}", visit.care_site),
        text("1"),
        text("0"),
        text("001"),
    ]
}
