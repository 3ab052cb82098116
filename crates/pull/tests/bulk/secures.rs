//! Who may see the token, and whom the node believes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, PKCS_ECDSA_P384_SHA384};
use renkei_pull::Kind;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use super::{Server, TIME, config, manifest, plain, quietly, reply, resources};

fn private(path: PathBuf, text: &str) -> PathBuf {
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path
}

fn bearer(dir: &Path) -> String {
    let token = private(dir.join("token"), "t0ken");
    format!("[auth]\nkind = 'bearer'\ntoken_file = '{}'", token.display())
}

#[test]
fn the_token_stays_at_home() {
    for (wants, named, shown) in [(true, false, false), (true, true, true), (false, true, false)] {
        let dir = tempfile::tempdir().unwrap();
        let other = Server::start(|_| reply(200).body(super::NDJSON, resources("Patient", 1)));
        let moved = other.url("http", "localhost");
        let server = Server::start(move |seen| match seen.line.as_str() {
            "GET /r4/status/1" => manifest(json!({ "transactionTime": TIME, "requiresAccessToken": wants, "output": [
                { "type": "Patient", "url": format!("{moved}/elsewhere") }, { "type": "Patient", "url": "/moved" },
            ] })),
            "GET /moved" => reply(307).with("location", format!("{moved}/redirected")),
            _ => plain(seen, &[]),
        });
        let hosts = if named { "token_hosts = ['localhost']\n" } else { "" };
        let config = config(&server.url("http", "127.0.0.1"), &format!("{hosts}{}", bearer(dir.path())));
        quietly(&config, &dir.path().join("out")).unwrap();
        let seen = other.seen();
        assert_eq!(other.lines(), ["GET /elsewhere", "GET /redirected"]);
        for seen in seen {
            assert_eq!(seen.header("authorization").is_some(), shown, "{} {wants} {named}", seen.line);
        }
        for seen in server.seen() {
            assert_eq!(seen.header("authorization").is_some(), wants || seen.line != "GET /moved", "{}", seen.line);
        }
    }
}

/// An authority, a server's certificate for `localhost` and a client's, in files.
struct Certificates {
    ca: PathBuf,
    server: ServerConfig,
    strict: ServerConfig,
    client: (PathBuf, PathBuf),
}

fn certificates(dir: &Path) -> Certificates {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let make = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
        (certificate.pem(), key.serialize_pem())
    };
    let (certificate, key) = make("localhost");
    let mut roots = RootCertStore::empty();
    roots.add(ca.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let builder =
        || ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().unwrap();
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = || PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let (client, client_key) = make("node");
    Certificates {
        ca: private(dir.join("ca.pem"), &ca.pem()),
        server: builder().with_no_client_auth().with_single_cert(chain.clone(), key()).unwrap(),
        strict: builder().with_client_cert_verifier(verifier).with_single_cert(chain, key()).unwrap(),
        client: (private(dir.join("client.pem"), &client), private(dir.join("client.key"), &client_key)),
    }
}

#[test]
fn certificates_are_checked_both_ways() {
    let dir = tempfile::tempdir().unwrap();
    let Certificates { ca, server, strict, client } = certificates(dir.path());
    let answer = |seen: &super::Seen| plain(seen, &[("Patient", resources("Patient", 3))]);
    let server = Server::with(Some(server), answer);
    let trusted = format!("ca_file = '{}'\n", ca.display());
    let pull = |base: &str, more: &str, out: &str| quietly(&config(base, more), &dir.path().join(out));
    pull(&server.url("https", "localhost"), &trusted, "good").unwrap();
    let error = pull(&server.url("https", "127.0.0.1"), &trusted, "name").unwrap_err();
    assert!(error.kind() == Kind::Refused && error.to_string().contains("another name"), "{error}");
    let other = tempfile::tempdir().unwrap();
    let stranger = format!("ca_file = '{}'\n", certificates(other.path()).ca.display());
    let error = pull(&server.url("https", "localhost"), &stranger, "stranger").unwrap_err();
    assert!(error.kind() == Kind::Refused && error.to_string().contains("ca_file"), "{error}");

    let strict = Server::with(Some(strict), answer);
    let error = pull(&strict.url("https", "localhost"), &trusted, "nobody").unwrap_err();
    assert!(error.kind() == Kind::Refused && error.to_string().contains("client certificate"), "{error}");
    let own = format!(
        "{trusted}client_certificate_file = '{}'\nclient_key_file = '{}'",
        client.0.display(),
        client.1.display()
    );
    pull(&strict.url("https", "localhost"), &own, "known").unwrap();
    let plain = Server::start(answer);
    let error = pull(&plain.url("https", "localhost"), &trusted, "plain").unwrap_err();
    assert!(error.to_string().contains("does not speak TLS"), "{error}");
}

#[test]
fn through_a_proxy() {
    let dir = tempfile::tempdir().unwrap();
    let Certificates { ca, server, .. } = certificates(dir.path());
    let server = Server::with(Some(server), |seen| plain(seen, &[("Patient", resources("Patient", 3))]));
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            tell.send(listener.local_addr().unwrap()).unwrap();
            for number in 0.. {
                let (mut io, _) = listener.accept().await.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(io.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                if number == 0 {
                    io.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await.unwrap();
                    continue;
                }
                let target = head.strip_prefix("CONNECT ").unwrap().split(' ').next().unwrap().to_owned();
                let mut onward = TcpStream::connect(target.replace("localhost", "127.0.0.1")).await.unwrap();
                io.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
                tokio::spawn(async move { copy_bidirectional(&mut io, &mut onward).await });
            }
        });
    });
    let gate = told.recv().unwrap();
    let more = format!("proxy = 'http://{gate}'\nca_file = '{}'\n", ca.display());
    let config = config(&server.url("https", "localhost"), &more);
    let error = quietly(&config, &dir.path().join("out")).unwrap_err();
    assert!(error.to_string().contains("answers 403"), "{error}");
    quietly(&config, &dir.path().join("out")).unwrap();
}

#[test]
fn smart_backend_services() {
    let dir = tempfile::tempdir().unwrap();
    let key = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    let key = private(dir.path().join("smart.key"), &key.serialize_pem());
    let mut granted = 0;
    let server = Server::start(move |seen| {
        if seen.line == "POST /token" {
            granted += 1;
            let token = json!({ "access_token": format!("t{granted}"), "token_type": "bearer", "expires_in": 300 });
            return reply(200).body("application/json", token.to_string());
        }
        // The first token is taken back in the middle.
        match (seen.header("authorization"), seen.line.contains("/files/")) {
            (Some("Bearer t1"), false) | (Some("Bearer t2"), true) => {
                plain(seen, &[("Patient", resources("Patient", 1))])
            }
            (Some("Bearer t2"), false) if seen.line.starts_with("DELETE") => reply(202),
            _ => reply(401),
        }
    });
    let base = server.url("http", "127.0.0.1");
    let auth = |client: &str| {
        format!(
            "[auth]\nkind = 'smart'\nclient_id = '{client}'\n\
             token_url = '{base}/token'\nkey_file = '{}'\nkey_id = 'k1'",
            key.display()
        )
    };
    let pulled = quietly(&config(&base, &auth("node-1")), &dir.path().join("out")).unwrap();
    assert!(pulled.discarded);
    let asked: Vec<_> = server.seen().into_iter().filter(|seen| seen.line == "POST /token").collect();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(asked[0].header("authorization"), None);
    let form: std::collections::BTreeMap<_, _> =
        url::form_urlencoded::parse(asked[0].body.as_bytes()).into_owned().collect();
    assert_eq!(form["grant_type"], "client_credentials");
    assert_eq!(form["scope"], "system/*.read");
    assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    assert_eq!(form["client_assertion"].split('.').count(), 3);

    let strict = Server::start(|_| reply(400).body("application/json", "{\"error\":\"invalid_client\"}"));
    let more = auth("stranger").replace(&base, &strict.url("http", "127.0.0.1"));
    let error = quietly(&config(&base, &more), &dir.path().join("other")).unwrap_err();
    assert!(error.kind() == Kind::Refused && error.to_string().contains("client_id"), "{error}");
}
