//! Manifests: everything that is the same for all members is said once, in the root.

use toml::{Table, Value};

const INHERITED: &[&str] = &["version", "edition", "rust-version", "license", "publish"];

/// Violations in one member's manifest.
#[must_use]
pub fn member(path: &str, text: &str) -> Vec<String> {
    let table: Table = match toml::from_str(text) {
        Ok(table) => table,
        Err(error) => return vec![format!("{path}: {error}")],
    };
    let mut problems = Vec::new();
    let package = table.get("package").and_then(Value::as_table);
    for key in INHERITED {
        if !package.and_then(|package| package.get(*key)).is_some_and(inherits) {
            problems.push(format!("{path}: write `{key}.workspace = true` under [package]"));
        }
    }
    if package.and_then(|package| package.get("description")).and_then(Value::as_str).is_none_or(str::is_empty) {
        problems.push(format!("{path}: say in `description` under [package] what the crate is"));
    }
    if !table.get("lints").is_some_and(inherits) {
        problems.push(format!("{path}: write `workspace = true` under [lints]"));
    }
    for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
        for (name, value) in table.get(kind).and_then(Value::as_table).into_iter().flatten() {
            if !inherits(value) {
                problems.push(format!(
                    "{path}: write `{name}.workspace = true` under [{kind}], and its version into [workspace.dependencies] in the root"
                ));
            }
        }
    }
    problems
}

fn inherits(value: &Value) -> bool {
    value.get("workspace").and_then(Value::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_inherited_is_found() {
        let good = "[package]\nname = 'x'\ndescription = 'y'\nversion.workspace = true\nedition.workspace = true\n\
            rust-version.workspace = true\nlicense.workspace = true\npublish.workspace = true\n[lints]\nworkspace = true\n\
            [dependencies]\ntokio = { workspace = true, features = ['fs'] }\n";
        assert_eq!(member("a", good), Vec::<String>::new());
        for (from, to, wanted) in [
            ("license.workspace = true", "license = 'MIT'", "license.workspace"),
            ("[lints]\nworkspace = true", "[lints]", "[lints]"),
            ("tokio = { workspace = true, features = ['fs'] }", "tokio = '1'", "tokio.workspace"),
            ("description = 'y'", "description = ''", "description"),
        ] {
            let problems = member("a", &good.replace(from, to));
            assert_eq!(problems.len(), 1, "{problems:?}");
            assert!(problems[0].contains(wanted), "{problems:?}");
        }
    }
}
