//! The text of a statement without what does not matter: the same statement typed again is the same question.

/// Lower case outside of quotes, one space between words, no comments, no semicolon at the end.
#[must_use]
pub fn canonical(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut chars = sql.chars().peekable();
    let mut gap = false;
    while let Some(c) = chars.next() {
        match c {
            '-' if chars.peek() == Some(&'-') => {
                while chars.next_if(|c| *c != '\n').is_some() {}
                gap = true;
            }
            '/' if chars.peek() == Some(&'*') => {
                let mut last = ' ';
                chars.next();
                for c in chars.by_ref() {
                    if last == '*' && c == '/' {
                        break;
                    }
                    last = c;
                }
                gap = true;
            }
            '\'' | '"' => {
                space(&mut out, &mut gap);
                out.push(c);
                for quoted in chars.by_ref() {
                    out.push(quoted);
                    if quoted == c {
                        break;
                    }
                }
            }
            c if c.is_whitespace() => gap = true,
            c => {
                space(&mut out, &mut gap);
                out.extend(c.to_lowercase());
            }
        }
    }
    while out.ends_with([';', ' ']) {
        out.pop();
    }
    out
}

fn space(out: &mut String, gap: &mut bool) {
    if *gap && !out.is_empty() {
        out.push(' ');
    }
    *gap = false;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_does_not_matter_goes() {
        let same = "select count(*) from person where x = 'A  b--c'";
        for text in [
            "SELECT  count(*)\nFROM person WHERE x = 'A  b--c' ;",
            "-- who\nselect /* all */ count(*) from person where x = 'A  b--c'",
        ] {
            assert_eq!(canonical(text), same);
        }
        for other in
            ["select count(*) from person where x = 'a  b--c'", "select count(*) from persons where x = 'A  b--c'"]
        {
            assert_ne!(canonical(other), same);
        }
        assert_eq!(canonical("/* open"), "");
        assert_eq!(canonical("a 'open"), "a 'open");
    }
}
