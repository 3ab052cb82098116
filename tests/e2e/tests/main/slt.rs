//! The files of `tests/slt`: the language, rule by rule, in sqllogictest's format.

use std::fmt::Write as _;
use std::path::Path;

use renkei_e2e::records::{Person, SEXES};
use renkei_e2e::{Consortium, Records, Site};

/// What a file asks, with the line where it stands.
struct Record {
    line: usize,
    sql: String,
    expected: Expected,
}

enum Expected {
    Answer,
    Refusal(String),
    Rows { rows: Vec<String>, sorted: bool },
}

/// Reads `statement ok`, `statement error CODE` and `query TYPES [rowsort]` with rows after four dashes.
fn read(path: &Path) -> Vec<Record> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines().enumerate().peekable();
    let mut records = Vec::new();
    while let Some((at, line)) = lines.next() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut take = |stop: &dyn Fn(&str) -> bool| {
            let mut taken = Vec::new();
            while let Some((_, line)) = lines.next_if(|(_, line)| !stop(line.trim())) {
                taken.push(line.trim().to_owned());
            }
            taken
        };
        let sql = take(&|line| line.is_empty() || line == "----").join("\n");
        let words: Vec<&str> = line.split_whitespace().collect();
        let expected = match words.as_slice() {
            ["statement", "ok"] => Expected::Answer,
            ["statement", "error", code] => Expected::Refusal((*code).to_owned()),
            ["query", _, rest @ ..] => {
                let rows = take(&|line| line.is_empty()).split_off(1);
                Expected::Rows { rows, sorted: rest == ["rowsort"] }
            }
            _ => panic!("{}:{}: `{line}` is no record", path.display(), at + 1),
        };
        records.push(Record { line: at + 1, sql, expected });
    }
    records
}

fn consortium() -> Consortium {
    let of = |n: usize, person: Person| (0..n).map(move |_| person.clone());
    let ill = |person: Person| Person { diseases: vec![201_826], ..person };
    let [man, woman] = SEXES;
    let tokyo = Records::of(of(12, Person::new(man, 1950).visiting(1, 2021).tested(Some(5.0))))
        .and(of(12, ill(Person::new(woman, 1960).tested(Some(7.0)))));
    let osaka = Records::of(of(20, ill(Person::new(man, 1950).visiting(2, 2021).tested(Some(6.0)))));
    let kochi = Records::of(of(4, Person::new(woman, 1970).tested(Some(9.0))));
    Consortium::start([Site::with("tokyo", tokyo), Site::with("osaka", osaka), Site::with("kochi", kochi)])
}

/// What is not as the file says, if anything.
fn check(consortium: &Consortium, record: &Record) -> Option<String> {
    let answer = consortium.client().ask(&record.sql);
    match (&record.expected, answer) {
        (Expected::Answer, Ok(_)) => None,
        (Expected::Refusal(code), Err(refused)) if refused.code().as_str() == code => None,
        (Expected::Rows { rows, sorted }, Ok(answer)) => {
            let mut found: Vec<String> = answer.cells.iter().map(|row| row.join(" ")).collect();
            if *sorted {
                found.sort();
            }
            (found != *rows).then(|| format!("the rows are\n{}", found.join("\n")))
        }
        (_, Ok(answer)) => Some(format!("it is answered: {:?}", answer.rows())),
        (_, Err(refused)) => Some(format!("it is refused: {:?}", refused.refusal)),
    }
}

#[test]
fn slt() {
    let folder = Path::new("../slt");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "slt"));
    files.sort();
    assert!(files.len() >= 10, "the files of tests/slt: {files:?}");
    let consortium = consortium();
    let mut failures = String::new();
    for path in &files {
        let records = read(path);
        assert!(records.len() >= 2, "{} asks hardly anything", path.display());
        for record in records {
            if let Some(why) = check(&consortium, &record) {
                let name = path.file_name().unwrap().to_string_lossy();
                writeln!(failures, "{name}:{}: {}\n{why}\n", record.line, record.sql).unwrap();
            }
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}
