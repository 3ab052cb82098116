//! The bounds of the language, checked on tokens before anything is planned.
//!
//! Planning is not linear: a chain of 4,000 ANDs plans for over a minute and a deep one overflows the stack. Counting
//! tokens is linear and allocates little, so a hostile text is refused within milliseconds.

mod bounds;

use crate::{look_alikes, using};
pub use bounds::{MAX_CODES, MAX_DEPTH, MAX_JOINS, MAX_PREDICATES, MAX_STATEMENT_BYTES};
use bounds::{MAX_TABLES, too_large};
use datafusion::sql::sqlparser::ast::{
    BinaryOperator, Expr as AstExpr, ObjectName, Query, SetExpr, Spanned, Statement as Ast, TableFactor, Visit, Visitor,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Word};
use renkei_types::{Code, Position, Refusal};
use std::collections::{HashMap, VecDeque};
use std::ops::ControlFlow;

/// A statement that is within the bounds and is one query expression.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) ast: Ast,
    /// Number of `?` placeholders; zero where `$1` style is used.
    pub(crate) question_marks: usize,
}

/// Parses one query expression.
///
/// # Errors
/// A [`Refusal`] with the place, when the text is too large, is not SQL or is anything but one query.
pub(crate) fn parse(sql: &str) -> Result<Statement, Refusal> {
    if sql.len() > MAX_STATEMENT_BYTES {
        return Err(too_large("the statement", sql.len(), MAX_STATEMENT_BYTES, "bytes", None));
    }
    let dialect = GenericDialect {};
    let mut tokens = Tokenizer::new(&dialect, sql)
        .tokenize_with_location()
        .map_err(|e| unread(e.message.clone(), position(e.location.line, e.location.column), sql))?;
    bounds::check(&tokens)?;
    let first = tokens.iter().find(|token| !matches!(token.token, Token::Whitespace(_)));
    if matches!(first.map(|token| &token.token), Some(Token::Word(Word { keyword: Keyword::ANALYZE, .. }))) {
        return Err(Refusal::new(
            Code::StatementKind,
            "EXPLAIN ANALYZE is not a question: it would show how many rows there are",
        )
        .hint("ask EXPLAIN SELECT …, which says what would run where and what would leave"));
    }
    let question_marks = number_placeholders(&mut tokens);
    let statements = Parser::new(&dialect)
        .with_recursion_limit(64)
        .with_tokens_with_locations(tokens)
        .parse_statements()
        .map_err(|error| syntax(error, sql))?;
    let mut ast = one_query(statements)?;
    if let ControlFlow::Break(refusal) = ast.visit(&mut Forbidden::default()) {
        return Err(refusal);
    }
    using::qualify(&mut ast);
    Ok(Statement { ast, question_marks })
}

/// Whether the text is `EXPLAIN` of something.
#[must_use]
pub fn is_explain(sql: &str) -> bool {
    strip_explain(sql).is_some()
}

/// What follows a leading `FETCH`, if there is one.
#[must_use]
pub fn strip_fetch(sql: &str) -> Option<&str> {
    strip(sql, "fetch")
}

/// The statement after a leading `EXPLAIN`, if there is one.
#[must_use]
pub fn strip_explain(sql: &str) -> Option<&str> {
    strip(sql, "explain")
}

fn strip<'a>(sql: &'a str, word: &str) -> Option<&'a str> {
    let text = sql.trim_start();
    let (head, rest) = text.split_at_checked(word.len())?;
    (head.eq_ignore_ascii_case(word) && rest.starts_with(char::is_whitespace)).then(|| rest.trim_start())
}

fn position(line: u64, column: u64) -> Option<Position> {
    (line > 0).then_some(Position { line, column })
}

/// Rewrites `?` to `$1`, `$2`, … in order, as ODBC-style clients write parameters.
fn number_placeholders(tokens: &mut [TokenWithSpan]) -> usize {
    let mut next = 0;
    for token in tokens {
        if let Token::Placeholder(name) = &mut token.token
            && name == "?"
        {
            next += 1;
            *name = format!("${next}");
        }
    }
    next
}

fn syntax(error: ParserError, sql: &str) -> Refusal {
    match error {
        ParserError::RecursionLimitExceeded => {
            Refusal::new(Code::TooLarge, "the statement is nested too deeply").hint("use WITH to name its parts")
        }
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => {
            let (message, at) = split_location(&text);
            // The parser gives no place for what is missing at the end.
            let end = message.ends_with("EOF").then(|| end_of(sql)).flatten();
            unread(message, at.or(end), sql)
        }
    }
}

/// Text that is no SQL: with the sign that only looks like one of SQL's where there is one, since the parser stumbles over
/// what comes after it.
fn unread(message: String, at: Option<Position>, sql: &str) -> Refusal {
    let refusal = Refusal::new(Code::Syntax, message);
    match look_alikes::first(sql) {
        Some(sign) => refusal.hint(sign.hint()).at(Some(sign.at)),
        None => refusal
            .hint(
                "look just before this place: a comma, quote or parenthesis; a name that is a word of SQL takes \"…\"",
            )
            .at(at),
    }
}

fn end_of(sql: &str) -> Option<Position> {
    let last = sql.trim_end().lines().last().unwrap_or_default();
    position(sql.trim_end().lines().count() as u64, last.chars().count() as u64 + 1)
}

/// The parser's messages end in ` at Line: 1, Column: 5`.
fn split_location(text: &str) -> (String, Option<Position>) {
    let parsed = text.rsplit_once(" at Line: ").and_then(|(message, place)| {
        let (line, column) = place.split_once(", Column: ")?;
        Some((message.to_owned(), position(line.trim().parse().ok()?, column.trim().parse().ok()?)))
    });
    parsed.unwrap_or_else(|| (text.to_owned(), None))
}

fn one_query(mut statements: Vec<Ast>) -> Result<Ast, Refusal> {
    let hint = "ask one SELECT; WITH, UNION and subqueries in FROM are allowed";
    let ast = match (statements.pop(), statements.is_empty()) {
        (Some(ast), true) => ast,
        (None, _) => return Err(Refusal::new(Code::StatementKind, "there is no statement").hint(hint)),
        (Some(ast), false) => {
            let second = ast.span().start;
            return Err(Refusal::new(Code::StatementKind, "there is more than one statement")
                .hint(hint)
                .at(position(second.line, second.column)));
        }
    };
    match &ast {
        Ast::Query(query) => query_kind(query, hint)?,
        other => {
            let text = other.to_string();
            let kind = text.split_whitespace().next().unwrap_or("this").to_uppercase();
            return Err(Refusal::new(Code::StatementKind, format!("{kind} is not a question")).hint(hint));
        }
    }
    Ok(ast)
}

fn query_kind(query: &Query, hint: &str) -> Result<(), Refusal> {
    let writes =
        matches!(*query.body, SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_));
    if writes || !query.locks.is_empty() || query.for_clause.is_some() || query.settings.is_some() {
        return Err(Refusal::new(Code::StatementKind, "the statement does more than ask").hint(hint));
    }
    Ok(())
}

/// Refuses what the planner would take but the language does not have, and counts tables, however they are joined.
#[derive(Default)]
struct Forbidden {
    /// Tables as they are written.
    written: usize,
    open: Vec<Scope>,
}

/// One query expression while it is visited. A name of WITH stands for a copy each time it is used: copies of copies
/// double, so they are counted before anything is planned.
#[derive(Default)]
struct Scope {
    tables: usize,
    /// Tables behind each name of this WITH.
    names: HashMap<String, usize>,
    /// Names whose queries are still to come; they come in order and before the body.
    pending: VecDeque<String>,
}

impl Forbidden {
    fn count(&mut self, tables: usize) -> ControlFlow<Refusal> {
        let Some(scope) = self.open.last_mut() else { return ControlFlow::Continue(()) };
        scope.tables = scope.tables.saturating_add(tables);
        if scope.tables > MAX_TABLES {
            return ControlFlow::Break(too_large(
                "the statement",
                scope.tables,
                MAX_TABLES,
                "tables, copies of WITH included",
                None,
            ));
        }
        ControlFlow::Continue(())
    }

    fn behind(&self, name: &ObjectName) -> usize {
        // Whatever its quotes: two spellings that might be one name are counted as one.
        let Some(name) = name.0.last().and_then(|part| part.as_ident()).map(|part| part.value.to_lowercase()) else {
            return 1;
        };
        // Of several that might be meant, the largest.
        self.open.iter().filter_map(|scope| scope.names.get(&name)).copied().max().unwrap_or(1)
    }
}

impl Visitor for Forbidden {
    type Break = Refusal;

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Refusal> {
        if query.with.as_ref().is_some_and(|with| with.recursive) {
            return ControlFlow::Break(
                Refusal::new(Code::NotSupported, "WITH RECURSIVE is not part of the language")
                    .hint("concept_ancestor already holds the descendants of a concept"),
            );
        }
        let pending = query.with.iter().flat_map(|with| &with.cte_tables);
        let pending = pending.map(|cte| cte.alias.name.value.to_lowercase()).collect();
        self.open.push(Scope { pending, ..Scope::default() });
        if let SetExpr::Select(select) = query.body.as_ref()
            && select.into.is_some()
        {
            return ControlFlow::Break(
                Refusal::new(Code::StatementKind, "SELECT INTO writes a table").hint("ask without INTO"),
            );
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _query: &Query) -> ControlFlow<Refusal> {
        let Some(done) = self.open.pop() else { return ControlFlow::Continue(()) };
        if let Some(outer) = self.open.last_mut()
            && let Some(name) = outer.pending.pop_front()
        {
            let known = outer.names.entry(name).or_default();
            *known = done.tables.max(1).max(*known);
            return ControlFlow::Continue(());
        }
        self.count(done.tables)
    }

    /// The parser lets `a IS DISTINCT FROM b AND c` mean `a IS DISTINCT FROM (b AND c)`, which nobody means.
    fn pre_visit_expr(&mut self, expr: &AstExpr) -> ControlFlow<Refusal> {
        let (AstExpr::IsDistinctFrom(_, right) | AstExpr::IsNotDistinctFrom(_, right)) = expr else {
            return ControlFlow::Continue(());
        };
        if !matches!(right.as_ref(), AstExpr::BinaryOp { op: BinaryOperator::And | BinaryOperator::Or, .. }) {
            return ControlFlow::Continue(());
        }
        ControlFlow::Break(
            Refusal::new(Code::Syntax, "IS DISTINCT FROM is followed by AND or OR, which may be read in two ways")
                .hint("put parentheses round the comparison: (a IS DISTINCT FROM b) AND …"),
        )
    }

    fn pre_visit_table_factor(&mut self, table: &TableFactor) -> ControlFlow<Refusal> {
        self.written += 1;
        if self.written > MAX_TABLES {
            return ControlFlow::Break(too_large("the statement", self.written, MAX_TABLES, "tables", None));
        }
        if let TableFactor::Table { name, .. } = table {
            let tables = self.behind(name);
            self.count(tables)?;
        }
        let what = match table {
            TableFactor::Table { args: None, sample: None, version: None, .. }
            | TableFactor::Derived { lateral: false, .. }
            | TableFactor::NestedJoin { .. } => return ControlFlow::Continue(()),
            TableFactor::Table { args: Some(_), .. }
            | TableFactor::TableFunction { .. }
            | TableFactor::Function { .. } => "a table function",
            TableFactor::Table { .. } => "TABLESAMPLE or a table version",
            TableFactor::Derived { .. } => "LATERAL",
            TableFactor::UNNEST { .. } => "UNNEST",
            _ => "this kind of table expression",
        };
        ControlFlow::Break(
            Refusal::new(Code::NotSupported, format!("{what} is not part of the language"))
                .hint("use the tables that `renkei.tables` lists, joined by their keys"),
        )
    }
}
