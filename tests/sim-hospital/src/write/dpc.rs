//! DPC: form 1 (様式1, `FF1.txt`) and the integrated EF file of stays (入院EF統合, `EFn.txt`).
//!
//! CP932, tabs, CRLF, no header; dates without separators; numbers padded with zeros. Form 1 has one line per fact of a
//! stay, under a code that says which; the EF file has one line per act or drug, and one per day for the ward. Both
//! number patients as the hospital does, with ten digits.

mod ef;
mod form1;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::japanese::Encoder;
use super::{WriteError, Written};
use crate::{Hospital, VisitKind};

/// The facility of both files: nobody has this number.
const FACILITY: &str = "999999999";

/// Writes both files.
pub(super) fn write(hospital: &Hospital, folder: &Path) -> Result<Written, WriteError> {
    let failed = |error| WriteError::File(folder.into(), error);
    let mut form1 = Lines::create(folder.join("FF1.txt")).map_err(failed)?;
    let mut ef = Lines::create(folder.join("EFn.txt")).map_err(failed)?;
    for patient in &hospital.patients {
        for visit in patient.visits.iter().filter(|visit| visit.kind == VisitKind::Inpatient) {
            form1::stay(hospital, patient, visit, &mut form1).map_err(failed)?;
            ef::stay(patient, visit, &mut ef).map_err(failed)?;
        }
    }
    let tables = vec![("FF1", form1.path.clone(), form1.count), ("EFn", ef.path.clone(), ef.count)];
    form1.out.flush().and_then(|()| ef.out.flush()).map_err(failed)?;
    Ok(Written { tables, ..Written::default() })
}

/// A file of lines.
struct Lines {
    path: PathBuf,
    out: BufWriter<File>,
    encoder: Encoder,
    count: usize,
}

impl Lines {
    fn create(path: PathBuf) -> io::Result<Self> {
        let out = BufWriter::new(File::create(&path)?);
        Ok(Self { path, out, encoder: Encoder::cp932(), count: 0 })
    }

    fn put(&mut self, fields: &[&str]) -> io::Result<()> {
        self.count += 1;
        self.out.write_all(&self.encoder.encode(&fields.join("\t"))?)?;
        self.out.write_all(b"\r\n")
    }
}

fn day(date: NaiveDate) -> String {
    date.format("%Y%m%d").to_string()
}
