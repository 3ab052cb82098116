//! Links from one file of the repository to another lead somewhere.

use std::path::{Component, Path};

use crate::Repository;
use crate::markdown::{anchor, headings, links, prose};

/// Links in Markdown files that lead nowhere.
#[must_use]
pub fn check(repository: &Repository) -> Vec<String> {
    let mut problems = Vec::new();
    for (path, text) in repository.texts(".md") {
        for (number, line) in prose(&text) {
            for link in links(line) {
                if let Some(problem) = broken(repository, path, &link) {
                    problems.push(format!("{path}:{number}: {problem}"));
                }
            }
        }
    }
    problems
}

fn broken(repository: &Repository, from: &str, link: &str) -> Option<String> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (file, heading) = link.split_once('#').map_or((link, None), |(file, heading)| (file, Some(heading)));
    let target = if file.is_empty() { Some(from.to_owned()) } else { resolve(from, file) };
    let Some(target) = target.filter(|target| repository.has(target)) else {
        return Some(format!("`{link}` leads to no file of the repository; paths start at this file's folder"));
    };
    let heading = heading.filter(|_| target.ends_with(".md"))?;
    let text = repository.text(&target)?;
    let known = headings(&text).any(|(_, title)| anchor(title) == heading);
    (!known).then(|| format!("`{link}`: {target} has no heading with that anchor"))
}

/// The path from the root; `None` where it leaves the repository.
fn resolve(from: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for component in Path::new(link).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(parts.pop()?),
            Component::Normal(part) => parts.push(part.to_str()?),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_start_at_the_files_folder() {
        assert_eq!(resolve("docs/a/b.md", "../c.md").as_deref(), Some("docs/c.md"));
        assert_eq!(resolve("README.md", "docs/./x").as_deref(), Some("docs/x"));
        assert_eq!(resolve("README.md", "../x"), None);
        assert_eq!(resolve("README.md", "/etc"), None);
    }

    #[test]
    fn dead_links_are_found() -> anyhow::Result<()> {
        let repository = Repository::open()?;
        let of = |link: &str| broken(&repository, "docs/sql.md", link);
        assert_eq!(of("errors.md"), None);
        assert_eq!(of("errors.md#e-rows"), None);
        assert_eq!(of("../crates"), None);
        assert!(of("no-such-file.md").is_some_and(|problem| problem.contains("no file")));
        assert!(of("errors.md#e-nothing").is_some_and(|problem| problem.contains("no heading")));
        Ok(())
    }
}
