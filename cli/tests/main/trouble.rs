//! Connections that cannot be: each has its cause, its remedy and its exit status.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use renkei_pki::{Authority, ClientAuth, Credentials, Request, server_config};
use renkei_types::{Clock, SystemClock, Timestamp};

use crate::server::Server;
use crate::shell::{Desk, Ran, ran};

fn check(ran: &Ran, status: i32, parts: &[&str]) {
    assert_eq!((ran.status, ran.out.as_str()), (status, ""), "{ran:?}");
    for part in parts {
        assert!(ran.err.contains(part), "{part}: {}", ran.err);
    }
    assert!(ran.err.lines().count() <= 2, "{}", ran.err);
}

#[test]
fn nobody_listens() {
    let desk = Desk::new();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Server::start(&desk.pki(), ClientAuth::Required);
    let gateway = format!("127.0.0.1:{port}");
    let ran = desk.ask(&server, &["sites", "--gateway", &gateway]);
    check(&ran, 5, &[&format!("nobody listens at `{gateway}`"), "hint: check host and port of --gateway"]);
    let ran = desk.ask(&server, &["sites", "--gateway", "gateway.invalid:1"]);
    check(&ran, 5, &["the host name `gateway.invalid` cannot be resolved"]);
    check(&desk.ask(&server, &["sites", "--gateway", "http://x:1"]), 2, &["a connection without TLS"]);
}

#[test]
fn another_authority() {
    let (desk, other) = (Desk::new(), Desk::new());
    let server = Server::start(&other.pki(), ClientAuth::Required);
    check(&desk.ask(&server, &["sites"]), 5, &["this consortium's authority did not issue", "--ca"]);
    fs::copy(other.path("pki/ca.pem"), desk.path("other.pem")).unwrap();
    let ran = desk.ask(&server, &["sites", "--ca", "other.pem"]);
    check(&ran, 2, &["`pki/people/taro.pem` was not issued by the authority in `other.pem`"]);
}

#[test]
fn the_gateways_certificate_is_for_another_host_or_peer() {
    let desk = Desk::new();
    let now = SystemClock.now();
    let authority = Authority::load(&desk.pki()).unwrap();
    let issue = |stem: &str, name: &str, dns: &str, now: Timestamp, days: u32| {
        let request = Request { name: name.parse().unwrap(), dns: vec![dns.into()], ip: vec![], valid_days: days };
        let issued = authority.issue(&request, now).unwrap();
        fs::write(desk.path(&format!("pki/{stem}.pem")), issued.cert_pem).unwrap();
        fs::write(desk.path(&format!("pki/{stem}.key")), issued.key_pem).unwrap();
    };
    issue("elsewhere", "renkei://c/gateway/g", "gateway.example.org", now, 1);
    let server = Server::presenting(&desk.pki(), "elsewhere", ClientAuth::Required);
    check(&desk.ask(&server, &["sites"]), 5, &["a certificate for other names: ", "gateway.example.org"]);

    issue("hospital", "renkei://c/site/tokyo", "localhost", now, 1);
    let server = Server::presenting(&desk.pki(), "hospital", ClientAuth::Required);
    check(&desk.ask(&server, &["sites"]), 5, &["is `renkei://c/site/tokyo`, not a gateway"]);

    let long_ago = Timestamp(now.0 - 90 * 86_400_000_000);
    issue("people/old", "renkei://c/person/taro", "localhost", long_ago, 30);
    let args = ["sites", "--cert", "pki/people/old.pem", "--key", "pki/people/old.key"];
    check(&desk.ask(&server, &args), 2, &["`pki/people/old.pem` expired at ", "have a new one issued"]);
    let output = desk.asking(&server, &args).env("RENKEI_LANG", "ja").output().unwrap();
    check(&ran(output), 2, &["エラー: `pki/people/old.pem` は期限切れです"]);
}

#[test]
fn a_certificate_is_asked_for() {
    let desk = Desk::new();
    let server = Server::start(&desk.pki(), ClientAuth::Required);
    fs::write(desk.path("token"), "t").unwrap();
    let gateway = format!("localhost:{}", server.port());
    let args = ["sites", "--gateway", &gateway, "--ca", "pki/ca.pem", "--token-file", "token"];
    let refused = desk.run(&args);
    // TLS 1.3 tells the dialler after the fact; where the alert is lost with the connection, the guess is said as one.
    assert!(matches!(refused.status, 4 | 5), "{refused:?}");
    check(
        &refused,
        refused.status,
        &["your certificate", "--cert"].map(|p| if refused.status == 5 { "certificate" } else { p }),
    );
    let server = Server::start(&desk.pki(), ClientAuth::Optional);
    let gateway = format!("localhost:{}", server.port());
    let ran = desk.run(&["sites", "--gateway", &gateway, "--ca", "pki/ca.pem", "--token-file", "token"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let none = desk.run(&["sites", "--gateway", &gateway, "--ca", "pki/ca.pem"]);
    check(&none, 2, &["no `cert` is set", "--cert, set RENKEI_CERT"]);
}

/// Answers every connection with `answer`, whatever was said.
fn page(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let gateway = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut heard = [0; 4096];
            let _heard = stream.read(&mut heard);
            let _said = stream.write_all(answer);
            thread::sleep(Duration::from_millis(200));
        }
    });
    gateway
}

#[test]
fn a_proxy_speaks_html() {
    let desk = Desk::new();
    let server = Server::start(&desk.pki(), ClientAuth::Required);
    for answer in [&b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>"[..], b""] {
        let ran = desk.ask(&server, &["sites", "--gateway", &page(answer)]);
        check(&ran, 5, &["does not speak TLS (a web server or an HTTP proxy?)", "a proxy on the way"]);
    }
}

#[test]
fn a_web_server_behind_tls_is_not_a_gateway() {
    let desk = Desk::new();
    let file = |name: &str| desk.path(&format!("pki/{name}"));
    let own =
        Credentials::load(&file("ca.pem"), &file("gateway.pem"), &file("gateway.key"), Arc::new(SystemClock)).unwrap();
    let config = server_config(&own, ClientAuth::Optional, &["http/1.1"]).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let gateway = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut session = rustls::ServerConnection::new(config.clone()).unwrap();
            let _failed = session.complete_io(&mut stream.unwrap());
        }
    });
    let server = Server::start(&desk.pki(), ClientAuth::Required);
    check(&desk.ask(&server, &["sites", "--gateway", &gateway]), 5, &["speaks TLS, but not Flight SQL"]);
}
