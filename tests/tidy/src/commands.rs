//! Commands that the documentation tells people to type exist: programs, subcommands, options, packages, scripts.
//!
//! The command lines are read from the programs' sources, where clap derives them from enumerations and fields, and not
//! from built programs, which a run of these tests alone would not have.

use crate::markdown::blocks;
use crate::{Metadata, Repository};

/// Programs of other people that the documentation may use.
const OTHERS: &[&str] = &[
    "apt-get",
    "cd",
    "cp",
    "export",
    "git",
    "install",
    "journalctl",
    "mkdir",
    "openssl",
    "pip",
    "printf",
    "python",
    "sha256sum",
    "systemctl",
    "useradd",
];

/// What the documentation's commands are held to.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// The files.
    pub repository: &'a Repository,
    /// The packages.
    pub metadata: &'a Metadata,
}

/// Violations in all fenced `sh` blocks of a Markdown text.
#[must_use]
pub fn check(known: Known<'_>, path: &str, text: &str) -> Vec<String> {
    let mut problems = Vec::new();
    for block in blocks(text).iter().filter(|block| block.language == "sh") {
        for command in simple_commands(&block.lines.join("\n")) {
            if let Err(problem) = known.command(&command) {
                problems.push(format!("{path}:{}: `{}`: {problem}", block.line, command.join(" ")));
            }
        }
    }
    problems
}

/// The words of each simple command: quotes are honoured, comments and assignments in front are dropped.
fn simple_commands(script: &str) -> Vec<Vec<String>> {
    let (mut commands, mut words, mut word, mut quote) = (Vec::new(), Vec::new(), None::<String>, None);
    let mut chars = script.replace("\\\n", " ").chars().collect::<Vec<_>>().into_iter().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (Some(_), c) => word.get_or_insert_default().push(c),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, '#') if word.is_none() => while chars.next_if(|c| *c != '\n').is_some() {},
            (None, ' ' | '\t') => words.extend(word.take()),
            (None, '\n' | ';' | '|' | '&') => {
                words.extend(word.take());
                commands.push(std::mem::take(&mut words));
            }
            (None, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    commands.push(words);
    commands.into_iter().map(without_prefix).filter(|words| !words.is_empty()).collect()
}

/// Without `sudo`, its options, and assignments.
fn without_prefix(words: Vec<String>) -> Vec<String> {
    let mut words = words.into_iter().peekable();
    while let Some(first) =
        words.next_if(|word| word == "sudo" || word.split_once('=').is_some_and(|(name, _)| is_name(name)))
    {
        if first == "sudo" && words.next_if(|word| word == "-u").is_some() {
            words.next();
        }
    }
    words.collect()
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

impl Known<'_> {
    fn command(self, words: &[String]) -> Result<(), String> {
        let [program, arguments @ ..] = words else { return Ok(()) };
        match program.as_str() {
            "cargo" => self.cargo(arguments),
            "bash" => arguments.first().map_or(Ok(()), |script| self.script(script)),
            script if script.contains('/') => self.script(script),
            other if OTHERS.contains(&other) => Ok(()),
            own => match self.metadata.packages.iter().find(|package| package.has_program(own)) {
                Some(package) => Program::read(self, &package.name)?.check(arguments),
                None => Err(format!(
                    "there is no program `{own}`; add it to OTHERS in tests/tidy/src/commands.rs if it is not ours"
                )),
            },
        }
    }

    fn script(self, path: &str) -> Result<(), String> {
        match self.repository.has(path) {
            true => Ok(()),
            false => Err(format!("there is no `{path}`; paths start at the repository's root")),
        }
    }

    fn cargo(self, arguments: &[String]) -> Result<(), String> {
        let end = arguments.iter().position(|word| word == "--").unwrap_or(arguments.len());
        let (own, passed) = (&arguments[..end], arguments.get(end + 1..).unwrap_or_default());
        let value = |names: &[&str]| {
            let at = own.iter().position(|word| names.contains(&word.as_str()))?;
            own.get(at + 1)
        };
        if let Some(path) = value(&["--path"]) {
            self.script(path)?;
        }
        let package = match value(&["-p", "--package"]) {
            Some(name) => match self.metadata.package(name) {
                Some(package) => package,
                None => return Err(format!("the workspace has no package `{name}`")),
            },
            None => return Ok(()),
        };
        if own.first().is_none_or(|word| word != "run") {
            return Ok(());
        }
        if package.programs().next().is_none() {
            return Err(format!("the package `{}` has no program to run", package.name));
        }
        Program::read(self, &package.name)?.check(passed)
    }
}

/// A program's command line, as its source declares it.
struct Program {
    source: String,
}

impl Program {
    fn read(known: Known<'_>, package: &str) -> Result<Self, String> {
        let package = known.metadata.package(package).ok_or("no such package")?;
        let folder = format!("{}/src/", package.folder(known.repository.root()));
        let texts = known.repository.texts(".rs").filter(|(path, _)| path.starts_with(&folder));
        Ok(Self { source: texts.map(|(_, text)| text).collect() })
    }

    fn check(&self, arguments: &[String]) -> Result<(), String> {
        let subcommands = subcommands(&self.source);
        let mut more = !subcommands.is_empty();
        for word in arguments {
            if let Some(option) = word.strip_prefix("--") {
                self.option(option.split('=').next().unwrap_or(option))?;
            } else if more && !word.starts_with('-') {
                let found = subcommands.iter().find(|(name, _)| name == word);
                let (_, nested) = found.ok_or_else(|| format!("it has no subcommand `{word}`"))?;
                more = *nested;
            }
        }
        Ok(())
    }

    fn option(&self, name: &str) -> Result<(), String> {
        let field = format!(" {}: ", name.replace('-', "_"));
        let given = format!("long = \"{name}\"");
        let known = matches!(name, "help" | "version") || self.source.contains(&given) || self.source.contains(&field);
        if known { Ok(()) } else { Err(format!("it has no option `--{name}`")) }
    }
}

/// The subcommands of all levels, and whether another one follows each.
fn subcommands(source: &str) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut lines = source.lines();
    while let Some(line) = lines.next() {
        if !(line.contains("#[derive(") && line.contains("Subcommand")) {
            continue;
        }
        let mut nested = false;
        for line in lines.by_ref().take_while(|line| *line != "}") {
            let Some(line) = line.strip_prefix("    ") else { continue };
            nested |= line.contains("#[command(subcommand)]");
            if line.starts_with(|c: char| c.is_ascii_uppercase()) {
                let name = line.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
                found.push((kebab(name), std::mem::take(&mut nested)));
            }
        }
    }
    found
}

fn kebab(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(c.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_become_commands() {
        let script =
            "# note\nA=1 renkei query \"SELECT 'a b'\" \\\n  --param 5 | sudo -u x tests/run && printf '%s' y\n";
        let words: Vec<String> = simple_commands(script).iter().map(|words| words.join("·")).collect();
        assert_eq!(words, ["renkei·query·SELECT 'a b'·--param·5", "tests/run", "printf·%s·y"]);
    }

    #[test]
    fn command_lines_are_read_from_sources() {
        let source = "#[derive(Debug, Subcommand)]\npub enum Command {\n    /// Doc\n    DevCa(DevCa),\n    #[command(subcommand)]\n    \
            Config(ConfigCommand),\n    Run {\n        #[arg(long)]\n        state_dir: PathBuf,\n    },\n}\n\
            #[derive(Subcommand)]\nenum ConfigCommand {\n    Check,\n}\n";
        let wanted = [("dev-ca", false), ("config", true), ("run", false), ("check", false)];
        assert_eq!(subcommands(source), wanted.map(|(name, nested)| (name.to_owned(), nested)));
        let program = Program { source: source.to_owned() };
        let check = |line: &str| program.check(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        assert_eq!(check("config check"), Ok(()));
        assert_eq!(check("run --state-dir somewhere else"), Ok(()));
        assert!(check("config chek").is_err_and(|problem| problem.contains("chek")));
        assert!(check("run --stat-dir x").is_err_and(|problem| problem.contains("--stat-dir")));
    }

    #[test]
    fn what_does_not_exist_is_found() -> anyhow::Result<()> {
        let repository = Repository::open()?;
        let metadata = Metadata::read(repository.root())?;
        let known = Known { repository: &repository, metadata: &metadata };
        let of = |command: &str| check(known, "x.md", &format!("```sh\n{command}\n```\n"));
        for good in [
            "renkei-node config check --config node.toml",
            "tests/run --rust",
            "cargo build -p renkei-gateway",
            "bash .ci/run",
        ] {
            assert_eq!(of(good), Vec::<String>::new());
        }
        for bad in [
            "renkei-node confg check",
            "renkei query --outputt csv 'SELECT 1'",
            "cargo run -p renkei-plan",
            "cargo run -p renkei-nothing",
            "tests/runn",
            "kubectl apply",
        ] {
            assert_eq!(of(bad).len(), 1, "{bad}");
        }
        Ok(())
    }
}
