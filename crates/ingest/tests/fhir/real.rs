//! Third-party resources, where this machine has them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use renkei_ingest::record::Record;
use renkei_ingest::{Extract, Rules, fhir};

use super::{merge, remarked};

fn folder(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(name);
    path.is_dir().then_some(path)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.retain(|path| path.is_file() && fhir::looks_like(path).unwrap());
    files
}

/// Statements and records by type of resource, and the rest.
struct Summary {
    files: usize,
    statements: BTreeMap<String, (usize, usize)>,
    all: Extract,
}

fn summarise(folder: &Path) -> Summary {
    let mut summary = Summary { files: 0, statements: BTreeMap::new(), all: Extract::default() };
    for path in files(folder) {
        summary.files += 1;
        let reader = BufReader::new(File::open(&path).unwrap());
        let mut each = |extract: Extract| {
            for (_, statement) in &extract.statements {
                let kind = statement.key.split('/').next().unwrap().to_owned();
                let count = summary.statements.entry(kind).or_default();
                *count = (count.0 + 1, count.1 + statement.records.len());
            }
            merge(&mut summary.all, extract);
            true
        };
        fhir::read(reader, "f", &Rules::default(), &mut each).unwrap();
    }
    println!("== {} files of {:?}: {:?}", summary.files, folder.file_name().unwrap(), summary.statements);
    println!("remarks: {:?}", remarked(&summary.all.remarks));
    for reject in &summary.all.rejects {
        println!("reject: {} {:?}", reject.rule, reject.column);
    }
    summary
}

#[test]
fn everything() {
    for name in [
        "fhir/synthea615_ndjson",
        "fhir/bundles_raw20",
        "fhir/smart_bulk10_uscore_partial",
        "jp/fhir-clinosim-jp-ndjson",
        "jp/fhir-ereferral-jpfhirexamplecreation",
        "jp/fhir-jpclins-1.5.2/examples",
    ] {
        if let Some(folder) = folder(name) {
            let s = summarise(&folder);
            println!(
                "aliases {} shared {} seen {}",
                s.all.aliases.len(),
                s.all.shared.len(),
                s.all.seen.iter().count()
            );
            let _ =
                s.all.statements.iter().flat_map(|(_, s)| &s.records).filter(|r| matches!(r, Record::Drug(_))).count();
        }
    }
}
