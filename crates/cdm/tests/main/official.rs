//! Reading the specification's field-level definition, where a copy lies beside the repository.

/// The machine facts of one column, in the form of `tests/cdm54.tsv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    pub table: String,
    pub column: String,
    /// In lower case, such as `varchar(50)`.
    pub kind: String,
    pub required: bool,
    pub primary_key: bool,
    /// Table and column.
    pub foreign_key: Option<(String, String)>,
}

/// The columns of that version (`5.3`, `5.4`); `None` without a copy of the definition.
pub fn field_level(version: &str) -> Option<Vec<Fact>> {
    let path = format!("../../../shared/data/omop/cdm/OMOP_CDMv{version}_Field_Level.csv");
    let bytes = std::fs::read(path).ok()?;
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut reader = csv::Reader::from_reader(text);
    let headers = reader.headers().unwrap().clone();
    let position = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let [table, column, kind, required, primary, foreign, to_table, to_column] = [
        "cdmTableName",
        "cdmFieldName",
        "cdmDatatype",
        "isRequired",
        "isPrimaryKey",
        "isForeignKey",
        "fkTableName",
        "fkFieldName",
    ]
    .map(position);
    let facts = reader.records().map(|record| {
        let record = record.unwrap();
        let get = |index: usize| record.get(index).unwrap().trim().to_lowercase();
        Fact {
            table: get(table),
            // `offset` of note_nlp is written with quotes, being a reserved word of SQL.
            column: get(column).trim_matches('"').to_owned(),
            kind: get(kind),
            required: get(required) == "yes",
            primary_key: get(primary) == "yes",
            foreign_key: (get(foreign) == "yes").then(|| (get(to_table), get(to_column))),
        }
    });
    Some(facts.collect())
}
