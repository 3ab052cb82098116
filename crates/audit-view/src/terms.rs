//! Words to search by. Latin words as they are, in lower case; Japanese has no blanks, so of each run every pair of
//! neighbours is a word, and its last character.

/// The words of a text, separated by blanks, as the full-text table takes them.
pub(crate) fn words(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    each(text, &mut |word, _| {
        out.push_str(word);
        out.push(' ');
    });
    out
}

/// The question to the full-text table that finds all of what somebody typed; the last letters of a Latin word may be
/// missing. `None` where nothing can be searched for.
pub(crate) fn wanted(typed: &str) -> Option<String> {
    let mut phrases = Vec::new();
    for part in typed.split_whitespace() {
        let (mut latin, mut pairs): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
        let mut end = |latin: &mut Vec<String>| {
            if !latin.is_empty() {
                phrases.push(format!("\"{}\" *", latin.join(" ")));
                latin.clear();
            }
        };
        each(part, &mut |word, kind| match kind {
            Word::Latin => latin.push(word.to_owned()),
            Word::Pair => {
                end(&mut latin);
                pairs.push(format!("\"{word}\""));
            }
            Word::Last(alone) => {
                end(&mut latin);
                if alone {
                    pairs.push(format!("\"{word}\" *"));
                }
            }
        });
        end(&mut latin);
        phrases.extend(pairs);
    }
    (!phrases.is_empty()).then(|| phrases.join(" AND "))
}

#[derive(Clone, Copy)]
enum Word {
    Latin,
    Pair,
    /// The last character of a run, and whether it is the only one.
    Last(bool),
}

fn each(text: &str, take: &mut dyn FnMut(&str, Word)) {
    let lower = text.to_lowercase();
    let mut latin = String::new();
    let mut run: Vec<char> = Vec::new();
    for c in lower.chars().chain([' ']) {
        let is_latin = c.is_ascii_alphanumeric();
        let is_run = !c.is_ascii() && c.is_alphanumeric();
        if !is_latin && !latin.is_empty() {
            take(&latin, Word::Latin);
            latin.clear();
        }
        if !is_run && !run.is_empty() {
            for pair in run.windows(2) {
                take(&pair.iter().collect::<String>(), Word::Pair);
            }
            if let Some(last) = run.last() {
                take(&last.to_string(), Word::Last(run.len() == 1));
            }
            run.clear();
        }
        if is_latin {
            latin.push(c);
        } else if is_run {
            run.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn japanese_is_cut_into_pairs_and_latin_into_words() {
        assert_eq!(words("糖尿病 person_id=5"), "糖尿 尿病 病 person id 5 ");
        assert_eq!(wanted("Person_Id").unwrap(), "\"person id\" *");
        assert_eq!(wanted("糖尿病").unwrap(), "\"糖尿\" AND \"尿病\"");
        assert_eq!(wanted("病").unwrap(), "\"病\" *");
        assert_eq!(wanted("count(*) 心不全の疫学").unwrap().matches(" AND ").count(), 5);
        assert_eq!(wanted("  \" ; "), None);
    }
}
