//! A source, inspected: which tables it has, in which files, in which version.

use std::path::Path;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use renkei_cdm::{Kind, Table, tables};

use super::discover::{Discovery, Found};
use super::error::{OpenError, Problem};
use super::header::Ignored;
use super::inspect::Source;
use super::table_files::TableFiles;
use super::version::{self, Evidence, SourceVersion};

/// A folder of OMOP tables, of which only headers and footers were read (and `cdm_source`, for the version).
#[derive(Debug)]
pub struct Folder {
    version: SourceVersion,
    tables: Vec<TableFiles>,
    ignored: Vec<Ignored>,
}

impl Folder {
    /// Inspects a folder.
    ///
    /// # Errors
    /// Every problem that keeps it from being read, at once.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_many(&[path])
    }

    /// Inspects several folders as one source, such as the clinical tables and Athena's vocabulary.
    ///
    /// # Errors
    /// Every problem that keeps them from being read, at once; a table that is in two of them is one.
    pub fn open_many(paths: &[&Path]) -> Result<Self, OpenError> {
        let Discovery { found, mut ignored, mut problems } = Discovery::of(paths);
        let root = paths.first().copied().unwrap_or(Path::new("."));
        let mut inspected = inspect(&found, &mut problems);
        let evidence = evidence(&inspected);
        let version = match stated_version(&inspected) {
            Ok(stated) => stated.unwrap_or(evidence.version()),
            Err(problem) => {
                problems.push(problem);
                evidence.version()
            }
        };
        for (table, sources) in &inspected {
            for source in sources {
                problems.extend(source.header.problems(table, version, &source.path));
                ignored.extend(source.header.ignored(&source.name));
            }
        }
        problems.extend(absences(root, &found, problems.is_empty()));
        if !problems.is_empty() {
            problems.sort_by(|a, b| a.file.cmp(&b.file));
            return Err(OpenError { problems });
        }
        inspected.sort_by_key(|(table, _)| tables().iter().position(|other| other.name == table.name));
        let tables = inspected.into_iter().map(|(table, sources)| TableFiles::new(table, sources, version)).collect();
        Ok(Self { version, tables, ignored })
    }

    /// The version of the source: what `cdm_source` says, or else what the columns say.
    #[must_use]
    pub fn version(&self) -> SourceVersion {
        self.version
    }

    /// The tables, in the order of the specification: person comes first.
    #[must_use]
    pub fn tables(&self) -> &[TableFiles] {
        &self.tables
    }

    /// Files and columns that are not read, with the reason.
    #[must_use]
    pub fn ignored(&self) -> &[Ignored] {
        &self.ignored
    }
}

type Inspected = Vec<(&'static Table, Vec<Source>)>;

fn inspect(found: &[Found], problems: &mut Vec<Problem>) -> Inspected {
    let mut inspected = Vec::new();
    for Found { table, files, .. } in found {
        let mut sources = Vec::new();
        for (path, format) in files {
            match Source::inspect(table, path, *format) {
                Ok(source) => sources.push(source),
                Err(found) => problems.extend(found),
            }
        }
        inspected.push((*table, sources));
    }
    inspected
}

fn evidence(inspected: &Inspected) -> Evidence {
    let headers = inspected.iter().flat_map(|(table, sources)| sources.iter().map(|source| (*table, &source.header)));
    headers.fold(Evidence::default(), |sum, (table, header)| sum.and(header.evidence(table)))
}

/// What is missing from the source as a whole.
fn absences(root: &Path, found: &[Found], others_are_fine: bool) -> Option<Problem> {
    if found.is_empty() && others_are_fine {
        let what = "it holds no table of OMOP CDM";
        return Some(Problem::new(root, what, "name the folder with person.csv or person.parquet and the others"));
    }
    let local = found.iter().find(|found| found.table.kind == Kind::Local)?;
    if found.iter().any(|found| found.table.name == "person") {
        return None;
    }
    let what = format!("it holds {}, but no person table", local.table.name);
    Some(Problem::new(root, what, "export person too: records belong to persons"))
}

/// What the first row of `cdm_source` says; a version that cannot be read is a problem.
fn stated_version(inspected: &Inspected) -> Result<Option<SourceVersion>, Problem> {
    let Some((table, sources)) = inspected.iter().find(|(table, _)| table.name == "cdm_source") else {
        return Ok(None);
    };
    // Read as v5.3, which asks for less, so that the row is not rejected for what the answer decides.
    let lenient = TableFiles::new(table, sources.clone(), SourceVersion::V5_3);
    if sources.iter().any(|source| !source.header.problems(table, SourceVersion::V5_3, &source.path).is_empty()) {
        return Ok(None);
    }
    let Some(Ok(chunk)) = lenient.read(None).next() else { return Ok(None) };
    let Some(column) = chunk.batch.column_by_name("cdm_version").map(|column| column.as_string::<i32>()) else {
        return Ok(None);
    };
    if column.is_empty() || column.is_null(0) {
        return Ok(None);
    }
    version::stated(column.value(0)).map_err(|(major, minor)| {
        let file = sources.first().map(|source| source.path.clone()).unwrap_or_default();
        let what = format!("cdm_version says {major}.{minor}; 5.3 and 5.4 can be read");
        Problem::new(file, what, "convert the data set to OMOP CDM v5.4")
    })
}
