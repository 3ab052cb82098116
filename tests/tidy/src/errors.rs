//! `docs/errors.md`: one section for each code, in both languages, and none for anything else.

use renkei_types::Code;

use crate::markdown::prose;

/// The file.
pub const FILE: &str = "docs/errors.md";

/// What every section says, in both languages.
const LABELS: &[&str] =
    &["**What happened.**", "**Why.**", "**What to do.**", "**何が起きたか。**", "**理由。**", "**対処。**"];
const JAPANESE_FROM: usize = 3;

/// Violations in the file's text.
#[must_use]
pub fn check(text: &str) -> Vec<String> {
    let sections = sections(text);
    let mut problems = Vec::new();
    for code in Code::ALL {
        match sections.iter().filter(|(title, _)| title == code.as_str()).count() {
            1 => {}
            0 => problems.push(format!("{FILE}: {code} has no section; write `## {code}` with {}", LABELS.join(" "))),
            _ => problems.push(format!("{FILE}: {code} has more than one section; keep one")),
        }
    }
    for (title, body) in &sections {
        if title.parse::<Code>().is_err() {
            problems
                .push(format!("{FILE}: there is no code {title}; remove its section, or add it to renkei_types::Code"));
        }
        problems.extend(labels(title, body));
    }
    let documented: Vec<Code> = sections.iter().filter_map(|(title, _)| title.parse().ok()).collect();
    if problems.is_empty() && documented != Code::ALL {
        problems.push(format!("{FILE}: put the sections into the order of renkei_types::Code"));
    }
    problems
}

fn labels(title: &str, body: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (index, label) in LABELS.iter().enumerate() {
        let Some((_, rest)) = body.split_once(label) else {
            problems.push(format!("{FILE}: the section {title} lacks {label}"));
            continue;
        };
        let own = rest.split("**").next().unwrap_or_default().trim();
        let japanese = own.chars().any(|c| matches!(c, 'ぁ'..='ん' | 'ァ'..='ヶ' | '一'..='鿿'));
        if own.is_empty() || japanese != (index >= JAPANESE_FROM) {
            let language = if index >= JAPANESE_FROM { "Japanese" } else { "English" };
            problems.push(format!("{FILE}: in the section {title}, write {label} in {language}"));
        }
    }
    problems
}

/// Headings of the second level with what stands below them.
fn sections(text: &str) -> Vec<(String, String)> {
    let mut sections: Vec<(String, String)> = Vec::new();
    for (_, line) in prose(text) {
        if let Some(title) = line.strip_prefix("## ") {
            sections.push((title.trim().to_owned(), String::new()));
        } else if let Some((_, body)) = sections.last_mut() {
            body.push_str(line);
            body.push(' ');
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> String {
        let body =
            "**What happened.** a **Why.** b **What to do.** c\n\n**何が起きたか。** 甲 **理由。** 乙 **対処。** 丙\n";
        Code::ALL.iter().map(|code| format!("## {code}\n\n{body}\n")).collect()
    }

    #[test]
    fn gaps_are_found() {
        assert_eq!(check(&page()), Vec::<String>::new());
        for (from, to, wanted) in [
            ("## E-ROWS\n", "## E-ROW\n", "E-ROWS has no section"),
            ("## E-ROWS\n", "## E-ROWS\n\n## E-NOTHING\n", "no code E-NOTHING"),
            ("## E-ROWS\n", "## E-LATE\n", "E-LATE has more than one"),
            ("乙", "reason", "in Japanese"),
            ("**対処。**", "対処", "lacks **対処。**"),
        ] {
            let problems = check(&page().replacen(from, to, 1));
            assert!(problems.iter().any(|problem| problem.contains(wanted)), "{wanted}: {problems:?}");
        }
    }

    #[test]
    fn the_order_is_that_of_the_codes() {
        let page = page()
            .replace("## E-ROWS\n", "## X\n")
            .replace("## E-LATE\n", "## E-ROWS\n")
            .replace("## X\n", "## E-LATE\n");
        assert!(check(&page)[0].contains("order"));
    }
}
