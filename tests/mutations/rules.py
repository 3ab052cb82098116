"""The rules of the split, each with the change that switches it off.

A change is a piece of text that stands exactly once in a file of `crates/plan/src`, inside one function, and what
replaces it. A rule whose change no test notices is a rule that nothing proves.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """One rule, in the words of docs/sql.md, and how it is switched off."""

    name: str
    file: str
    find: str
    replace: str
    # A second place that has to give way too: file, text, replacement.
    also: tuple[str, str, str] | None = None


RULES = [
    Rule(
        "a join that reads more than codes is no code set",
        "split/codes.rs",
        "if !one_sided(join.join_type) && visible.into_iter().any(|column| others(&column)) {",
        "if visible.into_iter().any(|column| others(&column)) && false {",
    ),
    Rule(
        "a code set lists each code once",
        "split/codes.rs",
        "    if once {",
        "    if once && false {",
    ),
    Rule(
        "code sets are looked up only in tables that the gateway has",
        "split/codes.rs",
        "if !tables.is_subset(&self.vocabulary) {\n            return Ok((join.clone(), left, right));",
        "if false {\n            return Ok((join.clone(), left, right));",
    ),
    Rule(
        "the vocabulary alone runs only at a gateway that has it",
        "split/codes.rs",
        "if !tables.is_subset(&self.vocabulary) {\n            return Err(reference_only(&tables, &self.vocabulary));",
        "if false {\n            return Err(reference_only(&tables, &self.vocabulary));",
    ),
    Rule(
        "rows of persons never reach the output",
        "split/walk.rs",
        "Kind::Local => Err(rows_refusal(plan, &relation)),",
        "Kind::Local => Ok(relation),",
    ),
    Rule(
        "a site's own table never reaches the output",
        "split/walk.rs",
        'Err(Refusal::new(Code::Rows, "SELECT: rows of a site\'s own table would reach the output")\n'
        '                    .hint("join it to a table of persons and count distinct person_id"))',
        "Ok(relation)",
    ),
    Rule(
        "persons join persons by a key of one kind",
        "split/join.rs",
        "if key_domains(join, &left, &right)?.is_empty() {\n        let hint",
        "if false {\n        let hint",
    ),
    Rule(
        "keys of different kinds never meet",
        "split/join.rs",
        "(Some((x, _)), Some((y, _))) if x == y => domains.push(x),",
        "(Some((x, _)), Some(_)) => domains.push(x),",
    ),
    Rule(
        "both rows of a join have one owner",
        "split/join.rs",
        "let plan = build(join, &left, &right, Some(on_owner))?;",
        "drop(on_owner);\n    let plan = build(join, &left, &right, None)?;",
    ),
    Rule(
        "a join with the vocabulary is an equality of codes",
        "split/join/unowned.rs",
        "if equalities == 0 {",
        "if false {",
    ),
    Rule(
        "a key never meets the vocabulary or constants",
        "split/join/unowned.rs",
        "(Class::Key { .. }, _) => return Err(reference_condition(&conjunct)),",
        "(Class::Key { .. }, _) => equalities += 1,",
    ),
    Rule(
        "an outer join keeps no row of the vocabulary",
        "split/join/unowned.rs",
        "JoinType::Left => !local_is_left,",
        "JoinType::Left => false,",
    ),
    Rule(
        "a semi or anti join keeps no row of the vocabulary",
        "split/join/unowned.rs",
        "JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => !local_is_left,",
        "JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => false,",
    ),
    Rule(
        "persons join a site's table by its key",
        "split/join/unowned.rs",
        'if key_domains(join, &left, &right)?.is_empty() {\n        return Err(Refusal::new(Code::JoinKey, "JOIN: a site\'s table',
        'if false {\n        return Err(Refusal::new(Code::JoinKey, "JOIN: a site\'s table',
    ),
    Rule(
        "an outer join makes a key of the other side nullable",
        "meaning.rs",
        "Class::Key { domain, .. } => Class::Key { domain, nullable: true },\n            other => other,",
        "other => other,",
    ),
    Rule(
        "an outer join makes a value of the other side conditional",
        "meaning.rs",
        "Self { class, ..self }.at_least(Shape::Gap)",
        "Self { class, ..self }",
    ),
    Rule(
        "a key that may be NULL is no group key",
        "split/local.rs",
        "!nullable && release::of_persons(domain)",
        "release::of_persons(domain) || nullable",
    ),
    Rule(
        "a set without the person is no aggregate per person",
        "split/local.rs",
        "if sets.iter().all(has_person) {",
        "if sets.iter().any(has_person) {",
    ),
    Rule(
        "grouping sets are told apart when they are merged",
        "split/release.rs",
        "keys.push(set_key(aggregate, keys.len()));",
        "keys.push(Key { expr: datafusion::logical_expr::lit(0_u8), ..set_key(aggregate, keys.len()) });",
    ),
    Rule(
        "a window over rows of persons is within one person",
        "split/local.rs",
        "if !by_person {",
        "if false {",
    ),
    Rule(
        "LIMIT picks no rows of persons",
        "split/local.rs",
        "if !matches!(input.kind, Kind::Released | Kind::Constant) {\n            return Err(Refusal::new(Code::Limit",
        "if false {\n            return Err(Refusal::new(Code::Limit",
    ),
    Rule(
        "UNION mixes no rows of persons with others",
        "split/local.rs",
        "if !inputs.iter().all(|input| input.kind == Kind::Local) {",
        "if false {",
    ),
    Rule(
        "UNION puts one kind of key into one column",
        "split/local.rs",
        "(Some((domain, n)), Some((other, m))) if domain == other => {",
        "(Some((domain, n)), Some((_, m))) => {",
    ),
    Rule(
        "INTERSECT and EXCEPT mix no rows of persons with others",
        "split/join.rs",
        "if set_operation && (left.kind == Kind::Local) != (right.kind == Kind::Local) {",
        "if false && set_operation {",
    ),
    Rule(
        "NOT IN over what may be NULL is refused",
        "split/planner.rs",
        "subqueries::check_nulls(&plan)?;",
        "",
    ),
    Rule(
        "a key is not compared, computed with or returned",
        "meaning/scope.rs",
        "Some((domain, _)) => Err(self.key_use(column, domain)),",
        "Some(_) => Ok(Meaning::plain(Class::Code)),",
    ),
    Rule(
        "cells are keyed by no key",
        "split/release.rs",
        'Class::Key { .. } => refuse(\n            Code::KeyUse,',
        'Class::Key { .. } if false => refuse(\n            Code::KeyUse,',
    ),
    Rule(
        "cells are keyed by no day",
        "split/release.rs",
        "Class::Date => refuse(",
        "Class::Date if false => refuse(",
        ("meaning.rs", "Key { .. } | Amount | Date | Released => false,", "Date => true,\n            Key { .. } | Amount | Released => false,"),
    ),
    Rule(
        "cells are keyed by no amount",
        "split/release.rs",
        "Class::Amount => refuse(",
        "Class::Amount if false => refuse(",
        ("meaning.rs", "Key { .. } | Amount | Date | Released => false,", "Amount => true,\n            Key { .. } | Date | Released => false,"),
    ),
    Rule(
        "a sum encodes no condition",
        "meaning.rs",
        "matches!(self.class, Constant | Coarse | Derived | Amount) && self.shape < Shape::Mixed",
        "matches!(self.class, Constant | Coarse | Derived | Amount)",
    ),
    Rule(
        "a conditional aggregate protects the rest of the cell",
        "meaning.rs",
        "self.shape > Shape::Plain",
        "false",
    ),
    Rule(
        "EXISTS speaks of the same person",
        "split/join.rs",
        "if !conjuncts(join).iter().any(|conjunct| across(conjunct, left, &right).is_some()) {",
        "if false {",
    ),
    Rule(
        "what IN lists of other persons is released first",
        "split/join.rs",
        "let same_person = left.kind == Kind::Local && !key_domains(join, left, &right)?.is_empty();",
        "let same_person = true;",
    ),
    Rule(
        "a result that rows are compared with belongs to an earlier round",
        "split/feed.rs",
        "round = round.max(point.round + 1);",
        "round = round.max(point.round);",
    ),
    Rule(
        "a code is matched by a literal prefix only",
        "meaning/scope.rs",
        "if meaning.class == Class::Code && !prefix_only {",
        "if false && !prefix_only {",
    ),
    Rule(
        "casts are total",
        "dialect.rs",
        "Ok(Transformed::yes(Expr::TryCast(TryCast::new(cast.expr, microseconds(cast.field.data_type())))))",
        "Ok(Transformed::no(Expr::Cast(cast)))",
    ),
    Rule(
        "a division by zero is NULL",
        "dialect.rs",
        "guard_division(*left, op, *right, plan)\n",
        "Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right })))\n",
    ),
    Rule(
        "a logarithm outside its domain is NULL",
        "dialect.rs",
        "Expr::ScalarFunction(function) => guard_domain(function),",
        "",
    ),
    Rule(
        "a percentile is of what may be summed",
        "split/percentile.rs",
        "let meaning = argument_meaning(scope, argument, StateKind::Bins, expr)?;",
        "let _ = argument_meaning;\n    let meaning = scope.value(argument)?;",
    ),
    Rule(
        "a percentile under a condition protects the rest of the cell",
        "split/percentile.rs",
        "let conditional = filter.is_some() || meaning.conditional();",
        "let conditional = false;",
    ),
    Rule(
        "a zero that a condition put is no contribution to a percentile",
        "split/percentile.rs",
        "if meaning.shape >= Shape::Choice {",
        "if false && meaning.shape >= Shape::Choice {",
    ),
    Rule(
        "a step at a chosen place is a condition",
        "meaning.rs",
        "if self.scaled { self.at_least(Shape::Mixed) } else { self }",
        "self",
    ),
    Rule(
        "integers divided by a constant are steps at a chosen place",
        "meaning.rs",
        "at_least(if chosen { Shape::Mixed } else { Shape::Plain })",
        "at_least(if chosen { Shape::Plain } else { Shape::Plain })",
    ),
    Rule(
        "a cast that loses values protects the rest of the cell",
        "meaning/scope.rs",
        "Ok(if cut { meaning.bent() } else { meaning }.at_least(Shape::Gap))",
        "Ok(if cut { meaning.bent() } else { meaning })",
    ),
    Rule(
        "a division by 0 at a chosen place protects the rest of the cell",
        "meaning/scope.rs",
        "Ok(Some(if meaning.scaled { meaning.at_least(Shape::Gap) } else { meaning }))",
        "Ok(Some(meaning))",
    ),
    Rule(
        "a clip stands in an aggregate that leaves",
        "meaning/scope.rs",
        "let kept = self.leaves && (",
        "let kept = (",
    ),
    Rule(
        "a clip moves no zero that a condition put",
        "meaning/scope.rs",
        "(keeps_zero || x.shape <= Shape::Gap)",
        "(keeps_zero || x.shape <= Shape::Choice)",
    ),
    Rule(
        "an aggregate of clipped values says whom no bound moved",
        "split/release/cell.rs",
        "let free = if summed {",
        "let free = if summed && false {",
    ),
    Rule(
        "a site's own table is counted by persons only",
        "split/local.rs",
        "            Kind::Local => {}\n            Kind::Released | Kind::Constant | Kind::Vocabulary => return self.aggregate",
        "            Kind::Local | Kind::SiteOwned => {}\n"
        "            Kind::Released | Kind::Constant | Kind::Vocabulary => return self.aggregate",
    ),
    Rule(
        "an outer join keeps no row of a site's table",
        "split/join/unowned.rs",
        "if preserves_other(join.join_type, local_is_left) {\n        return Err(Refusal::new(\n            Code::JoinReference,\n"
        '            "JOIN: an outer join keeps rows of a site\'s table',
        "if false {\n        return Err(Refusal::new(\n            Code::JoinReference,\n"
        '            "JOIN: an outer join keeps rows of a site\'s table',
    ),
    Rule(
        "tables of a site join each other by their key",
        "split/join/unowned.rs",
        "if join.join_type != JoinType::Inner || key_domains(join, &left, &right)?.is_empty() {",
        "if false {",
    ),
    Rule(
        "a code meets columns of codes only",
        "split/join/unowned.rs",
        "            _ => return Err(reference_condition(&conjunct)),",
        "            _ => equalities += 1,",
    ),
    Rule(
        "a key stands in no other condition of a join",
        "split/join.rs",
        "Scope { schema: &schema, meanings: &meanings, clause: \"ON\", leaves: false }.value(condition).map(drop)",
        "Ok(())",
    ),
    Rule(
        "a key is known to be there only where rows without a partner are gone",
        "split/join.rs",
        "if matches!(join.join_type, JoinType::Inner | JoinType::LeftSemi | JoinType::Right) {",
        "if true {",
    ),
    Rule(
        "IS NOT NULL makes a key known only where it must hold",
        "split/walk.rs",
        "for conjunct in split_conjunction(&filter.predicate) {",
        "use datafusion::logical_expr::{Operator, utils::split_binary};\n"
        "        let all = split_conjunction(&filter.predicate).into_iter();\n"
        "        let either = all.flat_map(|one| split_binary(one, Operator::Or));\n"
        "        for conjunct in either {",
    ),
    Rule(
        "an outer join with a single value keeps persons",
        "split/join/unowned.rs",
        "    if !keeps_local {",
        "    if false {",
    ),
    Rule(
        "VALUES choose no terms of a sum",
        "split/walk.rs",
        "meanings: vec![Meaning::LABEL; columns],",
        "meanings: vec![Meaning::CONSTANT; columns],",
    ),
    Rule(
        "a result that travels chooses no terms of a sum",
        "split/feed.rs",
        "let meaning = if scalar { Meaning::CONSTANT } else { Meaning::LABEL };",
        "let meaning = Meaning::CONSTANT;",
    ),
    Rule(
        "constants of a UNION choose no terms of a sum",
        "meaning.rs",
        "let shape = if constant { Shape::Mixed } else { self.shape.max(other.shape) };",
        "let shape = self.shape.max(other.shape);",
    ),
    Rule(
        "no constant is added inside a sum",
        "meaning.rs",
        "(a, b) if a.class == Class::Constant || b.class == Class::Constant => Shape::Mixed,",
        "(a, b) if a.class == Class::Constant || b.class == Class::Constant => a.shape.max(b.shape),",
    ),
    Rule(
        "what lag puts where there is no row is a condition",
        "split/local.rs",
        "let shape = if is_null_or_zero(default) { Shape::Choice } else { Shape::Mixed };",
        "let shape = Shape::Choice;",
    ),
    Rule(
        "what a filter leaves out of a person's result protects the rest of the cell",
        "split/local.rs",
        "let left_out = if filter.is_some() { Shape::Gap } else { Shape::Plain };",
        "let left_out = Shape::Plain;",
    ),
    Rule(
        "the first of a person's rows is in an order",
        "split/local.rs",
        'if matches!(name, "first_value" | "last_value") && params.order_by.is_empty() {',
        "if false {",
    ),
    Rule(
        "a date is cut to weeks or longer",
        "meaning/scope.rs",
        "Class::Date if coarse.contains(&unit.as_str()) => Class::Derived,",
        "Class::Date => Class::Derived,",
    ),
    Rule(
        "min and max never leave",
        "split/release/cell.rs",
        '("sum", false, [_]) => match data_type {',
        '("sum" | "min" | "max", false, [_]) => match data_type {',
    ),
    Rule(
        "distinct values are not summed",
        "split/release/cell.rs",
        '("avg", false, [_]) if *data_type == DataType::Float64 =>',
        '("avg" | "sum", true, [_]) => Ok((StateKind::SumFloat, OutputKind::Mean)),\n'
        '        ("avg", false, [_]) if *data_type == DataType::Float64 =>',
    ),
    Rule(
        "keys that are counted distinct belong to persons",
        "split/release/cell.rs",
        "Some((domain, _)) if of_persons(domain) => Ok((StateKind::Keys, OutputKind::Count)),",
        "Some(_) if true => Ok((StateKind::Keys, OutputKind::Count)),",
    ),
    Rule(
        "values that are counted distinct may be keys of cells",
        "split/distinct.rs",
        "&& scope.value(arg).is_ok_and(Meaning::groupable)",
        "&& scope.value(arg).is_ok()",
    ),
    Rule(
        "no type of rows fails on a value",
        "meaning/scope.rs",
        'if known || matches!(data_type, DataType::Interval(_)) {',
        'if true || known {',
    ),
    Rule(
        "dates that are moved are total",
        "dialect.rs",
        "moments(*left, op, *right, plan)\n",
        "Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right })))\n",
    ),
    Rule(
        "a code's prefix has a literal length",
        "meaning/scope.rs",
        '("code_prefix", _) => Err(self.unsupported("code_prefix without a literal number of characters")),',
        '("code_prefix", [code, _]) => Ok(*code),',
    ),
    Rule(
        "a statement has a bound on its rounds",
        "split/planner.rs",
        "if split.rounds() > MAX_ROUNDS {",
        "if false {",
    ),
]
