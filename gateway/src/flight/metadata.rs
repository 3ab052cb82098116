//! What clients ask about the server and its tables.

use std::sync::Arc;

use arrow_flight::error::FlightError;
use arrow_flight::sql::metadata::{
    SqlInfoData, SqlInfoDataBuilder, XdbcTypeInfo, XdbcTypeInfoData, XdbcTypeInfoDataBuilder,
};
use arrow_flight::sql::{
    CommandGetCatalogs, CommandGetDbSchemas, CommandGetTableTypes, CommandGetTables, Nullable, Searchable, SqlInfo,
    SqlNullOrdering, SqlSupportedTransaction, XdbcDataType,
};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use renkei_plan::Planner;

use crate::tables::{CDM_SCHEMA, client_name};

/// The one catalogue.
const CATALOG: &str = "renkei";
const GATEWAY_SCHEMA: &str = "renkei";
const TABLE: &str = "TABLE";
const SYSTEM_TABLE: &str = "SYSTEM TABLE";

/// Answers that never change.
pub(super) struct Fixed {
    pub(super) sql_info: SqlInfoData,
    pub(super) types: XdbcTypeInfoData,
}

impl Fixed {
    pub(super) fn new() -> Result<Self, FlightError> {
        Ok(Self { sql_info: sql_info()?, types: types()? })
    }
}

fn sql_info() -> Result<SqlInfoData, FlightError> {
    let mut info = SqlInfoDataBuilder::new();
    info.append(SqlInfo::FlightSqlServerName, "Renkei");
    info.append(SqlInfo::FlightSqlServerVersion, env!("CARGO_PKG_VERSION"));
    info.append(SqlInfo::FlightSqlServerArrowVersion, "1.5");
    info.append(SqlInfo::FlightSqlServerReadOnly, true);
    info.append(SqlInfo::FlightSqlServerSql, true);
    info.append(SqlInfo::FlightSqlServerSubstrait, false);
    info.append(SqlInfo::FlightSqlServerTransaction, SqlSupportedTransaction::None as i32);
    info.append(SqlInfo::FlightSqlServerCancel, false);
    info.append(SqlInfo::FlightSqlServerBulkIngestion, false);
    info.append(SqlInfo::SqlDdlCatalog, false);
    info.append(SqlInfo::SqlDdlSchema, false);
    info.append(SqlInfo::SqlDdlTable, false);
    info.append(SqlInfo::SqlIdentifierQuoteChar, "\"");
    info.append(SqlInfo::SqlNullOrdering, SqlNullOrdering::SqlNullsSortedAtEnd as i32);
    info.append(SqlInfo::SqlTransactionsSupported, false);
    info.build()
}

fn types() -> Result<XdbcTypeInfoData, FlightError> {
    let mut types = XdbcTypeInfoDataBuilder::new();
    let quoted = Some("'".to_owned());
    for (name, data_type, size, literal) in [
        ("boolean", XdbcDataType::XdbcBit, 1, None),
        ("integer", XdbcDataType::XdbcInteger, 32, None),
        ("bigint", XdbcDataType::XdbcBigint, 64, None),
        ("double precision", XdbcDataType::XdbcDouble, 53, None),
        ("varchar", XdbcDataType::XdbcVarchar, i32::MAX, quoted.clone()),
        ("date", XdbcDataType::XdbcDate, 10, quoted.clone()),
        ("timestamp", XdbcDataType::XdbcTimestamp, 26, quoted),
    ] {
        let number = literal.is_none() && data_type != XdbcDataType::XdbcBit;
        types.append(XdbcTypeInfo {
            type_name: name.to_owned(),
            data_type,
            column_size: Some(size),
            literal_prefix: literal.clone(),
            literal_suffix: literal,
            nullable: Nullable::NullabilityNullable,
            case_sensitive: data_type == XdbcDataType::XdbcVarchar,
            searchable: Searchable::Full,
            unsigned_attribute: number.then_some(false),
            sql_data_type: data_type,
            num_prec_radix: number.then_some(2),
            ..XdbcTypeInfo::default()
        });
    }
    types.build()
}

pub(super) fn catalogs(query: CommandGetCatalogs) -> Result<RecordBatch, FlightError> {
    let mut builder = query.into_builder();
    builder.append(CATALOG);
    builder.build()
}

pub(super) fn schemas(query: CommandGetDbSchemas) -> Result<RecordBatch, FlightError> {
    let mut builder = query.into_builder();
    builder.append(CATALOG, CDM_SCHEMA);
    builder.append(CATALOG, GATEWAY_SCHEMA);
    builder.build()
}

pub(super) fn tables(query: CommandGetTables, planner: &Planner) -> Result<RecordBatch, FlightError> {
    let mut builder = query.into_builder();
    for table in planner.catalogue().tables() {
        let (schema, name) = client_name(table);
        let kind = if table.is_gateway() { SYSTEM_TABLE } else { TABLE };
        builder.append(CATALOG, schema, name, kind, table.columns())?;
    }
    builder.build()
}

pub(super) fn table_types(query: CommandGetTableTypes) -> Result<RecordBatch, FlightError> {
    let mut builder = query.into_builder();
    builder.append(SYSTEM_TABLE);
    builder.append(TABLE);
    builder.build()
}

/// The answer to questions about primary keys: keys are never returned, so none is offered.
pub(super) fn primary_keys() -> RecordBatch {
    RecordBatch::new_empty(Arc::new(Schema::new(vec![
        Field::new("catalog_name", DataType::Utf8, true),
        Field::new("db_schema_name", DataType::Utf8, true),
        Field::new("table_name", DataType::Utf8, false),
        Field::new("column_name", DataType::Utf8, false),
        Field::new("key_name", DataType::Utf8, true),
        Field::new("key_sequence", DataType::Int32, false),
    ])))
}

/// The answer to questions about foreign keys: none is offered either.
pub(super) fn foreign_keys() -> RecordBatch {
    let side = |side: &str| {
        [("catalog_name", true), ("db_schema_name", true), ("table_name", false), ("column_name", false)]
            .map(|(what, nullable)| Field::new(format!("{side}_{what}"), DataType::Utf8, nullable))
    };
    let rest = [
        Field::new("key_sequence", DataType::Int32, false),
        Field::new("fk_key_name", DataType::Utf8, true),
        Field::new("pk_key_name", DataType::Utf8, true),
        Field::new("update_rule", DataType::UInt8, false),
        Field::new("delete_rule", DataType::UInt8, false),
    ];
    let fields: Vec<Field> = side("pk").into_iter().chain(side("fk")).chain(rest).collect();
    RecordBatch::new_empty(Arc::new(Schema::new(fields)) as SchemaRef)
}
