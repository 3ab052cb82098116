//! The little of Markdown that the rules read: headings, links, fenced blocks.

/// Lines outside of fenced blocks, with their numbers from 1.
pub fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(number, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((number + 1, line))
    })
}

/// A fenced block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The word behind the opening fence.
    pub language: String,
    /// The number of its first line, from 1.
    pub line: usize,
    /// Its lines.
    pub lines: Vec<String>,
}

/// Every fenced block.
#[must_use]
pub fn blocks(text: &str) -> Vec<Block> {
    let (mut blocks, mut open): (Vec<Block>, Option<Block>) = (Vec::new(), None);
    for (number, line) in text.lines().enumerate() {
        match (line.trim_start().strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(language), None) => {
                open = Some(Block { language: language.trim().to_owned(), line: number + 2, lines: Vec::new() });
            }
            (None, Some(block)) => block.lines.push(line.to_owned()),
            (None, None) => {}
        }
    }
    blocks.extend(open);
    blocks
}

/// The headings: level, text.
pub fn headings(text: &str) -> impl Iterator<Item = (usize, &str)> {
    prose(text).filter_map(|(_, line)| {
        let level = line.chars().take_while(|c| *c == '#').count();
        line[level..].strip_prefix(' ').filter(|_| level > 0).map(|title| (level, title.trim()))
    })
}

/// The anchor that a heading gets: lower case, spaces to hyphens, punctuation dropped.
#[must_use]
pub fn anchor(title: &str) -> String {
    let kept = title.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Targets of the links and images in a line, inline code left out.
#[must_use]
pub fn links(line: &str) -> Vec<String> {
    let outside: String = line.split('`').step_by(2).collect::<Vec<_>>().join("``");
    let mut found = Vec::new();
    for (at, mark) in outside.match_indices("](") {
        let target = &outside[at + mark.len()..];
        let Some(end) = target.find(')') else { continue };
        let target = target[..end].split(' ').next().unwrap_or_default();
        found.push(target.trim_matches(['<', '>']).to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_needed() {
        let text = "# A b, c!\n[x](y.md#z) `[no](n)` ![i](p.png \"t\")\n```sh\n# not a heading\nls\n```\n## E-X";
        assert_eq!(headings(text).collect::<Vec<_>>(), [(1, "A b, c!"), (2, "E-X")]);
        assert_eq!(anchor("A b, c!"), "a-b-c");
        assert_eq!(prose(text).flat_map(|(_, line)| links(line)).collect::<Vec<_>>(), ["y.md#z", "p.png"]);
        let block = Block { language: "sh".into(), line: 4, lines: vec!["# not a heading".into(), "ls".into()] };
        assert_eq!(blocks(text), [block]);
    }
}
