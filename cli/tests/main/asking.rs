//! Questions and their answers: what is on which stream, and how the program ends.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use renkei_pki::ClientAuth;
use serde_json::Value;

use crate::server::Server;
use crate::shell::{Desk, exists, ran};

const JSON: &str = "{\"病名\":\"糖尿病\",\"n\":120,\"renkei_held\":0}\n{\"病名\":\"喘息\",\"n\":null,\"renkei_held\":1}\n\
                    {\"病名\":null,\"n\":30,\"renkei_held\":0}\n";

fn desk() -> (Desk, Server) {
    let desk = Desk::new();
    let server = Server::start(&desk.pki(), ClientAuth::Required);
    (desk, server)
}

#[test]
fn data_is_on_stdout_and_everything_else_on_stderr() {
    let (desk, server) = desk();
    let ran = desk.ask(&server, &["query", "ok"]);
    assert_eq!((ran.status, ran.out.as_str()), (0, JSON), "{ran:?}");
    assert!(ran.err.contains("warning: 漢字 ok\n"), "{}", ran.err);
    assert!(ran.err.contains(" tokyo │ answered │ 12 ms │\n"), "{}", ran.err);
    assert!(
        ran.err.contains("1 of 1 sites in the answer (75 % of the consortium's persons) · 3 rows in "),
        "{}",
        ran.err
    );
    assert!(ran.err.trim_end().ends_with("· query q-1"), "{}", ran.err);
    assert!(!ran.err.contains('\u{1b}'), "no colours and no spinner off a terminal: {}", ran.err);
    let quiet = desk.ask(&server, &["query", "ok", "-q"]);
    assert_eq!((quiet.status, quiet.out.as_str(), quiet.err.as_str()), (0, JSON, ""));
}

#[test]
fn the_statement_also_comes_from_a_file_or_stdin() {
    let (desk, server) = desk();
    fs::write(desk.path("q.sql"), "\u{feff}ok").unwrap();
    assert_eq!(desk.ask(&server, &["query", "-q", "-f", "q.sql"]).out, JSON);
    for args in [&["query", "-q"][..], &["query", "-q", "-f", "-"]] {
        let mut child = desk.asking(&server, args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"ok").unwrap();
        assert_eq!(ran(child.wait_with_output().unwrap()).out, JSON);
    }
    let none = desk.ask(&server, &["query"]);
    assert_eq!((none.status, none.err.as_str()), (2, "error: the statement is empty\n"));
}

#[test]
fn a_table_marks_what_is_held() {
    let (desk, server) = desk();
    let ran = desk.ask(&server, &["query", "ok", "--output", "table"]);
    assert_eq!(
        ran.out,
        " 病名   │   n │ renkei_held │\n────────┼─────┼─────────────┼───\n 糖尿病 │ 120 │           0 │\n \
         喘息   │   – │           1 │ *\n –      │  30 │           0 │\n"
    );
    assert!(
        ran.err.starts_with("* 1 row: 1 site holds 0 to 9 persons here; the numbers leave them out\n"),
        "{}",
        ran.err
    );
}

#[test]
fn a_missing_site_is_status_3_in_both_languages() {
    let (desk, server) = desk();
    let en = desk.ask(&server, &["query", "partial"]);
    assert_eq!((en.status, en.out.as_str()), (3, JSON));
    assert!(
        en.err.contains(" osaka │ late     │ 12 ms │ E-LATE: no answer in 30 s; ask again with a longer"),
        "{}",
        en.err
    );
    let output = desk.asking(&server, &["query", "partial"]).env("LANG", "ja_JP.UTF-8").output().unwrap();
    let ja = ran(output);
    assert_eq!(ja.status, 3);
    assert!(ja.err.contains(" osaka │ 期限切れ │") && ja.err.contains("2施設中1施設が回答(対象者の75%)"), "{}", ja.err);
    assert_eq!(desk.ask(&server, &["query", "silent"]).status, 5);
    assert_eq!(desk.ask(&server, &["query", "bare"]).status, 0);
}

#[test]
fn a_refusal_points_at_its_place_and_prints_no_data() {
    let (desk, server) = desk();
    let ran = desk.ask(&server, &["query", "SELECT '糖尿病',\n  '値', foo FROM person"]);
    assert_eq!((ran.status, ran.out.as_str()), (2, ""));
    assert_eq!(
        ran.err,
        "error: E-COLUMN: SELECT: `foo` is not a column of person (line 2, column 9)\n\
         2 |   '値', foo FROM person\n  |          ^\nhint: write `gender_concept_id`\n"
    );
}

#[test]
fn each_kind_of_no_has_its_status() {
    let (desk, server) = desk();
    let few = desk.ask(&server, &["query", "few"]);
    assert_eq!((few.status, few.out.as_str()), (5, ""));
    assert!(
        few.err.starts_with("error: E-MIN-SITES: 1 of 2 sites answered") && few.err.contains(" osaka │ late"),
        "{few:?}"
    );
    assert_eq!(desk.ask(&server, &["query", "denied"]).status, 4);
    let fails = desk.ask(&server, &["query", "fails"]);
    assert_eq!((fails.status, fails.err.as_str()), (1, "error: the gateway says: boom\n"));
    let unreadable = desk.ask(&server, &["query", "unreadable"]);
    assert_eq!((unreadable.status, unreadable.out.as_str()), (1, ""));
    assert!(unreadable.err.contains("the answer cannot be used"), "{unreadable:?}");
}

#[test]
fn an_answer_that_breaks_off_is_a_failure_and_leaves_no_file() {
    let (desk, server) = desk();
    for name in ["a.csv", "a.parquet"] {
        let ran = desk.ask(&server, &["query", "breaks", "-o", name]);
        assert_eq!(ran.status, 1, "{ran:?}");
        assert!(!exists(&desk.path(name)));
    }
}

#[test]
fn status_for_machines_is_one_line() {
    let (desk, server) = desk();
    let partial = desk.ask(&server, &["query", "partial", "--status", "json"]);
    let line: Value = serde_json::from_str(&partial.err).unwrap();
    assert_eq!((&line["status"], &line["exit_status"], &line["rows"]), (&"partial".into(), &3.into(), &3.into()));
    assert_eq!(line["answer"]["sites"][1]["code"], "E-LATE");
    let denied = desk.ask(&server, &["query", "denied", "--status", "json"]);
    let line: Value = serde_json::from_str(&denied.err).unwrap();
    assert_eq!((&line["status"], &line["error"]["code"]), (&"denied".into(), &"E-GRANT-TABLE".into()));
}

#[test]
fn wishes_travel_as_headers() {
    let (desk, server) = desk();
    fs::write(desk.path("token"), "s3cret\n").unwrap();
    let args =
        ["query", "headers", "--deadline", "30s", "--min-sites", "2", "--token-file", "token", "--output", "csv"];
    let ran = desk.ask(&server, &args);
    for line in
        ["renkei-deadline,30s\n", "renkei-min-sites,2\n", "renkei-project,p-1\n", "authorization,Bearer s3cret\n"]
    {
        assert!(ran.out.contains(line), "{line} {ran:?}");
    }
    for args in
        [["query", "ok", "--deadline", "soon"], ["query", "ok", "--min-sites", "0"], ["query", "ok", "--project", "No"]]
    {
        assert_eq!(desk.ask(&server, &args).status, 2, "{args:?}");
    }
}

#[test]
fn parameters_are_bound_and_the_statement_is_closed() {
    let (desk, server) = desk();
    let ran = desk.ask(
        &server,
        &["query", "-q", "S", "--param", "5", "-p", "-1.5", "-p", "2024-01-01", "-p", "text:7", "--output", "csv"],
    );
    assert_eq!(ran.out, "bound\nbound S $1:Int64=5 $2:Float64=-1.5 $3:Date32=2024-01-01 $4:Utf8=7\n", "{ran:?}");
    assert_eq!(server.log.lines(), ["prepared S", "closed"]);
    assert_eq!(
        desk.ask(&server, &["query", "S", "-p", "int:x"]).err,
        "error: parameter $1: `x` is not of the type `int`\n"
    );
}

#[test]
fn a_parquet_file_carries_the_question() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    let (desk, server) = desk();
    assert_eq!(desk.ask(&server, &["query", "ok", "-o", "a.parquet"]).status, 0);
    let reader = SerializedFileReader::new(fs::File::open(desk.path("a.parquet")).unwrap()).unwrap();
    let metadata = reader.metadata().file_metadata();
    let pairs = metadata.key_value_metadata().unwrap();
    let of = |key: &str| pairs.iter().find(|kv| kv.key == key).and_then(|kv| kv.value.as_deref());
    assert_eq!((of("renkei.sql"), of("renkei.query_id")), (Some("ok"), Some("q-1")));
    assert_eq!((of("renkei.project"), of("renkei.snapshots")), (Some("p-1"), Some("tokyo=s-tokyo")));
    assert_eq!(metadata.num_rows(), 3);
}

#[test]
fn a_file_has_the_mode_of_its_predecessor_or_of_the_umask() {
    use std::os::unix::fs::PermissionsExt;
    let (desk, server) = desk();
    let mode = |name: &str| fs::metadata(desk.path(name)).unwrap().permissions().mode() & 0o777;
    fs::write(desk.path("plain"), "").unwrap();
    fs::write(desk.path("private.csv"), "").unwrap();
    fs::set_permissions(desk.path("private.csv"), fs::Permissions::from_mode(0o600)).unwrap();
    for name in ["new.csv", "private.csv"] {
        assert_eq!(desk.ask(&server, &["query", "ok", "-o", name]).status, 0);
    }
    assert_eq!((mode("new.csv"), mode("private.csv")), (mode("plain"), 0o600));
}

#[test]
fn a_reader_that_hangs_up_is_no_error() {
    let (desk, server) = desk();
    let mut child =
        desk.asking(&server, &["query", "many"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let ran = ran(child.wait_with_output().unwrap());
    assert_eq!((line.as_str(), ran.status, ran.err.as_str()), (JSON.split_inclusive('\n').next().unwrap(), 0, ""));
}

#[test]
fn a_long_table_stops_and_says_so() {
    let (desk, server) = desk();
    let ran = desk.ask(&server, &["query", "many", "--output", "table"]);
    assert_eq!((ran.status, ran.out.lines().count()), (0, 10_002));
    assert!(
        ran.err.contains("the first 10000 rows are shown and there are more: `--max-rows 0` shows all"),
        "{}",
        ran.err
    );
    let csv = desk.ask(&server, &["query", "many", "--output", "csv"]);
    assert_eq!((csv.status, csv.out.lines().count()), (0, 60_001));
}

#[test]
fn an_interrupt_reaches_the_gateway() {
    let (desk, server) = desk();
    let mut child = desk.asking(&server, &["query", "hangs", "-o", "a.csv"]).stderr(Stdio::piped()).spawn().unwrap();
    assert!(server.log.comes("hanging"));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let status = child.wait().unwrap();
    let mut err = String::new();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    assert_eq!(status.code(), Some(130), "{err}");
    assert!(err.contains("the hospitals stop working on it"), "{err}");
    assert!(server.log.comes("dropped"));
    let left: Vec<_> = fs::read_dir(desk.path("")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["pki"], "no half-written file stays");
}

#[test]
fn explain_does_not_ask() {
    let (desk, server) = desk();
    let ran = desk.ask(&server, &["explain", " \nSELECT\n 1"]);
    assert_eq!((ran.status, ran.out.as_str()), (0, "site · tokyo\n  EXPLAIN  \n  SELECT\n   1\n"));
    assert_eq!(desk.ask(&server, &["explain", "SELECT 1", "--output", "json"]).out, "{\"k\":10}\n");
}

#[test]
fn lists_are_statements_on_the_gateways_tables() {
    let (desk, server) = desk();
    let asked = |args: &[&str]| desk.ask(&server, args).out;
    assert_eq!(asked(&["sites"]), "{\"asked\":\"SELECT * FROM renkei.sites ORDER BY site_id\"}\n");
    assert!(asked(&["sites", "--output", "table"]).contains("SELECT site_id, name, state"));
    assert!(asked(&["tables", "PERSON"]).contains("table_schema = 'cdm' AND table_name = 'person' ORDER BY position"));
    let unknown = desk.ask(&server, &["tables", "persn"]);
    assert_eq!(
        (unknown.status, unknown.err.as_str()),
        (2, "error: there is no table `persn`\nhint: did you mean `person`?\n")
    );
}
