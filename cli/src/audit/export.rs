//! `renkei audit export`.

use std::io::Write as _;
use std::path::PathBuf;

use renkei_audit_view::{Filter, export};

use super::{broken, logs, search};
use crate::args::audit::{AuditExport, ExportForm};
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Destination, Fault};

/// Runs the command.
///
/// # Errors
/// [`Failure`]
pub fn run(args: &AuditExport, cache: Option<PathBuf>, console: Console) -> Result<Exit, Failure> {
    let lang = console.lang;
    let filter: Filter = search::filter(&args.wanted, usize::MAX, lang)?;
    let open = logs::open(&args.logs, lang)?;
    let index = logs::index(&args.logs, &open, cache, &console)?;
    let mut hits = index.search(&filter).map_err(|error| broken(&error))?.hits;
    hits.reverse();
    let mut out = Destination::open(args.out.as_deref())?;
    let trouble = out.trouble();
    let mut write = |text: &str| out.write_all(text.as_bytes()).map_err(|error| trouble.explain(error.into()));
    if args.form == ExportForm::Csv {
        write(export::BOM)?;
        write(&export::csv_heading())?;
    }
    for hit in &hits {
        match args.form {
            ExportForm::Csv => write(&export::csv_line(hit))?,
            ExportForm::Json => {
                let value = export::json(hit).map_err(|error| broken(&error))?;
                write(&format!("{value}\n"))?;
            }
            ExportForm::Fhir => write(&format!("{}\n", export::fhir(hit)))?,
        }
    }
    let trouble = out.trouble();
    out.commit().map_err(|fault: Fault| trouble.explain(fault))?;
    let count = hits.len();
    console.tell(&say!(lang, "{count} records written", "{count}件を書き出しました"));
    Ok(Exit::Ok)
}
