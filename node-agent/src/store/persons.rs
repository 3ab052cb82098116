//! The person index: which dense number is whom.
//!
//! One row per person ever seen in the lineage, sorted by number; numbers are dense, 0 to n−1, and never given
//! twice. A person who is not in the snapshot keeps the row, with a null `person_id`, and gets the same number when
//! they come back. The identity is a keyed hash (see [`Lineage`](super::Lineage)); year of birth and gender are what the
//! last export that had the person said, kept to notice a source that gave its numbers to other people.

use std::path::Path;
use std::sync::Arc;

use arrow_array::builder::{FixedSizeBinaryBuilder, Int32Builder, Int64Builder, UInt32Builder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type, UInt32Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::parquet_file::{self, Writer};
use super::{Error, Fault, FileEntry, Token};

/// File name of the person index.
pub const FILE: &str = "persons.parquet";

/// One person of the lineage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Person {
    /// The dense person number.
    pub owner: u32,
    /// Keyed hash of what identifies the person at the source.
    pub identity: Token,
    /// The person's id in this snapshot; `None` when the person is not in it.
    pub person_id: Option<i64>,
    /// Year of birth, as last seen.
    pub year_of_birth: i32,
    /// Gender concept, as last seen.
    pub gender_concept_id: i32,
}

/// The index's columns.
#[must_use]
pub fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("owner", DataType::UInt32, false),
        Field::new("identity", DataType::FixedSizeBinary(16), false),
        Field::new("person_id", DataType::Int64, true),
        Field::new("year_of_birth", DataType::Int32, false),
        Field::new("gender_concept_id", DataType::Int32, false),
    ]))
}

/// Writes the index into the folder `dir`.
pub(crate) fn write(dir: &Path, persons: &[Person]) -> Result<FileEntry, Error> {
    let path = dir.join(FILE);
    let mut writer = Writer::create(&path, &schema(), &[0])?;
    for chunk in persons.chunks(1 << 16) {
        let batch = encode(chunk).map_err(|error| Error::io("write", &path)(std::io::Error::other(error)))?;
        writer.write(&batch)?;
    }
    writer.finish(None)
}

fn encode(persons: &[Person]) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let mut owner = UInt32Builder::with_capacity(persons.len());
    let mut identity = FixedSizeBinaryBuilder::with_capacity(persons.len(), 16);
    let mut person_id = Int64Builder::with_capacity(persons.len());
    let mut year = Int32Builder::with_capacity(persons.len());
    let mut gender = Int32Builder::with_capacity(persons.len());
    for person in persons {
        owner.append_value(person.owner);
        identity.append_value(person.identity)?;
        person_id.append_option(person.person_id);
        year.append_value(person.year_of_birth);
        gender.append_value(person.gender_concept_id);
    }
    RecordBatch::try_new(
        schema(),
        vec![
            Arc::new(owner.finish()),
            Arc::new(identity.finish()),
            Arc::new(person_id.finish()),
            Arc::new(year.finish()),
            Arc::new(gender.finish()),
        ],
    )
}

/// Reads the index in the folder `dir` and checks that its numbers are dense and sorted.
///
/// # Errors
/// [`Error::Damaged`] naming the file; [`Error::Io`].
pub(crate) fn read(dir: &Path) -> Result<Vec<Person>, Error> {
    let mut persons = Vec::new();
    batches(dir, None, |batch| decode(batch, &mut persons))?;
    dense(dir, persons.iter().map(|person| person.owner))?;
    Ok(persons)
}

/// Reads numbers and identities alone, and nothing that a record says.
///
/// # Errors
/// As [`read`].
pub(crate) fn identities(dir: &Path) -> Result<Vec<(u32, Token)>, Error> {
    let mut identities = Vec::new();
    batches(dir, Some(&["owner", "identity"]), |batch| identities.extend(owners(batch)))?;
    dense(dir, identities.iter().map(|(owner, _)| *owner))?;
    Ok(identities)
}

/// Shows each batch of the named columns, or of all.
fn batches(dir: &Path, columns: Option<&[&str]>, mut each: impl FnMut(&RecordBatch)) -> Result<(), Error> {
    let path = dir.join(FILE);
    let (file, metadata) = parquet_file::footer(&path, &schema(), "persons")?;
    let unreadable = || Error::damaged(&path, Fault::Unreadable { what: "Parquet" });
    let columns = match columns {
        Some(names) => ProjectionMask::columns(metadata.parquet_schema(), names.iter().copied()),
        None => ProjectionMask::all(),
    };
    let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata).with_projection(columns).build();
    for batch in reader.map_err(|_| unreadable())? {
        each(&batch.map_err(|_| unreadable())?);
    }
    Ok(())
}

fn dense(dir: &Path, owners: impl Iterator<Item = u32>) -> Result<(), Error> {
    if owners.zip(0..).any(|(owner, number)| owner != number) {
        return Err(Error::damaged(&dir.join(FILE), Fault::Index { why: "numbers are missing or out of order" }));
    }
    Ok(())
}

/// Number and identity of each row.
fn owners(batch: &RecordBatch) -> impl Iterator<Item = (u32, Token)> {
    let owner = batch.column(0).as_primitive::<UInt32Type>();
    let identity = batch.column(1).as_fixed_size_binary();
    (0..batch.num_rows()).map(|row| {
        let mut token = [0; 16];
        token.copy_from_slice(identity.value(row));
        (owner.value(row), token)
    })
}

fn decode(batch: &RecordBatch, persons: &mut Vec<Person>) {
    let person_id = batch.column(2).as_primitive::<Int64Type>();
    let year = batch.column(3).as_primitive::<Int32Type>();
    let gender = batch.column(4).as_primitive::<Int32Type>();
    persons.extend(owners(batch).enumerate().map(|(row, (owner, identity))| Person {
        owner,
        identity,
        person_id: person_id.is_valid(row).then(|| person_id.value(row)),
        year_of_birth: year.value(row),
        gender_concept_id: gender.value(row),
    }));
}
