//! `renkei-node pull`: records behind a server into a folder, which `ingest` reads.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use renkei_pull::{bulk, postgres};
use renkei_types::SystemClock;
use serde::de::DeserializeOwned;

use super::print;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Copies OMOP tables from PostgreSQL, as of one moment, into Parquet files.
    Postgres(Args),
    /// Copies a Bulk Data export of a FHIR server into files of NDJSON, and goes on where the last run ended.
    Fhir(Args),
    /// Prints commented settings for one of them.
    Sample {
        /// For which.
        #[arg(value_enum)]
        of: Of,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Of {
    /// PostgreSQL.
    Postgres,
    /// FHIR.
    Fhir,
}

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Where the server is and how to sign in (TOML); `renkei-node pull sample` prints one.
    #[arg(long, value_name = "FILE")]
    settings: PathBuf,
    /// Folder to copy into: empty for PostgreSQL, always the same one for FHIR.
    folder: PathBuf,
}

const POSTGRES: &str = "\
# renkei-node pull postgres --settings this-file FOLDER
# An account that may only read: GRANT SELECT ON ALL TABLES IN SCHEMA cdm TO renkei;
# 読み取り専用のアカウントを使います。

# Host, or the absolute path of the folder of its socket. / ホスト名、またはソケットのフォルダ。
host = \"db.example.org\"
port = 5432
database = \"omop\"
user = \"renkei\"
# Its first line is the password; nobody else may read the file. / パスワードを書いたファイル(他人が読めないこと)。
password_file = \"/etc/renkei/omop.password\"
schema = \"cdm\"
# vocabulary_schema = \"vocab\"
# Authorities of the server's certificate; those of the system by default. / サーバー証明書の認証局。
# ca_file = \"/etc/renkei/hospital-ca.pem\"
# \"off\" is for this machine and for sockets only. / 暗号化なしは同一マシンかソケットの場合だけ。
tls = \"require\"
# The hospital's time zone: times with a zone are read in it. / 病院の時間帯(時差付きの日時はこの時刻として読みます)。
time_zone = \"Asia/Tokyo\"
# Tables that are left out. / 取り込まない表。
skip = []
rows_per_page = 20000
statement_timeout_seconds = 300
connect_timeout_seconds = 15
";

const FHIR: &str = "\
# renkei-node pull fhir --settings this-file FOLDER
# FHIR Bulk Data Access ($export)

base = \"https://fhir.example.org/r4\"
# \"patients\", \"system\", or { group = \"cohort-1\" }
scope = \"patients\"
# Types of resources; all by default. / リソースの種類(省略するとすべて)。
types = []
# Ask only for what changed since the last run. / 前回以降の変更だけを取得。
incremental = true
# Other hosts that files may come from with the token. / トークンを送ってよい他のホスト。
token_hosts = []
# ca_file = \"/etc/renkei/hospital-ca.pem\"
# proxy = \"http://gate.example.org:3128\"

# kind = \"none\"; or \"bearer\" with token_file; or \"smart\" (SMART backend services) with client_id, token_url, key_file, key_id
[auth]
kind = \"none\"
";

pub(super) fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Postgres(args) => postgres(args),
        Command::Fhir(args) => fhir(args),
        Command::Sample { of } => {
            print(match of {
                Of::Postgres => POSTGRES,
                Of::Fhir => FHIR,
            })?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn settings<T: DeserializeOwned>(path: &Path) -> anyhow::Result<T> {
    let text = std::fs::read_to_string(path).with_context(|| format!("`{}` cannot be read", path.display()))?;
    toml::from_str(&text).with_context(|| format!("`{}` is wrong", path.display()))
}

fn postgres(args: &Args) -> anyhow::Result<ExitCode> {
    let bar = bar();
    let pulled = postgres::pull(&settings(&args.settings)?, &args.folder, &mut |now| {
        bar.set_length(now.estimate.unwrap_or(0).max(now.rows));
        bar.set_position(now.rows);
        bar.set_message(now.table);
    });
    bar.finish_and_clear();
    let pulled = pulled?;
    let mut text = format!("{}, as of one moment:\n", pulled.server);
    for table in &pulled.tables {
        writeln!(text, "  {:24} {} rows", table.table, table.rows)?;
        for lost in &table.lost {
            writeln!(text, "    {}: {} values that its type cannot hold are empty", lost.column, lost.values)?;
        }
        for skipped in &table.skipped {
            let near = skipped.nearest.as_ref().map(|near| format!("; is it {near}?")).unwrap_or_default();
            writeln!(text, "    {} is no column of the CDM{near}", skipped.column)?;
        }
    }
    if pulled.may_write {
        writeln!(text, "  ! this account may write; one that may only read is safer")?;
    }
    writeln!(text, "Then: renkei-node ingest {}", args.folder.display())?;
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn fhir(args: &Args) -> anyhow::Result<ExitCode> {
    let bar = bar();
    let pulled = bulk::pull(&settings(&args.settings)?, &args.folder, Arc::new(SystemClock), &mut |now| match now {
        bulk::Progress::Preparing { .. } => bar.set_message("the server prepares"),
        bulk::Progress::Fetching { bytes, done, of, .. } => {
            bar.set_length(of as u64);
            bar.set_position(done as u64);
            bar.set_message(format!("{bytes} bytes"));
        }
    });
    bar.finish_and_clear();
    let pulled = pulled?;
    let mut text = format!("{} as of {}:\n", pulled.folder.display(), pulled.transaction_time);
    for file in &pulled.files {
        writeln!(text, "  {:32} {} resources", file.name, file.resources)?;
    }
    for (kind, count) in &pulled.deleted {
        writeln!(text, "  ! {count} {kind} were deleted at the server; a full export takes them out")?;
    }
    if pulled.outcomes > 0 {
        writeln!(text, "  ! {} messages of the server are in the folder errors", pulled.outcomes)?;
    }
    writeln!(text, "Then: renkei-node ingest {}", args.folder.display())?;
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(4));
    match ProgressStyle::with_template("{spinner} {msg:24} {bar:30} {human_pos}/{human_len} {per_sec} {eta}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_samples_are_settings() {
        toml::from_str::<postgres::Config>(POSTGRES).unwrap();
        toml::from_str::<bulk::Config>(FHIR).unwrap();
    }
}
