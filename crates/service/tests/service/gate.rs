use std::sync::Arc;

use renkei_pki::{Credentials, client_config};
use renkei_service::{ALPN_CLIENT, ALPN_NODE, Protocol};
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::echo::Echo;
use crate::support::{Consortium, GATEWAY, Gateway, TOKYO, soon, until};

#[derive(Debug)]
struct NoCertificate;

impl ResolvesClientCert for NoCertificate {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        None
    }

    fn has_certs(&self) -> bool {
        false
    }
}

async fn connect(gateway: &Gateway, own: &Credentials, alpn: &[&str]) -> std::io::Result<TlsStream<TcpStream>> {
    let config = client_config(own, alpn).unwrap();
    shake(gateway, config).await
}

async fn shake(gateway: &Gateway, config: Arc<rustls::ClientConfig>) -> std::io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(gateway.target.to_string()).await?;
    TlsConnector::from(config).connect(ServerName::try_from("localhost").unwrap(), tcp).await
}

async fn is_turned_away(connected: std::io::Result<TlsStream<TcpStream>>) -> bool {
    match connected {
        Err(_) => true,
        Ok(mut stream) => !matches!(soon(stream.read(&mut [0; 64])).await, Ok(read) if read > 0),
    }
}

#[tokio::test]
async fn clients_come_in_with_a_persons_certificate_or_none() {
    let c = Consortium::new();
    let mut gateway = Gateway::open(&c.credentials(GATEWAY)).await;
    let person = c.credentials("renkei://c/person/sato");

    let _known = connect(&gateway, &person, &[ALPN_CLIENT]).await.unwrap();
    let stream = soon(gateway.clients.recv()).await.unwrap().unwrap();
    assert_eq!(stream.info().protocol, Protocol::Client);
    assert_eq!(stream.info().name.as_ref().unwrap().to_string(), "renkei://c/person/sato");
    assert!(stream.info().certificate.is_some());

    let mut config = Arc::unwrap_or_clone(client_config(&person, &[ALPN_CLIENT]).unwrap());
    config.client_auth_cert_resolver = Arc::new(NoCertificate);
    let _anonymous = shake(&gateway, Arc::new(config)).await.unwrap();
    let stream = soon(gateway.clients.recv()).await.unwrap().unwrap();
    assert!(stream.info().name.is_none() && stream.info().certificate.is_none());
}

#[tokio::test]
async fn everybody_else_is_turned_away() {
    let c = Consortium::new();
    let mut gateway = Gateway::open(&c.credentials(GATEWAY)).await;
    let site = c.credentials(TOKYO);
    let person = c.credentials("renkei://c/person/sato");

    assert!(is_turned_away(connect(&gateway, &site, &[]).await).await, "no protocol");
    assert!(is_turned_away(connect(&gateway, &person, &[]).await).await, "no protocol");
    assert!(is_turned_away(connect(&gateway, &person, &["http/1.1"]).await).await, "another protocol");
    assert!(is_turned_away(connect(&gateway, &person, &[ALPN_NODE]).await).await, "a person as a node");
    let other = c.credentials("renkei://c/gateway/other");
    assert!(is_turned_away(connect(&gateway, &other, &[ALPN_NODE]).await).await, "a gateway as a node");
    assert!(is_turned_away(connect(&gateway, &site, &[ALPN_CLIENT]).await).await, "a site as a client");
    let mut config = Arc::unwrap_or_clone(client_config(&site, &[ALPN_NODE]).unwrap());
    config.client_auth_cert_resolver = Arc::new(NoCertificate);
    assert!(is_turned_away(shake(&gateway, Arc::new(config)).await).await, "an anonymous node");

    assert!(gateway.clients.try_recv().is_err());
    assert!(gateway.admitted.lock().unwrap().is_empty());
    // The gate still stands for those who may.
    let node = gateway.node(&site, Echo::default().routes());
    until(&mut gateway.link.state(), |state| state.is_connected()).await;
    node.shutdown.cancel();
}

#[tokio::test]
async fn a_silent_stranger_holds_up_nobody_and_a_stopped_gate_is_closed() {
    let c = Consortium::new();
    let mut gateway = Gateway::open(&c.credentials(GATEWAY)).await;
    let address = gateway.target.to_string();
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(&address).await.unwrap());
    }
    let person = c.credentials("renkei://c/person/sato");
    let _known = connect(&gateway, &person, &[ALPN_CLIENT]).await.unwrap();
    assert!(soon(gateway.clients.recv()).await.unwrap().is_ok());

    gateway.shutdown.cancel();
    assert!(soon(gateway.clients.recv()).await.is_none());
    assert!(TcpStream::connect(&address).await.is_err());
}
