//! GetXdbcTypeInfo: the types of answers and literals, as ODBC's SQLGetTypeInfo and JDBC's getTypeInfo describe them.

use arrow_flight::error::FlightError;
use arrow_flight::sql::metadata::{XdbcTypeInfo, XdbcTypeInfoData, XdbcTypeInfoDataBuilder};
use arrow_flight::sql::{Nullable, Searchable, XdbcDataType, XdbcDatetimeSubcode};

/// One type of the language.
struct Type {
    name: &'static str,
    data_type: XdbcDataType,
    /// Digits of a number in its radix, or the longest text.
    size: i32,
    /// Around a literal, where it is more than its digits.
    literal: Option<(&'static str, &'static str)>,
    /// 10 for whole numbers, 2 for floats, none for what is no number.
    radix: Option<i32>,
    /// Digits behind the point of what has them.
    scale: Option<(i32, i32)>,
    /// ODBC tells dates and times by a generic type and a subcode.
    subcode: Option<XdbcDatetimeSubcode>,
}

/// In the order of the language's page.
const TYPES: [Type; 7] = [
    number("bigint", XdbcDataType::XdbcBigint, 19, 10),
    number("integer", XdbcDataType::XdbcInteger, 10, 10),
    number("double precision", XdbcDataType::XdbcDouble, 53, 2),
    Type { literal: Some(("'", "'")), ..plain("varchar", XdbcDataType::XdbcVarchar, i32::MAX) },
    Type {
        literal: Some(("DATE '", "'")),
        // The library has ODBC's subcode of dates, 1, under the name of the interval that shares the number.
        subcode: Some(XdbcDatetimeSubcode::XdbcSubcodeYear),
        ..plain("date", XdbcDataType::XdbcDate, 10)
    },
    Type {
        literal: Some(("TIMESTAMP '", "'")),
        scale: Some((0, 6)),
        subcode: Some(XdbcDatetimeSubcode::XdbcSubcodeTimestamp),
        ..plain("timestamp", XdbcDataType::XdbcTimestamp, 26)
    },
    plain("boolean", XdbcDataType::XdbcBit, 1),
];

const fn plain(name: &'static str, data_type: XdbcDataType, size: i32) -> Type {
    Type { name, data_type, size, literal: None, radix: None, scale: None, subcode: None }
}

const fn number(name: &'static str, data_type: XdbcDataType, size: i32, radix: i32) -> Type {
    let scale = if radix == 10 { Some((0, 0)) } else { None };
    Type { radix: Some(radix), scale, ..plain(name, data_type, size) }
}

/// The table of types.
pub(super) fn types() -> Result<XdbcTypeInfoData, FlightError> {
    let mut types = XdbcTypeInfoDataBuilder::new();
    for Type { name, data_type, size, literal, radix, scale, subcode } in TYPES {
        let text = data_type == XdbcDataType::XdbcVarchar;
        types.append(XdbcTypeInfo {
            type_name: name.to_owned(),
            data_type,
            column_size: Some(size),
            literal_prefix: literal.map(|(prefix, _)| prefix.to_owned()),
            literal_suffix: literal.map(|(_, suffix)| suffix.to_owned()),
            create_params: None,
            nullable: Nullable::NullabilityNullable,
            case_sensitive: text,
            searchable: if text { Searchable::Full } else { Searchable::Basic },
            unsigned_attribute: radix.map(|_| false),
            fixed_prec_scale: false,
            auto_increment: radix.map(|_| false),
            local_type_name: Some(name.to_owned()),
            minimum_scale: scale.map(|(minimum, _)| minimum),
            maximum_scale: scale.map(|(_, maximum)| maximum),
            sql_data_type: if subcode.is_some() { XdbcDataType::XdbcDatetime } else { data_type },
            datetime_subcode: subcode,
            num_prec_radix: radix,
            interval_precision: None,
        });
    }
    types.build()
}
