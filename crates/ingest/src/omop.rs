//! OMOP CDM folders, v5.3 and v5.4, CSV or Parquet, into batches of the v5.4 schemas.
//!
//! # What is read
//! A folder holds one file for a table (`measurement.csv`, `.tsv`, `.parquet`; any case), or a folder of parts
//! (`measurement/*.csv`). [`Folder::open`] reads headers and footers only, and reports every problem at once; a wrong
//! file fails there, before anything is imported. [`TableFiles::read`] then streams chunks of about 8,192 rows.
//! Athena's vocabulary download is such a folder too, and may be given as a second one ([`Folder::open_many`]).
//!
//! # What becomes of a record
//! It is rejected ([`Reject`]) if it cannot be represented: wrong number of fields, not UTF-8, a value that does not
//! parse or does not fit, an empty required field, a person that does not exist. Everything else is kept as it is,
//! dirt included (duplicate keys, unknown visits, over-long text, impossible dates): that is the store's to report.
//! Of several violations the first counts, in the order fields, columns of the CDM from left to right, person.
//!
//! # CSV
//! UTF-8 with or without mark; lines end in LF, CRLF or CR. The delimiter is the comma or the tab, whichever the
//! header has more of. Quoting (`"`, doubled inside): on in comma files and wherever the header is quoted; off in
//! other tab files of vocabulary tables, since Athena writes names like `5" or greater` raw; in tab files of other
//! tables on if the first 64 KiB hold fields that both begin and end with a quote. An empty field is NULL; in columns
//! other than text also `\N` and `NULL`. A quote that never closes swallows the rest of a file, so it is an error
//! ([`ReadError::Unclosed`]), except on the last line, where it is a file that was cut off: that line is rejected.
//!
//! # Parquet
//! Columns are matched by name and converted, never through a float for integers; what does not convert is rejected
//! by the row. Zoned timestamps become UTC. An empty text is a value here, not NULL, as the writer could say either.
//!
//! # v5.3
//! Renamed columns are read under their old names. Columns that v5.4 newly requires get a stated default where the
//! source has no column or no value: `cdm_version_concept_id` 0, the texts of `cdm_source` empty, each of its dates
//! the other one (1970-01-01 if neither is known), `metadata_id` the number of the row ([`TableFiles::filled`]).
//!
//! # Rejected
//! arrow-csv: it fails a whole batch for one bad value and cannot name the line. Guessing encodings: a guess that is
//! wrong once in a thousand files corrupts names in silence.

mod assemble;
mod builder;
mod cast;
mod csv_part;
mod dialect;
mod discover;
mod error;
mod fill;
mod folder;
mod header;
mod inspect;
mod parquet_part;
pub mod parse;
mod reader;
mod stream;
mod table_files;
mod version;

pub use crate::{Reject, Rule};
pub use error::{OpenError, Problem, ReadError};
pub use fill::{Fill, Filled};
pub use folder::Folder;
pub use header::Ignored;
pub use reader::{Chunk, Reader};
pub use table_files::TableFiles;
pub use version::SourceVersion;
