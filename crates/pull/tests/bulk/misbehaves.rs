//! Servers that misbehave: each is an error that says what to do, and nothing is taken for whole.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use renkei_pull::Kind;
use serde_json::json;

use super::server::{Reply, Seen};
use super::{NDJSON, Server, TIME, config, files, manifest, plain, quietly, reply, resources};

/// Pulls from a server that answers as plain ones do, except where `odd` has another answer.
fn refused(
    mut odd: impl FnMut(&Seen) -> Option<Reply> + Send + 'static,
    kind: Kind,
    expected: &[&str],
    given_up: bool,
) {
    let dir = tempfile::tempdir().unwrap();
    let server =
        Server::start(move |seen| odd(seen).unwrap_or_else(|| plain(seen, &[("Patient", resources("Patient", 3))])));
    let config = config(&server.url("http", "127.0.0.1"), "job_timeout_seconds = 2\nmax_file_bytes = 2000");
    let error = quietly(&config, dir.path()).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), kind, "{text}");
    for words in expected {
        assert!(text.contains(words), "{text}\nlacks {words}");
    }
    assert!(!text.contains("Taro"), "{text}");
    let lines = server.lines();
    assert_eq!(lines.iter().any(|line| line.starts_with("DELETE")), given_up, "{text}: {lines:?}");
    assert!(files(dir.path()).iter().all(|file| file == "export.json" || file.starts_with("000001.part/")), "{text}");
}

fn at(line: &'static str, reply: Reply) -> impl FnMut(&Seen) -> Option<Reply> + Send + 'static {
    move |seen| seen.line.starts_with(line).then(|| reply.clone())
}

const KICK: &str = "GET /r4/Patient/$export";
const POLL: &str = "GET /r4/status/1";
const FILE: &str = "GET /files/0";

#[test]
fn kick_off() {
    let outcome =
        json!({ "resourceType": "OperationOutcome", "issue": [{ "code": "not-supported", "diagnostics": "Taro" }] });
    let outcome = reply(400).body("application/fhir+json", outcome.to_string());
    refused(at(KICK, outcome), Kind::Source, &["answers 400 to the request to export", "not-supported"], false);
    refused(at(KICK, reply(401)), Kind::Refused, &["401", "check auth"], false);
    refused(at(KICK, reply(403)), Kind::Refused, &["403", "administrator"], false);
    refused(at(KICK, reply(404)), Kind::Source, &["404", "check base and scope"], false);
    refused(at(KICK, reply(503)), Kind::Unreachable, &["503"], false);
    refused(at(KICK, reply(200)), Kind::Source, &["answers 200"], false);
    refused(at(KICK, reply(202)), Kind::Source, &["Content-Location"], false);
    let away = reply(202).with("content-location", "http://fhir.example.org/status");
    refused(at(KICK, away), Kind::Source, &["not encrypted"], false);
    let circle = reply(302).with("location", "/r4/Patient/$export");
    refused(at(KICK, circle), Kind::Source, &["in a circle"], false);
    let clear = reply(307).with("location", "http://fhir.example.org/r4");
    refused(at(KICK, clear), Kind::Source, &["not encrypted"], false);
    refused(at(KICK, reply(301)), Kind::Source, &["to nowhere"], false);
}

#[test]
fn waiting() {
    let endless = reply(202).with("retry-after", "1");
    refused(at(POLL, endless), Kind::Unreachable, &["did not finish", "job_timeout_seconds"], true);
    refused(at(POLL, reply(500)), Kind::Unreachable, &["answers 500"], true);
    refused(at(POLL, reply(502)), Kind::Unreachable, &["answers 502"], false);
    refused(at(POLL, reply(404)), Kind::Source, &["answers 404"], true);
    let page = reply(200).body("text/html; charset=utf-8", "<html>Taro</html>");
    refused(at(POLL, page), Kind::Source, &["text/html"], true);
    refused(at(POLL, reply(200).body("application/json", "{\"Taro\":1}")), Kind::Source, &["transactionTime"], true);
    let large = reply(200).body("application/json", " ".repeat(33 << 20));
    refused(at(POLL, large), Kind::Source, &["more than 32 MiB"], true);
    let away = json!({ "type": "Patient", "url": "http://files.example.org/1" });
    let away = manifest(json!({ "transactionTime": TIME, "output": [away] }));
    refused(at(POLL, away), Kind::Source, &["not encrypted"], true);
}

#[test]
fn files_that_are_none() {
    let page = reply(200).body("text/html", "<html>Taro</html>");
    refused(at(FILE, page), Kind::Source, &["text/html", "Patient.00001.ndjson"], true);
    let page = reply(200).body(NDJSON, "<html>\nTaro\n</html>");
    refused(at(FILE, page), Kind::Source, &["cut off, or is no NDJSON"], true);
    refused(at(FILE, reply(200).body(NDJSON, resources("Patient", 2))), Kind::Source, &["has 2", "says 3"], true);
    refused(at(FILE, reply(200).body(NDJSON, "{}\n{}\n{\"a\":")), Kind::Source, &["cut off"], true);
    refused(at(FILE, reply(200).body(NDJSON, resources("Patient", 100))), Kind::Source, &["max_file_bytes"], true);
    let packed = reply(200).body(NDJSON, "x").with("content-encoding", "gzip");
    refused(at(FILE, packed), Kind::Source, &["compresses"], true);
    let cut = reply(200).body(NDJSON, resources("Patient", 3)).cut(50);
    refused(at(FILE, cut), Kind::Unreachable, &["broke the connection off"], false);
    refused(at(FILE, reply(404)), Kind::Source, &["404"], true);
    refused(at(FILE, reply(401)), Kind::Refused, &["401"], false);
}

#[test]
fn a_busy_server_is_asked_again_when_it_wishes() {
    let dir = tempfile::tempdir().unwrap();
    let mut busy = 0;
    let server = Server::start(move |seen| {
        busy += 1;
        match busy {
            1 | 3 | 5 => reply(429).with("retry-after", "2"),
            7 => reply(503),
            _ => plain(seen, &[("Patient", resources("Patient", 3))]),
        }
    });
    let mut config = config(&server.url("http", "127.0.0.1"), "");
    config.retries = 1;
    let start = Instant::now();
    quietly(&config, dir.path()).unwrap();
    assert!(start.elapsed() >= Duration::from_secs(6), "{:?}", start.elapsed());
    assert_eq!(server.lines().len(), 7, "the last one is not urgent: {:?}", server.lines());
}

#[test]
fn servers_that_are_none() {
    let dir = tempfile::tempdir().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let quiet = config(&format!("http://127.0.0.1:{port}"), "idle_timeout_seconds = 1");
    let error = quietly(&quiet, dir.path()).unwrap_err();
    assert!(error.kind() == Kind::Unreachable && error.to_string().contains("does not answer"), "{error}");
    drop(silent);
    let error = quietly(&quiet, dir.path()).unwrap_err();
    assert!(error.kind() == Kind::Unreachable && error.to_string().contains("nothing listens"), "{error}");
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = config(&format!("http://{}", other.local_addr().unwrap()), "");
    let other = std::thread::spawn(move || {
        let (mut io, _) = other.accept().unwrap();
        let _ = io.read(&mut [0; 1024]);
        io.write_all(b"SSH-2.0-Taro\r\n\r\n").unwrap();
    });
    let error = quietly(&config, dir.path()).unwrap_err();
    assert!(error.kind() == Kind::Unreachable && error.to_string().contains("does not speak HTTP"), "{error}");
    other.join().unwrap();
}
