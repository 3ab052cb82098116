//! Which crate may see which: dependencies point down, a program never sees another, pure crates see no IO.

use std::collections::BTreeSet;

use crate::Metadata;
use crate::metadata::{Lock, Package};

/// Members from the bottom up. A crate sees the layers below its own.
pub const LAYERS: &[&[&str]] = &[
    &["renkei-types"],
    &["renkei-cdm", "renkei-audit", "renkei-pki"],
    &["renkei-policy", "renkei-disclosure", "renkei-ingest", "renkei-pull", "renkei-proto", "renkei-audit-view"],
    &["renkei-ledger", "renkei-plan", "renkei-staging", "renkei-report"],
    &["renkei-service"],
    &["renkei-node", "renkei-gateway", "renkei"],
    &["renkei-sim-hospital"],
    &["renkei-demo", "renkei-e2e", "renkei-tidy", "renkei-bench"],
    &["renkei-attack"],
];

/// Within one layer only these: a release demands the permit that the policy made.
pub const SIDEWAYS: &[(&str, &str)] = &[("renkei-disclosure", "renkei-policy")];

/// Never, also not through others: who, what, and why.
pub const NEVER: &[(&str, &str, &str)] = &[
    ("renkei-gateway", "renkei-ingest", "the gateway has no code path to records"),
    ("renkei-gateway", "renkei-pull", "the gateway has no code path to records"),
    ("renkei-gateway", "renkei-staging", "the gateway has no code path to records"),
    ("renkei-gateway", "renkei-node", "the gateway has no code path to records"),
    ("renkei", "renkei-node", "a program does not contain another"),
    ("renkei", "renkei-gateway", "a program does not contain another"),
    ("renkei-node", "renkei-gateway", "a program does not contain another"),
    ("renkei-node", "renkei", "a program does not contain another"),
    ("renkei-gateway", "renkei", "a program does not contain another"),
];

/// All that the crates without IO may name in their own manifests beside members of the workspace.
pub const PURE: &[(&str, &[&str])] = &[
    ("renkei-types", &["serde", "sha2", "thiserror", "uuid"]),
    ("renkei-cdm", &["arrow-schema", "strsim"]),
    ("renkei-policy", &["serde", "thiserror"]),
    (
        "renkei-disclosure",
        &["arrow-array", "arrow-buffer", "arrow-row", "arrow-schema", "arrow-select", "roaring", "thiserror"],
    ),
    // chrono for the calendar of date_trunc; its clock is banned by clippy.toml.
    ("renkei-plan", &["chrono", "datafusion", "serde", "sha2", "strsim", "thiserror"]),
];

/// What reads, writes, waits or connects; nothing that a crate of [`PURE`] uses may lead to it. The engine itself does,
/// so `renkei-plan` is held to its own manifest only.
const IMPURE: &[&str] =
    &["datafusion", "hyper", "mio", "object_store", "parquet", "rustls", "socket2", "tokio", "tonic"];

/// Violations of the layers.
#[must_use]
pub fn direction(metadata: &Metadata) -> Vec<String> {
    let layer = |name: &str| LAYERS.iter().position(|members| members.contains(&name));
    let mut problems = Vec::new();
    for package in &metadata.packages {
        let Some(own) = layer(&package.name) else {
            problems.push(format!(
                "{} has no layer: add it to LAYERS in tests/tidy/src/layers.rs, as low as it can be",
                package.name
            ));
            continue;
        };
        for used in package.product() {
            let Some(theirs) = layer(used) else { continue };
            if theirs >= own && !SIDEWAYS.contains(&(package.name.as_str(), used)) {
                problems.push(format!(
                    "{} depends on {used}, which is not below it: move what both need into a lower crate",
                    package.name
                ));
            }
        }
    }
    problems
}

/// Violations of [`NEVER`], through any chain of members.
#[must_use]
pub fn never(metadata: &Metadata) -> Vec<String> {
    NEVER
        .iter()
        .filter(|(who, what, _)| reach(metadata, who).contains(what))
        .map(|(who, what, why)| format!("{who} reaches {what}: {why}; tests of both together belong into tests/e2e"))
        .collect()
}

/// The members that `who` reaches. What its own tests use is in its hands too, what others' tests use is not.
fn reach<'a>(metadata: &'a Metadata, who: &str) -> BTreeSet<&'a str> {
    let (mut seen, mut open) = (BTreeSet::new(), Vec::new());
    let used =
        |package: &'a Package, tests: bool| package.dependencies.iter().filter(move |dep| tests || dep.kind.is_none());
    open.extend(metadata.package(who).into_iter().flat_map(|package| used(package, true)));
    while let Some(dependency) = open.pop() {
        if seen.insert(dependency.name.as_str()) {
            open.extend(metadata.package(&dependency.name).into_iter().flat_map(|package| used(package, false)));
        }
    }
    seen
}

/// Violations of [`PURE`].
#[must_use]
pub fn purity(metadata: &Metadata, lock: &Lock) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, allowed) in PURE {
        let Some(package) = metadata.package(name) else {
            problems.push(format!("{name} is gone: remove it from PURE in tests/tidy/src/layers.rs"));
            continue;
        };
        let foreign: Vec<&str> = package.product().filter(|used| metadata.package(used).is_none()).collect();
        for used in foreign.iter().filter(|used| !allowed.contains(used)) {
            problems.push(format!(
                "{name} may not use {used}: pass in what it needs, or argue for it in PURE in tests/tidy/src/layers.rs"
            ));
        }
        if *name != "renkei-plan" {
            problems.extend(impure(package, &foreign, lock));
        }
    }
    problems
}

fn impure(package: &Package, foreign: &[&str], lock: &Lock) -> Vec<String> {
    let mut problems = Vec::new();
    for used in foreign {
        let reached = lock.reach(used);
        for io in IMPURE.iter().filter(|io| reached.contains(**io)) {
            problems.push(format!(
                "{} reaches {io} through {used}: this crate does no IO; take a smaller dependency",
                package.name
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::Dependency;

    fn package(name: &str, uses: &[&str], tests_use: &[&str]) -> Package {
        let product = uses.iter().map(|name| Dependency { name: (*name).into(), kind: None });
        let tests = tests_use.iter().map(|name| Dependency { name: (*name).into(), kind: Some("dev".into()) });
        let dependencies = product.chain(tests).collect();
        Package { name: name.into(), manifest_path: String::new(), dependencies, targets: Vec::new() }
    }

    #[test]
    fn upward_and_unknown_members_are_found() {
        let packages = vec![
            package("renkei-types", &["renkei-plan"], &[]),
            package("renkei-policy", &["renkei-disclosure"], &[]),
            package("renkei-disclosure", &["renkei-policy"], &["renkei-node"]),
            package("renkei-new", &[], &[]),
        ];
        let problems = direction(&Metadata { packages });
        assert_eq!(problems.len(), 3, "{problems:?}");
        for (problem, wanted) in
            problems.iter().zip(["renkei-types depends", "renkei-policy depends", "renkei-new has no layer"])
        {
            assert!(problem.starts_with(wanted), "{problem}");
        }
    }

    #[test]
    fn forbidden_chains_are_found() {
        let packages = vec![
            package("renkei-gateway", &["renkei-service"], &["renkei-node"]),
            package("renkei-service", &["renkei-ingest"], &[]),
        ];
        let problems = never(&Metadata { packages });
        assert_eq!(problems.len(), 2, "{problems:?}");
    }

    #[test]
    fn impure_dependencies_are_found() {
        let text = "[[package]]\nname = 'thiserror'\ndependencies = ['helper 1.0']\n[[package]]\nname = 'helper'\ndependencies = ['tokio']\n";
        let lock = Lock::parse(text).expect("a lock file");
        let packages = PURE.iter().map(|(name, _)| match *name {
            "renkei-policy" => package(name, &["thiserror", "rand", "renkei-types"], &["tokio"]),
            _ => package(name, &[], &[]),
        });
        let problems = purity(&Metadata { packages: packages.collect() }, &lock);
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].contains("may not use rand") && problems[1].contains("reaches tokio through thiserror"));
    }
}
