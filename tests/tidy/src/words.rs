//! What no file may say: where one machine keeps its files, and where one network gets its packages.

/// Folders of one machine. Split, so that this file does not say them either.
const PLACES: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Use", "rs/")];

/// Settings that send a package manager elsewhere.
const SETTINGS: &[&str] = &[
    concat!("--index", "-url"),
    concat!("--extra-index", "-url"),
    concat!("--find", "-links"),
    concat!("--trusted", "-host"),
    concat!("replace", "-with"),
    concat!("[source", "."),
];

/// Parts of names that hosts of packages have inside institutions.
const HOSTS: &[&str] = &["artifactory", "mirror", "nexus", "proxy", "pypi", "registry"];

/// The one source of crates that a lock file may name.
const CRATES: &str = concat!("registry+https", "://github.com/rust-lang/crates.io-index");

/// Violations in one file.
#[must_use]
pub fn check(path: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut add = |what: String| problems.push(format!("{path}:{}: {what}", number + 1));
        for place in PLACES.iter().filter(|place| says(line, place)) {
            add(format!(
                "`{place}` is a folder of one machine; use a path from the repository's root or an example such as /srv/…"
            ));
        }
        for setting in SETTINGS.iter().filter(|setting| line.contains(**setting)) {
            add(format!("`{setting}` belongs into the configuration of a machine, not into the repository"));
        }
        for host in hosts(line).filter(|host| HOSTS.iter().any(|part| host.contains(part))) {
            add(format!("`{host}` looks like a host of packages; name the package, not where one network gets it"));
        }
    }
    problems
}

/// Whether the line has the path at the start of a word: `a/work/b` is another path.
fn says(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|c| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '}' | '/')))
    })
}

/// Hosts of the addresses in a line.
fn hosts(line: &str) -> impl Iterator<Item = &str> {
    let lock = line.contains(CRATES);
    line.match_indices("://").filter(move |_| !lock).filter_map(|(at, mark)| {
        line[at + mark.len()..].split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))).next()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_hosts_are_found() {
        for bad in [
            format!("cd {}main", PLACES[0]),
            format!("\"{}x\"", PLACES[1]),
            format!("pip install {} https://example.org", SETTINGS[0]),
            ["https:", "//crates.mirror.example.org/x"].concat(),
            ["http:", "//registry.example.org"].concat(),
        ] {
            assert_eq!(check("f", &bad).len(), 1, "{bad}");
        }
        for good in [
            format!("target{}x and {{dir}}{}", PLACES[0], PLACES[1]),
            format!("source = \"{CRATES}\""),
            "flightsql://gateway.example.org:7443 https://example.org/mirror".to_owned(),
        ] {
            assert_eq!(check("f", &good), Vec::<String>::new(), "{good}");
        }
    }
}
