//! Every example of the table of rules is what it says, and the documentation shows the same table.

use std::path::PathBuf;

use renkei_plan::rules;

use crate::split;

#[test]
fn every_example_is_taken_or_refused_with_its_code_and_a_hint() {
    for rule in rules() {
        split(rule.accepted).unwrap_or_else(|refusal| panic!("{}\n{}\n{refusal}", rule.rule, rule.accepted));
        let refusal = split(rule.refused).err().unwrap_or_else(|| panic!("{} is taken: {}", rule.rule, rule.refused));
        assert_eq!(refusal.code, rule.code, "{}: {refusal}", rule.refused);
        assert!(refusal.hint.is_some_and(|hint| !hint.is_empty()), "{}", rule.refused);
        assert!(!rule.rule_ja.is_empty() && !rule.rule_ja.is_ascii(), "{}", rule.rule);
    }
}

#[test]
fn no_rule_stands_twice() {
    let mut names: Vec<_> = rules().iter().map(|rule| rule.rule).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), rules().len());
}

const BEGIN: &str = "<!-- rules: made by the tests of crates/plan -->\n";
const END: &str = "<!-- end of rules -->\n";

fn page() -> PathBuf {
    PathBuf::from("../../docs/sql.md")
}

/// The table as the page has it: one block for each rule, since statements are longer than a table's cell.
fn shown() -> String {
    let mut text = String::new();
    for rule in rules() {
        let hint = split(rule.refused).err().and_then(|refusal| refusal.hint).unwrap_or_default();
        let one_line = |sql: &str| sql.split_whitespace().collect::<Vec<_>>().join(" ");
        let lines = [
            format!("-- {}", rule.rule),
            one_line(rule.accepted),
            format!("-- {}: {hint}", rule.code),
            one_line(rule.refused),
        ];
        let lines = lines.map(|line| wrapped(&line));
        text.push_str(&format!("{}\n\n", lines.join("\n")));
    }
    format!("{BEGIN}```text\n{}\n```\n{END}", text.trim_end())
}

/// Lines of at most 118 characters, broken at spaces; comments stay comments.
fn wrapped(line: &str) -> String {
    let head = if line.starts_with("-- ") { "--   " } else { "    " };
    let mut lines = vec![String::new()];
    for word in line.split(' ') {
        let last = lines.last_mut().unwrap();
        if last.chars().count() + word.chars().count() >= 118 {
            lines.push(format!("{head}{word}"));
        } else if last.is_empty() {
            last.push_str(word);
        } else {
            last.push(' ');
            last.push_str(word);
        }
    }
    lines.join("\n")
}

#[test]
fn the_documentation_shows_the_same_rules() {
    let page = std::fs::read_to_string(page()).expect("the page");
    assert!(
        page.contains(&shown()),
        "docs/sql.md is stale: cargo test --workspace --test main rules::regenerate -- --ignored"
    );
}

#[test]
#[ignore = "writes docs/sql.md; run it after changing a rule"]
fn regenerate() {
    let text = std::fs::read_to_string(page()).expect("the page");
    let (before, rest) = text.split_once(BEGIN).expect("the beginning of the rules");
    let (_, after) = rest.split_once(END).expect("the end of the rules");
    std::fs::write(page(), format!("{before}{}{after}", shown())).expect("the page is written");
}
