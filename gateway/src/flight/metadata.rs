//! What clients ask about the server and its tables.

use arrow_flight::error::FlightError;
use arrow_flight::sql::metadata::{SqlInfoData, SqlInfoDataBuilder, XdbcTypeInfoData};
use arrow_flight::sql::{
    CommandGetCatalogs, CommandGetDbSchemas, CommandGetTableTypes, CommandGetTables, SqlInfo, SqlNullOrdering,
    SqlSupportedCaseSensitivity, SqlSupportedGroupBy, SqlSupportedTransaction, SqlSupportedUnions,
};
use datafusion::arrow::array::RecordBatch;
use renkei_plan::Planner;

use super::types::types;
use crate::tables::{CDM_SCHEMA, client_name};

/// The one catalogue.
pub(super) const CATALOG: &str = "renkei";
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
    info.append(SqlInfo::FlightSqlServerCancel, true);
    info.append(SqlInfo::FlightSqlServerBulkIngestion, false);
    info.append(SqlInfo::SqlDdlCatalog, false);
    info.append(SqlInfo::SqlDdlSchema, false);
    info.append(SqlInfo::SqlDdlTable, false);
    info.append(SqlInfo::SqlIdentifierQuoteChar, "\"");
    info.append(SqlInfo::SqlNullOrdering, SqlNullOrdering::SqlNullsSortedAtEnd as i32);
    info.append(SqlInfo::SqlTransactionsSupported, false);
    info.append(SqlInfo::SqlSavepointsSupported, false);
    info.append(SqlInfo::SqlBatchUpdatesSupported, false);
    info.append(SqlInfo::SqlStoredProceduresSupported, false);
    info.append(SqlInfo::SqlSelectForUpdateSupported, false);
    info.append(SqlInfo::SqlNamedParametersSupported, false);
    info.append(SqlInfo::SqlCorrelatedSubqueriesSupported, false);
    info.append(SqlInfo::SqlIdentifierCase, SqlSupportedCaseSensitivity::SqlCaseSensitivityLowercase as i32);
    info.append(
        SqlInfo::SqlQuotedIdentifierCase,
        SqlSupportedCaseSensitivity::SqlCaseSensitivityCaseInsensitive as i32,
    );
    info.append(SqlInfo::SqlSupportsColumnAliasing, true);
    info.append(SqlInfo::SqlSupportsTableCorrelationNames, true);
    info.append(SqlInfo::SqlSupportsExpressionsInOrderBy, true);
    info.append(SqlInfo::SqlSupportedGroupBy, 1_i32 << SqlSupportedGroupBy::SqlGroupByUnrelated as i32);
    info.append(
        SqlInfo::SqlSupportedUnions,
        (1_i32 << SqlSupportedUnions::SqlUnion as i32) | (1 << SqlSupportedUnions::SqlUnionAll as i32),
    );
    info.append(SqlInfo::SqlSchemaTerm, "schema");
    info.append(SqlInfo::SqlCatalogTerm, "catalog");
    info.append(SqlInfo::SqlCatalogAtStart, true);
    info.append(SqlInfo::SqlMaxStatementLength, 65_536_i64);
    info.build()
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
