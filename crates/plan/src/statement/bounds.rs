//! The bounds of a text, counted on its tokens.

use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Word};
use renkei_types::{Code, Position, Refusal};

use super::position;

/// Bytes of a statement.
pub const MAX_STATEMENT_BYTES: usize = 64 * 1024;
/// Nesting of parentheses and CASE.
pub const MAX_DEPTH: usize = 16;
/// Comparisons and logical operators.
pub const MAX_PREDICATES: usize = 256;
/// Joins, comma joins included.
pub const MAX_JOINS: usize = 12;
/// Literals, such as the codes of a set.
pub const MAX_CODES: usize = 10_000;
/// Tables and subqueries in FROM, all together.
pub(super) const MAX_TABLES: usize = 64;
/// Set operations.
const MAX_SETS: usize = 32;
/// Arithmetic and other operators.
const MAX_OPERATORS: usize = 512;
/// Nesting of calls by words that the parser reads as a clause first and, where that fails, as a function: a text that
/// breaks off within twenty of them is read a million times.
const MAX_READ_TWICE: usize = 6;
/// Bytes of a name: what is unknown is compared with all that are known.
const MAX_NAME: usize = 256;

pub(super) fn too_large(what: &str, found: usize, limit: usize, unit: &str, at: Option<Position>) -> Refusal {
    Refusal::new(Code::TooLarge, format!("{what} has {found} {unit}; the limit is {limit}"))
        .hint("split the question, or pass a code set as parameters")
        .at(at)
}

#[derive(Default)]
struct Counts {
    depth: usize,
    predicates: usize,
    joins: usize,
    sets: usize,
    literals: usize,
    operators: usize,
    /// Open calls by words that are read twice.
    read_twice: usize,
    /// Whether each open parenthesis is one of these.
    open: Vec<bool>,
    /// Whether such a word stands just before.
    before: bool,
    /// Whether `:=` stands before, which is read as an argument's name and then as an operator.
    assigned: bool,
    /// Bytes of the name that stands here.
    name: usize,
}

/// Refuses a text that is beyond a bound, at the place where it is.
pub(super) fn check(tokens: &[TokenWithSpan]) -> Result<(), Refusal> {
    let mut n = Counts::default();
    for token in tokens {
        count(&mut n, &token.token);
        let at = position(token.span.start.line, token.span.start.column);
        let checks = [
            ("the statement", n.depth, MAX_DEPTH, "levels of nesting"),
            ("the statement", n.predicates, MAX_PREDICATES, "predicates"),
            ("the statement", n.joins, MAX_JOINS, "joins"),
            ("the statement", n.sets, MAX_SETS, "set operations"),
            ("the statement", n.literals, MAX_CODES, "literals"),
            ("the statement", n.operators, MAX_OPERATORS, "operators"),
            ("the statement", n.read_twice, MAX_READ_TWICE, "nested calls of words such as CAST, CEIL and EXTRACT"),
            ("a name", n.name, MAX_NAME, "bytes"),
        ];
        if let Some((what, found, limit, unit)) = checks.into_iter().find(|(_, found, limit, _)| found > limit) {
            return Err(too_large(what, found, limit, unit, at));
        }
    }
    Ok(())
}

fn count(n: &mut Counts, token: &Token) {
    nest(n, token);
    match token {
        Token::LParen | Token::LBracket | Token::LBrace => n.depth += 1,
        Token::RParen | Token::RBracket | Token::RBrace => n.depth = n.depth.saturating_sub(1),
        Token::Eq | Token::DoubleEq | Token::Neq | Token::Lt | Token::Gt | Token::LtEq | Token::GtEq => {
            n.predicates += 1
        }
        Token::Number(..) | Token::SingleQuotedString(_) | Token::Placeholder(_) => n.literals += 1,
        Token::Word(Word { keyword, quote_style: None, .. }) => count_keyword(n, *keyword),
        Token::Comma | Token::Period | Token::SemiColon | Token::Whitespace(_) | Token::Word(_) | Token::EOF => {}
        _ => n.operators += 1,
    }
}

/// Names, and calls by words that are read twice.
fn nest(n: &mut Counts, token: &Token) {
    let before = std::mem::take(&mut n.before);
    n.name = 0;
    match token {
        Token::Whitespace(_) => n.before = before,
        Token::LParen => {
            let twice = before || std::mem::take(&mut n.assigned);
            n.open.push(twice);
            n.read_twice += usize::from(twice);
        }
        Token::RParen => n.read_twice -= usize::from(n.open.pop().unwrap_or_default()),
        Token::Word(Word { value, keyword, quote_style }) => {
            n.before = quote_style.is_none() && is_read_twice(*keyword);
            n.name = value.len();
        }
        Token::Placeholder(name) => n.name = name.len(),
        Token::Assignment => n.assigned = true,
        _ => {}
    }
}

fn is_read_twice(keyword: Keyword) -> bool {
    matches!(
        keyword,
        Keyword::CASE
            | Keyword::CAST
            | Keyword::CEIL
            | Keyword::CONVERT
            | Keyword::EXTRACT
            | Keyword::FLOOR
            | Keyword::NOT
            | Keyword::OVERLAY
            | Keyword::POSITION
            | Keyword::SAFE_CAST
            | Keyword::SUBSTR
            | Keyword::SUBSTRING
            | Keyword::TRY_CAST
            | Keyword::TRY_CONVERT
    )
}

fn count_keyword(n: &mut Counts, keyword: Keyword) {
    match keyword {
        Keyword::CASE => n.depth += 1,
        Keyword::END => n.depth = n.depth.saturating_sub(1),
        Keyword::AND | Keyword::OR | Keyword::NOT | Keyword::LIKE | Keyword::IN | Keyword::BETWEEN | Keyword::IS => {
            n.predicates += 1;
        }
        Keyword::JOIN => n.joins += 1,
        Keyword::UNION | Keyword::INTERSECT | Keyword::EXCEPT => n.sets += 1,
        _ => {}
    }
}
