//! The rules, on this repository.

use anyhow::{Context, Result, ensure};
use renkei_tidy::commands::{self, Known};
use renkei_tidy::metadata::Lock;
use renkei_tidy::{Metadata, Repository, errors, layers, links, manifests, sources, words};

fn none(problems: &[String]) -> Result<()> {
    ensure!(problems.is_empty(), "{} to mend:\n  {}", problems.len(), problems.join("\n  "));
    Ok(())
}

fn workspace() -> Result<(Repository, Metadata)> {
    let repository = Repository::open()?;
    let metadata = Metadata::read(repository.root())?;
    Ok((repository, metadata))
}

#[test]
fn dependencies_point_down() -> Result<()> {
    none(&layers::direction(&workspace()?.1))
}

#[test]
fn forbidden_dependencies_stay_away() -> Result<()> {
    none(&layers::never(&workspace()?.1))
}

#[test]
fn pure_crates_do_no_io() -> Result<()> {
    let (repository, metadata) = workspace()?;
    let lock = Lock::parse(&repository.text("Cargo.lock").context("Cargo.lock")?)?;
    none(&layers::purity(&metadata, &lock))
}

#[test]
fn manifests_inherit() -> Result<()> {
    let repository = Repository::open()?;
    let members = repository.texts("/Cargo.toml");
    none(&members.flat_map(|(path, text)| manifests::member(path, &text)).collect::<Vec<_>>())
}

#[test]
fn crates_open_with_an_essay() -> Result<()> {
    let (repository, metadata) = workspace()?;
    none(&sources::crate_docs(&repository, &metadata))
}

#[test]
fn files_stay_readable() -> Result<()> {
    none(&sources::shape(Repository::open()?.texts(".rs")))
}

#[test]
fn every_error_code_has_its_page() -> Result<()> {
    none(&errors::check(&Repository::open()?.text(errors::FILE).context(errors::FILE)?))
}

#[test]
fn no_machine_is_named() -> Result<()> {
    let repository = Repository::open()?;
    none(&repository.texts("").flat_map(|(path, text)| words::check(path, &text)).collect::<Vec<_>>())
}

#[test]
fn links_lead_somewhere() -> Result<()> {
    none(&links::check(&Repository::open()?))
}

#[test]
fn documented_commands_exist() -> Result<()> {
    let (repository, metadata) = workspace()?;
    let known = Known { repository: &repository, metadata: &metadata };
    none(&repository.texts(".md").flat_map(|(path, text)| commands::check(known, path, &text)).collect::<Vec<_>>())
}
