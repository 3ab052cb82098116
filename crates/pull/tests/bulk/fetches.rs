//! What a server that behaves gives: runs, increments, deletions, continued files.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use renkei_pull::Kind;
use renkei_pull::bulk::{Progress, deletions, pull};
use renkei_types::SystemClock;
use serde_json::json;

use super::{NDJSON, Server, TIME, config, files, manifest, plain, quietly, reply, resources};

const DATES: [&str; 2] = ["Wed, 25 Nov 2026 07:00:00 GMT", "Wed, 25 Nov 2026 07:00:01 GMT"];

#[test]
fn a_run_and_what_changed_since() {
    let dir = tempfile::tempdir().unwrap();
    let (out, token) = (dir.path().join("out"), dir.path().join("token"));
    fs::write(&token, "t0ken\n").unwrap();
    restrict(&token);
    let mut polls = 0;
    let server = Server::start(move |seen| match seen.line.as_str() {
        "GET /r4/status/1" => {
            polls += 1;
            match polls {
                1 => reply(202).with("retry-after", "0").with("x-progress", "30 % of \u{e9}verything"),
                2 => reply(202).with("retry-after", DATES[1]).with("date", DATES[0]),
                _ => manifest(json!({
                    "transactionTime": TIME, "request": "x", "requiresAccessToken": true,
                    "output": [{ "type": "Patient", "url": "/files/0", "count": 3 },
                        { "type": "Patient", "url": "/files/0" }],
                    "deleted": [{ "type": "Bundle", "url": "/gone" }],
                    "error": [{ "type": "OperationOutcome", "url": "/outcome" }],
                })),
            }
        }
        "GET /gone" => reply(200).body(
            NDJSON,
            json!({ "resourceType": "Bundle", "entry": [
            { "request": { "method": "DELETE", "url": "Patient/9" } },
            { "request": { "method": "DELETE", "url": "Observation/7" } },
        ] })
            .to_string(),
        ),
        "GET /outcome" => reply(200).body(NDJSON, resources("OperationOutcome", 2)),
        _ => plain(seen, &[("Patient", resources("Patient", 3))]),
    });
    let more = format!("types = ['Patient']\n[auth]\nkind = 'bearer'\ntoken_file = '{}'", token.display());
    let config = config(&server.url("http", "127.0.0.1"), &more);
    let mut heard = Vec::new();
    let pulled = pull(&config, &out, Arc::new(SystemClock), &mut |progress| heard.push(progress)).unwrap();
    assert_eq!((pulled.transaction_time.as_str(), pulled.since), (TIME, None));
    let found: Vec<_> = pulled.files.iter().map(|file| (file.name.as_str(), file.resources, file.bytes)).collect();
    assert_eq!(found, [("Patient.00001.ndjson", 3, 108), ("Patient.00002.ndjson", 3, 108)]);
    assert_eq!((pulled.outcomes, pulled.discarded), (2, true));
    assert_eq!(
        pulled.deleted.into_iter().collect::<Vec<_>>(),
        [("Observation".to_owned(), 1), ("Patient".to_owned(), 1)]
    );
    assert_eq!(pulled.folder, out.join("000001"));
    let expected = [
        "000001/Patient.00001.ndjson",
        "000001/Patient.00002.ndjson",
        "000001/deleted/Bundle.00001.ndjson",
        "000001/errors/OperationOutcome.00001.ndjson",
        "export.json",
    ];
    assert_eq!(files(&out), expected);
    assert_eq!(fs::read_to_string(out.join(expected[1])).unwrap(), resources("Patient", 3));
    assert_eq!(deletions(&pulled.deleted_files[0], &mut |_, _| {}).unwrap(), 0);
    let Progress::Preparing { said, waited } = &heard[0] else { unreachable!("{heard:?}") };
    assert_eq!(said.as_deref(), Some("30 % of verything"));
    assert!(*waited < Duration::from_secs(60));
    assert!(matches!(heard.last(), Some(Progress::Fetching { done: 4, of: 4, .. })), "{heard:?}");

    let seen = server.seen();
    assert_eq!(seen[0].line, "GET /r4/Patient/$export?_outputFormat=application%2Ffhir%2Bndjson&_type=Patient");
    assert_eq!(
        (seen[0].header("prefer"), seen[0].header("accept")),
        (Some("respond-async"), Some("application/fhir+json"))
    );
    assert!(seen.iter().all(|seen| seen.header("authorization") == Some("Bearer t0ken")));
    assert_eq!(seen.last().unwrap().line, "DELETE /r4/status/1");

    let again = quietly(&config, &out).unwrap();
    assert_eq!((again.since.as_deref(), again.folder), (Some(TIME), out.join("000002")));
    let kick = &server.seen()[seen.len()].line;
    assert!(kick.ends_with("&_type=Patient&_since=2026-11-25T16%3A00%3A00.000%2B09%3A00"), "{kick}");
    // Another question begins anew.
    let mut wider = config.clone();
    wider.types.clear();
    assert_eq!(quietly(&wider, &out).unwrap().since, None);
    let mut whole = wider.clone();
    whole.incremental = false;
    assert_eq!(quietly(&whole, &out).unwrap().since, None);
    assert_eq!(quietly(&wider, &out).unwrap().since.as_deref(), Some(TIME));

    let other = super::config("http://127.0.0.1:1", "");
    let error = quietly(&other, &out).unwrap_err();
    assert!(error.kind() == Kind::Local && error.to_string().contains("another server"), "{error}");
    let error = quietly(&config, dir.path()).unwrap_err();
    assert!(error.kind() == Kind::Local && error.to_string().contains("something else"), "{error}");
}

fn restrict(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// How a server serves the rest of a broken file.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Rest {
    Range,
    Whole,
    Changed,
    Nameless,
    Unsatisfied,
}

#[test]
fn a_broken_file_is_continued() {
    for rest in [Rest::Range, Rest::Whole, Rest::Changed, Rest::Nameless, Rest::Unsatisfied] {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = (resources("Patient", 5), resources("Observation", 2_000));
        let mut tries = 0;
        let content = second.clone();
        let server = Server::start(move |seen| {
            if seen.line != "GET /files/1" {
                return plain(seen, &[("Patient", first.clone()), ("Observation", content.clone())]);
            }
            tries += 1;
            let whole = reply(200).body(NDJSON, content.as_str());
            let whole = if rest == Rest::Nameless { whole } else { whole.with("etag", "\"v1\"") };
            match (tries, seen.header("range")) {
                (1, None) => whole.cut(10_000),
                (2, Some("bytes=10000-")) if rest == Rest::Range => {
                    assert_eq!(seen.header("if-range"), Some("\"v1\""));
                    let range = format!("bytes 10000-{}/{}", content.len() - 1, content.len());
                    reply(206).body(NDJSON, &content[10_000..]).with("content-range", range)
                }
                (2, Some("bytes=10000-")) if rest == Rest::Unsatisfied => reply(416),
                (2, Some("bytes=10000-")) if matches!(rest, Rest::Whole | Rest::Changed) => whole,
                (2, None) if rest == Rest::Nameless => whole,
                (3, None) if rest == Rest::Unsatisfied => whole,
                other => panic!("{other:?} for {rest:?}"),
            }
        });
        let config = config(&server.url("http", "127.0.0.1"), "");
        let error = quietly(&config, dir.path()).unwrap_err();
        assert!(error.kind() == Kind::Unreachable && error.to_string().contains("broke the connection off"), "{error}");
        let left = ["000001.part/Observation.00002.ndjson", "000001.part/Patient.00001.ndjson", "export.json"];
        assert_eq!(files(dir.path()), left, "{rest:?}");
        let pulled = match quietly(&config, dir.path()) {
            Err(error) if rest == Rest::Unsatisfied => {
                assert!(error.to_string().contains("cannot continue"), "{error}");
                quietly(&config, dir.path()).unwrap()
            }
            other => other.unwrap(),
        };
        assert_eq!(fs::read_to_string(pulled.folder.join("Observation.00002.ndjson")).unwrap(), second, "{rest:?}");
        let lines = server.lines();
        let count = |wanted: &str| lines.iter().filter(|line| line.contains(wanted)).count();
        assert_eq!((count("$export"), count("GET /r4/status"), count("/files/0")), (1, 1, 1), "{rest:?}: {lines:?}");
    }
}

#[test]
fn a_broken_file_is_continued_within_a_call() {
    let dir = tempfile::tempdir().unwrap();
    let content = resources("Observation", 3_000);
    let whole = content.clone();
    // Breaks off again and again, further each time: more often than there are retries.
    let server = Server::start(move |seen| {
        if seen.line != "GET /files/0" {
            return plain(seen, &[("Observation", whole.clone())]);
        }
        let start: usize = match seen.header("range") {
            Some(range) => range["bytes=".len()..].trim_end_matches('-').parse().unwrap(),
            None => 0,
        };
        let (end, reply) = (whole.len(), reply(if start == 0 { 200 } else { 206 }));
        let reply = reply.body(NDJSON, &whole[start..]).with("etag", "\"v1\"");
        let reply = reply.with("content-range", format!("bytes {start}-{}/{end}", end - 1));
        if end - start > 50_000 { reply.cut(40_000) } else { reply }
    });
    let mut config = config(&server.url("http", "127.0.0.1"), "");
    config.retries = 1;
    let pulled = quietly(&config, dir.path()).unwrap();
    assert_eq!(fs::read_to_string(pulled.folder.join("Observation.00001.ndjson")).unwrap(), content);
}

#[test]
fn an_export_that_the_server_forgot_is_started_anew() {
    for (forgotten, status) in [("/r4/status/1", 404), ("/files/0", 410), ("/files/0", 403)] {
        let dir = tempfile::tempdir().unwrap();
        let (mut down, mut gone, mut kicks) = (true, true, 0);
        let server = Server::start(move |seen| {
            if seen.line.contains("$export") {
                kicks += 1;
                gone = kicks == 1;
                return reply(202).with("content-location", "/r4/status/1");
            }
            let asked = seen.line == format!("GET {forgotten}");
            if asked && std::mem::take(&mut down) {
                return reply(503);
            }
            if asked && gone { reply(status) } else { plain(seen, &[("Patient", resources("Patient", 1))]) }
        });
        let config = config(&server.url("http", "127.0.0.1"), "");
        assert_eq!(quietly(&config, dir.path()).unwrap_err().kind(), Kind::Unreachable);
        let pulled = quietly(&config, dir.path()).unwrap();
        assert_eq!(pulled.folder, dir.path().join("000001"));
        let lines = server.lines();
        assert_eq!(lines.iter().filter(|line| line.contains("$export")).count(), 2, "{lines:?}");
        assert_eq!(files(dir.path()), ["000001/Patient.00001.ndjson", "export.json"]);
    }
}

#[test]
fn a_run_without_changes() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(|seen| plain(seen, &[]));
    let pulled = quietly(&config(&server.url("http", "127.0.0.1"), "scope = { group = 'g-1' }"), dir.path()).unwrap();
    assert!(pulled.files.is_empty() && pulled.folder.is_dir());
    assert!(server.lines()[0].starts_with("GET /r4/Group/g-1/$export?"));
}
