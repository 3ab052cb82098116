//! The command line.

pub mod audit;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use renkei_types::QueryId;

use crate::lang::Lang;
use crate::output::Format;
use crate::{exit, param};

/// Asks one question over all hospitals of a consortium.
#[derive(Debug, Parser)]
#[command(
    name = "renkei",
    version,
    max_term_width = 100,
    after_help = "Flags go before the environment, the environment \
    before the profile in the configuration file; `renkei profile show` prints what is in effect."
)]
pub struct Cli {
    /// Where to ask, and as whom.
    #[command(flatten)]
    pub connection: Connection,
    /// How to speak on standard error.
    #[command(flatten)]
    pub talk: Talk,
    /// What the shell says about the person and the terminal.
    #[command(flatten)]
    pub surroundings: Surroundings,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Where to ask, and as whom.
#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// The gateway: `host:port`, `flightsql://host:port` or `https://host[:port]`
    #[arg(long, global = true, env = "RENKEI_GATEWAY", value_name = "ADDRESS")]
    pub gateway: Option<String>,
    /// Certificate of the consortium's authority (PEM)
    #[arg(long, global = true, env = "RENKEI_CA", value_name = "FILE")]
    pub ca: Option<String>,
    /// Your certificate (PEM)
    #[arg(long, global = true, env = "RENKEI_CERT", value_name = "FILE")]
    pub cert: Option<String>,
    /// The key to your certificate (PEM)
    #[arg(long, global = true, env = "RENKEI_KEY", value_name = "FILE")]
    pub key: Option<String>,
    /// A bearer token, in place of or beside the certificate
    #[arg(long, global = true, env = "RENKEI_TOKEN_FILE", value_name = "FILE")]
    pub token_file: Option<String>,
    /// The project under which to ask
    #[arg(long, global = true, env = "RENKEI_PROJECT", value_name = "ID")]
    pub project: Option<String>,
    /// The folder of receipts, or `off` to keep none [default: ~/.local/share/renkei/receipts]
    #[arg(long, global = true, env = "RENKEI_RECEIPTS", value_name = "DIR")]
    pub receipts: Option<String>,
    /// The profile of the configuration file [default: default]
    #[arg(long, global = true, env = "RENKEI_PROFILE", value_name = "NAME")]
    pub profile: Option<String>,
    /// The configuration file [default: ~/.config/renkei/config.toml]
    #[arg(long, global = true, env = "RENKEI_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// How to speak on standard error.
#[derive(Debug, Args)]
#[command(next_help_heading = "Messages")]
pub struct Talk {
    /// Language of status and errors [default: from the locale]
    #[arg(long, global = true, env = "RENKEI_LANG")]
    pub lang: Option<Lang>,
    /// No progress and no status of the sites; errors are still printed
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Status on standard error as text or as one line of JSON
    #[arg(long, global = true, env = "RENKEI_STATUS", value_name = "FORM", default_value = "text")]
    pub status: StatusForm,
}

/// The form of the status on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StatusForm {
    /// For people.
    Text,
    /// One JSON object in one line, errors included.
    Json,
}

/// What the shell says about the person and the terminal. Read here since this is the one place for the environment.
#[derive(Debug, Args)]
pub struct Surroundings {
    /// The locale that overrides all.
    #[arg(long = "env-lc-all", global = true, hide = true, env = "LC_ALL")]
    pub lc_all: Option<String>,
    /// The locale of messages.
    #[arg(long = "env-lc-messages", global = true, hide = true, env = "LC_MESSAGES")]
    pub lc_messages: Option<String>,
    /// The locale otherwise.
    #[arg(long = "env-locale", global = true, hide = true, env = "LANG")]
    pub locale: Option<String>,
    /// No colours where it is not empty (no-color.org).
    #[arg(long = "env-no-color", global = true, hide = true, env = "NO_COLOR")]
    pub no_color: Option<String>,
    /// The kind of terminal.
    #[arg(long = "env-term", global = true, hide = true, env = "TERM")]
    pub term: Option<String>,
    /// The folder of configuration files (XDG base directories).
    #[arg(long = "env-config-home", global = true, hide = true, env = "XDG_CONFIG_HOME")]
    pub config_home: Option<PathBuf>,
    /// The folder of a person's data (XDG base directories).
    #[arg(long = "env-data-home", global = true, hide = true, env = "XDG_DATA_HOME")]
    pub data_home: Option<PathBuf>,
    /// The folder of what can be made again (XDG base directories).
    #[arg(long = "env-cache-home", global = true, hide = true, env = "XDG_CACHE_HOME")]
    pub cache_home: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Asks a question in SQL and prints the answer
    #[command(after_help = query_help())]
    Query(Query),
    /// Says what a question would do at each site, and what would leave, without asking it
    #[command(after_help = exit::table())]
    Explain(Explain),
    /// Checks that the logs of the gateway and of the hospitals hold what they promised of your questions
    Receipts(Receipts),
    /// Lists your own questions, the newest first, as they were kept with their receipts
    History(History),
    /// Shows one of your questions: statement, sites, snapshots, hash of its rows, receipts
    Show(OneQuestion),
    /// Asks one of your questions again and says whether the rows are the same on the same snapshots
    Rerun(OneQuestion),
    /// Brings the whole answer of a question that was answered before every site had ended
    #[command(after_help = exit::table())]
    Fetch(Fetch),
    /// Lists the sites: connected or not, snapshot, persons, vocabulary, seal
    Sites(Listing),
    /// Lists the tables, or the columns of one table
    Tables(Tables),
    /// Searches, verifies, compares and exports audit logs, from their files
    #[command(subcommand)]
    Audit(Box<audit::AuditCommand>),
    /// Lists the codes in use at the hospitals, as far as they publish them
    Codes(Codes),
    /// Makes an authority with certificates for development and demonstrations
    DevCa(DevCa),
    /// Signs maps from codes to concepts, once for all hospitals of a consortium
    #[command(subcommand)]
    Map(MapCommand),
    /// Shows the settings in effect and where each comes from
    #[command(subcommand)]
    Profile(ProfileCommand),
    /// Prints the completion script of a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

fn query_help() -> String {
    format!("{}\n{}", param::HELP, exit::table())
}

/// A statement, from one of three places.
#[derive(Debug, Args)]
pub struct Statement {
    /// The statement; without it and without --file, standard input is read
    pub sql: Option<String>,
    /// Reads the statement from a file, `-` for standard input
    #[arg(long, short, value_name = "FILE", conflicts_with = "sql")]
    pub file: Option<PathBuf>,
}

/// How to print rows.
#[derive(Debug, Args)]
pub struct Print {
    /// Form of the output [default: by the name of --out; else table on a terminal, json in a pipe]
    #[arg(long, value_name = "FORM")]
    pub output: Option<Format>,
    /// Writes to a file, which appears when it is whole
    #[arg(long, short = 'o', value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Begins CSV with a byte-order mark, which Excel needs for Japanese text
    #[arg(long)]
    pub csv_bom: bool,
    /// Rows that a table shows at most; 0 for all
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub max_rows: usize,
}

/// Asks a question.
#[derive(Debug, Args)]
pub struct Query {
    /// The question.
    #[command(flatten)]
    pub statement: Statement,
    /// The form of the answer.
    #[command(flatten)]
    pub print: Print,
    /// Value of the next parameter ($1, $2, …); may be repeated
    #[arg(long = "param", short = 'p', value_name = "VALUE", allow_hyphen_values = true)]
    pub params: Vec<String>,
    /// How long the sites have to answer, such as 30s or 2m
    #[arg(long, value_name = "TIME")]
    pub deadline: Option<String>,
    /// Fails unless at least this many sites contribute
    #[arg(long, value_name = "N")]
    pub min_sites: Option<String>,
    /// Whether renkei_sites and renkei_held are added; without them a total with a held part is NULL
    #[arg(long, value_name = "SWITCH", default_value = "on")]
    pub columns: Switch,
    /// Adds NAME_low and NAME_high, between which a count lies whatever is held
    #[arg(long)]
    pub bounds: bool,
    /// Answers after this time without the sites that are still at work; `renkei fetch` brings theirs
    #[arg(long, value_name = "TIME")]
    pub wait: Option<String>,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Yes.
    On,
    /// No.
    Off,
}

/// Fetches the rest of an answer.
#[derive(Debug, Args)]
pub struct Fetch {
    /// The id of the question, as `renkei query` printed it
    pub query_id: String,
    /// The form of the answer.
    #[command(flatten)]
    pub print: Print,
    /// Answers after this time without the sites that are still at work
    #[arg(long, value_name = "TIME")]
    pub wait: Option<String>,
}

/// Lists codes.
#[derive(Debug, Args)]
pub struct Codes {
    /// Only codes of this system, such as ICD10 or HOT9
    #[arg(long, value_name = "SYSTEM")]
    pub system: Option<String>,
    /// Only codes of this form: % stands for any text, _ for one character
    #[arg(long, value_name = "PATTERN")]
    pub like: Option<String>,
    /// The form of the list.
    #[command(flatten)]
    pub print: Print,
}

/// Explains a question.
#[derive(Debug, Args)]
pub struct Explain {
    /// The question.
    #[command(flatten)]
    pub statement: Statement,
    /// Prints what the language allows and refuses, with an example of each; takes no statement
    #[arg(long, conflicts_with_all = ["sql", "file"])]
    pub rules: bool,
    /// Form of the explanation [default: text]
    #[arg(long = "output", value_name = "FORM", default_value = "text", id = "explain_form")]
    pub form: ExplainForm,
}

/// The form of an explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExplainForm {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Checks receipts.
#[derive(Debug, Args)]
pub struct Receipts {
    /// The questions' ids; without any, every question whose receipts are not proven yet
    #[arg(value_name = "QUERY_ID")]
    pub queries: Vec<QueryId>,
    /// Form of the report [default: text]
    #[arg(long = "output", value_name = "FORM", default_value = "text", id = "receipts_form")]
    pub form: ExplainForm,
}

/// Lists questions.
#[derive(Debug, Args)]
pub struct History {
    /// Part of the statement
    pub text: Option<String>,
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
    /// Form of the list [default: text]
    #[arg(long = "output", value_name = "FORM", default_value = "text", id = "history_form")]
    pub form: ExplainForm,
}

/// One question.
#[derive(Debug, Args)]
pub struct OneQuestion {
    /// The question's id, as the answer and `renkei history` tell it
    #[arg(value_name = "QUERY_ID")]
    pub query: QueryId,
    /// Form of the account [default: text]
    #[arg(long = "output", value_name = "FORM", default_value = "text", id = "question_form")]
    pub form: ExplainForm,
}

/// Lists something.
#[derive(Debug, Args)]
pub struct Listing {
    /// The form of the list.
    #[command(flatten)]
    pub print: Print,
}

/// Lists tables or columns.
#[derive(Debug, Args)]
pub struct Tables {
    /// The table whose columns to list
    pub table: Option<String>,
    /// The form of the list.
    #[command(flatten)]
    pub print: Print,
}

/// Makes a development authority.
#[derive(Debug, Args)]
pub struct DevCa {
    /// The folder for the files
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// The consortium's id
    #[arg(long, value_name = "ID")]
    pub consortium: String,
    /// A hospital's id; may be repeated
    #[arg(long = "site", value_name = "ID")]
    pub sites: Vec<String>,
    /// The id of somebody who asks; may be repeated
    #[arg(long = "person", value_name = "ID")]
    pub people: Vec<String>,
    /// A host name of the gateway beside localhost; may be repeated
    #[arg(long = "dns", value_name = "HOST")]
    pub dns: Vec<String>,
    /// The gateway's id
    #[arg(long, value_name = "ID", default_value = "gateway")]
    pub gateway_id: String,
    /// Days until the certificates expire [default: 397]
    #[arg(long, value_name = "N")]
    pub days: Option<u32>,
}

/// About maps that a consortium shares.
#[derive(Debug, Subcommand)]
pub enum MapCommand {
    /// Makes the coordinator's key, and prints the half that hospitals configure
    Key(MapKey),
    /// Signs a map: writes a note beside it that says what it is, and by whom
    Sign(MapSign),
    /// Checks a map against its note and the coordinator's public key
    Check(MapCheck),
}

/// Makes a key.
#[derive(Debug, Args)]
pub struct MapKey {
    /// Under what name it signs, such as `consortium.example/maps`
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// The file for the secret half, which nobody else may read; one that exists is left as it is
    #[arg(long, short = 'o', value_name = "FILE")]
    pub out: PathBuf,
}

/// Signs a map.
#[derive(Debug, Args)]
pub struct MapSign {
    /// The map: a CSV file of source_to_concept_map, or an export of Usagi
    pub map: PathBuf,
    /// The coordinator's key, as `renkei map key` made it
    #[arg(long = "signing-key", value_name = "FILE")]
    pub signing_key: PathBuf,
    /// What the map is called in all its versions [default: the file's name without its ending]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Its version, larger than any before [default: one more than that of the note beside the map]
    #[arg(long, value_name = "N")]
    pub version: Option<u64>,
}

/// Checks a map.
#[derive(Debug, Args)]
pub struct MapCheck {
    /// The map
    pub map: PathBuf,
    /// The coordinator's public key, as `renkei map key` printed it; may be repeated
    #[arg(long = "trusted-key", value_name = "KEY", required = true)]
    pub trust: Vec<String>,
}

/// About profiles.
#[derive(Debug, Clone, Copy, Subcommand)]
pub enum ProfileCommand {
    /// Prints the settings in effect and where each comes from
    Show,
}

/// The shells with completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// GNU Bash.
    Bash,
    /// Z shell.
    Zsh,
    /// Fish.
    Fish,
}
