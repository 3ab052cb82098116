//! The form in which tables are declared: one line is one column.
//!
//! `flag name: Type => table, Role, "meaning";` where the flag is `key` (primary key, required), `req` or `opt`,
//! and `=> table` names the table whose `<table>_id` the column points to, the only shape of foreign key that the
//! specification has. `Text(n)` is `varchar(n)`, `Text(max)` is `varchar(max)`.

macro_rules! table {
    (
        $name:ident, $kind:ident, $category:ident, $presence:ident, $doc:literal;
        $(
            $flag:ident $column:ident: $type:ident $(($length:tt))? $(=> $to:ident)?,
            $role:ident $(($domain:ident))?, $text:literal;
        )*
    ) => {
        $crate::Table {
            name: stringify!($name),
            kind: $crate::Kind::$kind,
            category: $crate::Category::$category,
            required: table!(@presence $presence),
            doc: $doc,
            columns: &[$($crate::Column {
                name: stringify!($column),
                kind: $crate::ColumnType::$type $((table!(@length $length)))?,
                required: table!(@required $flag),
                primary_key: table!(@key $flag),
                foreign_key: table!(@to $($to)?),
                role: $crate::Role::$role $((stringify!($domain)))?,
                doc: $text,
            }),*],
        }
    };
    (@presence required) => { true };
    (@presence optional) => { false };
    (@required key) => { true };
    (@required req) => { true };
    (@required opt) => { false };
    (@key key) => { true };
    (@key req) => { false };
    (@key opt) => { false };
    (@length max) => { None };
    (@length $length:literal) => { Some($length) };
    (@to) => { None };
    (@to $to:ident) => {
        Some($crate::ForeignKey { table: stringify!($to), column: concat!(stringify!($to), "_id") })
    };
}
