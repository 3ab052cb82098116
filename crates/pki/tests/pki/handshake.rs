use std::sync::Arc;

use renkei_pki::{
    ClientAuth, NameError, PeerError, check_peer, client_config, client_config_for, peer_name, server_config,
};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{AlertDescription, CertificateError, ClientConfig, Error, RootCertStore, ServerConnection};

use crate::support::{DAY, NOW, Refused, authority, credentials, credentials_at, issue, name, shake};

const ALPN: &[&str] = &["renkei-node/1"];

#[test]
fn the_right_peers_meet_and_know_each_other() {
    let ca = authority();
    let server = server_config(&credentials(&ca, "renkei://c/gateway/lead"), ClientAuth::Required, ALPN).unwrap();
    let client = client_config(&credentials(&ca, "renkei://c/site/tokyo"), ALPN).unwrap();
    let (client, server) = shake(client, server).unwrap();

    check_peer(client.peer_certificates(), &name("renkei://c/gateway/lead")).unwrap();
    check_peer(server.peer_certificates(), &name("renkei://c/site/tokyo")).unwrap();
    assert_eq!(server.alpn_protocol(), Some(ALPN[0].as_bytes()));
    assert_eq!(client.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
    assert_eq!(client.tls13_tickets_received(), 0);
}

#[test]
fn a_foreign_authority_is_refused_by_either_side() {
    let (ours, theirs) = (authority(), authority());
    let gateway = "renkei://c/gateway/lead";
    let site = "renkei://c/site/tokyo";

    let server = server_config(&credentials(&ours, gateway), ClientAuth::Required, ALPN).unwrap();
    let client = client_config(&credentials(&theirs, site), ALPN).unwrap();
    assert_eq!(shake(client, server.clone()).unwrap_err().by, "client");

    // A client that trusts the right root but shows a certificate of the wrong one.
    let own = credentials(&ours, site);
    let stranger = issue(&theirs, site);
    let client = impostor(&ca_der(ours.cert_pem()), &stranger);
    let refused = shake(client, server.clone()).unwrap_err();
    assert_eq!(refused.by, "server");
    assert!(matches!(
        refused.error,
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature)
    ));
    // The same server takes the genuine one, so the refusal was about the issuer.
    shake(client_config(&own, ALPN).unwrap(), server).unwrap();
}

#[test]
fn an_expired_certificate_is_refused() {
    let ca = authority();
    let issued = issue(&ca, "renkei://c/site/tokyo");
    let client = client_config(&credentials_at(&ca, &issued, NOW), ALPN).unwrap();
    let gateway = issue(&ca, "renkei://c/gateway/lead");
    let auth = ClientAuth::Optional;

    let early = credentials_at(&ca, &gateway, NOW.after(29 * DAY));
    shake(client.clone(), server_config(&early, auth, ALPN).unwrap()).unwrap();

    let late = authority_leaf_valid_for(&ca, 60);
    let late = credentials_at(&ca, &late, NOW.after(31 * DAY));
    let Refused { by, error } = shake(client, server_config(&late, auth, ALPN).unwrap()).unwrap_err();
    assert_eq!(by, "server");
    assert!(matches!(error, Error::InvalidCertificate(CertificateError::ExpiredContext { .. })), "{error:?}");
}

#[test]
fn a_client_without_certificate_passes_only_where_it_is_optional() {
    let ca = authority();
    let gateway = credentials(&ca, "renkei://c/gateway/lead");
    let anonymous = anonymous(&ca_der(ca.cert_pem()));

    let required = server_config(&gateway, ClientAuth::Required, ALPN).unwrap();
    let refused = shake(anonymous.clone(), required).unwrap_err();
    assert_eq!((refused.by, refused.error), ("server", Error::NoCertificatesPresented));

    let optional = server_config(&gateway, ClientAuth::Optional, ALPN).unwrap();
    let (_, server) = shake(anonymous, optional).unwrap();
    assert_eq!(check_peer(server.peer_certificates(), &name("renkei://c/person/sato")), Err(PeerError::Anonymous));
}

#[test]
fn a_person_cannot_listen() {
    let ca = authority();
    let server = server_config(&credentials(&ca, "renkei://c/person/mallory"), ClientAuth::Optional, ALPN).unwrap();
    let site = credentials(&ca, "renkei://c/site/tokyo");
    for client in [
        client_config(&site, ALPN).unwrap(),
        client_config_for(&site, name("renkei://c/person/mallory"), ALPN).unwrap(),
    ] {
        let refused = shake(client, server.clone()).unwrap_err();
        assert_eq!(refused.by, "client");
        assert!(
            matches!(refused.error, Error::InvalidCertificate(CertificateError::InvalidPurposeContext { .. })),
            "{:?}",
            refused.error
        );
    }
}

#[test]
fn another_role_or_a_longer_name_is_another_peer() {
    let ca = authority();
    let gateway = credentials(&ca, "renkei://c/gateway/lead");
    let wanted = name("renkei://c/site/tokyo");
    for found in ["renkei://c/site/tokyo-evil", "renkei://c/gateway/tokyo", "renkei://c/site/kyoto"] {
        let server = server_config(&credentials(&ca, found), ClientAuth::Required, ALPN).unwrap();

        // By host name alone the chain is good; the name decides afterwards.
        let (client, _) = shake(client_config(&gateway, ALPN).unwrap(), server.clone()).unwrap();
        let error = check_peer(client.peer_certificates(), &wanted).unwrap_err();
        assert_eq!(error, PeerError::Other { expected: wanted.clone(), found: name(found) });

        // By peer name the handshake itself fails.
        let client = client_config_for(&gateway, wanted.clone(), ALPN).unwrap();
        let refused = shake(client, server).unwrap_err();
        assert_eq!(refused.by, "client");
        assert!(matches!(refused.error, Error::InvalidCertificate(CertificateError::Other(_))));
    }
}

#[test]
fn a_dialler_by_peer_name_still_verifies_the_chain_and_the_dates() {
    let (ours, theirs) = (authority(), authority());
    let gateway = credentials(&ours, "renkei://c/gateway/lead");
    let site = "renkei://c/site/tokyo";
    let dial = |at| {
        let issued = authority_leaf_valid_for(&ours, 60);
        let gateway = if at == NOW { gateway.clone() } else { credentials_at(&ours, &issued, at) };
        client_config_for(&gateway, name(site), ALPN).unwrap()
    };
    let genuine = server_config(&credentials(&ours, site), ClientAuth::Optional, ALPN).unwrap();
    shake(dial(NOW), genuine.clone()).unwrap();

    let forged = server_config(&credentials(&theirs, site), ClientAuth::Optional, ALPN).unwrap();
    let refused = shake(dial(NOW), forged).unwrap_err();
    assert_eq!(refused.by, "client");
    assert!(matches!(
        refused.error,
        Error::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::BadSignature)
    ));

    let refused = shake(dial(NOW.after(31 * DAY)), genuine).unwrap_err();
    assert!(matches!(refused.error, Error::InvalidCertificate(CertificateError::ExpiredContext { .. })));
}

#[test]
fn the_dialled_host_must_be_in_the_certificate() {
    let ca = authority();
    let mut request = crate::support::request("renkei://c/gateway/lead");
    request.dns = vec!["gateway.example".into()];
    let issued = ca.issue(&request, NOW).unwrap();
    let server = server_config(&credentials_at(&ca, &issued, NOW), ClientAuth::Optional, ALPN).unwrap();
    let client = client_config(&credentials(&ca, "renkei://c/site/tokyo"), ALPN).unwrap();
    let refused = shake(client, server).unwrap_err();
    assert!(matches!(refused.error, Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. })));
}

#[test]
fn a_certificate_with_two_names_or_none_names_nobody() {
    let key = rcgen::KeyPair::generate().unwrap();
    let with = |uris: &[&str]| {
        let mut params = rcgen::CertificateParams::default();
        for uri in uris {
            params.subject_alt_names.push(rcgen::SanType::URI((*uri).try_into().unwrap()));
        }
        peer_name(params.self_signed(&key).unwrap().der())
    };
    assert_eq!(with(&["renkei://c/site/tokyo"]), Ok(name("renkei://c/site/tokyo")));
    assert_eq!(with(&["renkei://c/site/tokyo", "renkei://c/gateway/lead"]), Err(NameError::Count(2)));
    assert_eq!(with(&["renkei://c/site/tokyo", "https://example.org"]), Err(NameError::Count(2)));
    assert_eq!(with(&[]), Err(NameError::Count(0)));
    assert!(matches!(with(&["https://example.org"]), Err(NameError::Shape(_))));
    assert_eq!(peer_name(&CertificateDer::from(vec![0x30, 0x00])), Err(NameError::Certificate));
}

#[test]
fn a_client_that_speaks_only_tls_1_2_is_refused() {
    let ca = authority();
    let server = server_config(&credentials(&ca, "renkei://c/gateway/lead"), ClientAuth::Optional, ALPN).unwrap();
    let mut server = ServerConnection::new(server).unwrap();

    server.read_tls(&mut client_hello_1_2().as_slice()).unwrap();
    let error = server.process_new_packets().unwrap_err();
    assert!(matches!(error, Error::PeerIncompatible(_)), "{error:?}");
    let mut answer = Vec::new();
    server.write_tls(&mut answer).unwrap();
    // An alert record: fatal, protocol_version (RFC 8446, section 6).
    assert_eq!(answer[0], 21);
    assert_eq!(answer[5..7], [2, u8::from(AlertDescription::ProtocolVersion)]);
}

/// A ClientHello as a TLS 1.2 client sends it (RFC 5246, section 7.4.1.2): no `supported_versions`.
fn client_hello_1_2() -> Vec<u8> {
    let mut hello = vec![0x03, 0x03];
    hello.extend([7; 32]); // random
    hello.push(0); // no session
    hello.extend([0, 2, 0xc0, 0x2b]); // TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
    hello.extend([1, 0]); // no compression
    let extensions: &[&[u8]] = &[
        &[0, 10, 0, 4, 0, 2, 0, 23], // supported_groups: secp256r1
        &[0, 11, 0, 2, 1, 0],        // ec_point_formats: uncompressed
        &[0, 13, 0, 4, 0, 2, 4, 3],  // signature_algorithms: ecdsa_secp256r1_sha256
        &[0, 23, 0, 0],              // extended_master_secret
    ];
    let extensions = extensions.concat();
    hello.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
    hello.extend(extensions);

    let mut handshake = vec![1];
    handshake.extend(&u32::try_from(hello.len()).unwrap().to_be_bytes()[1..]);
    handshake.extend(hello);
    let mut record = vec![22, 3, 1];
    record.extend(u16::try_from(handshake.len()).unwrap().to_be_bytes());
    record.extend(handshake);
    record
}

fn authority_leaf_valid_for(ca: &renkei_pki::Authority, days: u32) -> renkei_pki::Issued {
    let mut request = crate::support::request("renkei://c/gateway/lead");
    request.valid_days = days;
    ca.issue(&request, NOW).unwrap()
}

fn ca_der(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
}

fn trusting(ca: &CertificateDer<'static>) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
    let mut roots = RootCertStore::empty();
    roots.add(ca.clone()).unwrap();
    let time = Arc::new(At);
    ClientConfig::builder_with_details(Arc::new(default_provider()), time)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(roots)
}

fn anonymous(ca: &CertificateDer<'static>) -> Arc<ClientConfig> {
    let mut config = trusting(ca).with_no_client_auth();
    config.alpn_protocols = vec![ALPN[0].into()];
    Arc::new(config)
}

/// A client that cannot be built from [`renkei_pki::Credentials`], because they would notice the foreign issuer.
fn impostor(ca: &CertificateDer<'static>, issued: &renkei_pki::Issued) -> Arc<ClientConfig> {
    let key = rustls::pki_types::PrivateKeyDer::from_pem_slice(issued.key_pem.as_bytes()).unwrap();
    // The hint of acceptable issuers is ignored, as an attacker would.
    let cert = ca_der(&issued.cert_pem);
    let certified = rustls::sign::CertifiedKey::from_der(vec![cert], key, &default_provider()).unwrap();
    let resolver = Arc::new(rustls::sign::SingleCertAndKey::from(certified));
    let mut config = trusting(ca).with_client_cert_resolver(resolver);
    config.alpn_protocols = vec![ALPN[0].into()];
    Arc::new(config)
}

#[derive(Debug)]
struct At;

impl rustls::time_provider::TimeProvider for At {
    fn current_time(&self) -> Option<rustls::pki_types::UnixTime> {
        let micros = u64::try_from(NOW.0).unwrap();
        Some(rustls::pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_micros(micros)))
    }
}
