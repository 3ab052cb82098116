//! Where the gateway is.

use std::fmt;
use std::net::Ipv6Addr;

use rustls::pki_types::ServerName;

/// Host and port of the gateway, with the name that its certificate must carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    host: String,
    port: u16,
    name: ServerName<'static>,
}

/// Why a text is no gateway.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// A scheme without TLS.
    #[error("`{0}` is a connection without TLS, which no gateway takes: write `flightsql://host:port` or `host:port`")]
    Plain(String),
    /// Not a host and port.
    #[error(
        "`{0}` is not a gateway's address: write `gateway.example.org:7443` or `flightsql://gateway.example.org:7443`"
    )]
    Shape(String),
}

impl Address {
    /// Reads `host:port`, `https://host[:port]`, `flightsql://host:port` or `grpc+tls://host:port`.
    ///
    /// # Errors
    /// [`AddressError`], which says what to write.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let wrong = || AddressError::Shape(text.chars().take(200).collect());
        let (rest, default_port) = match text.split_once("://") {
            None => (text, None),
            Some(("https", rest)) => (rest, Some(443)),
            Some(("flightsql" | "grpc+tls" | "grpcs", rest)) => (rest, None),
            Some(("http" | "grpc" | "grpc+tcp" | "flightsql+tcp", _)) => {
                return Err(AddressError::Plain(text.to_owned()));
            }
            Some(_) => return Err(wrong()),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = split(rest, default_port).ok_or_else(wrong)?;
        let name = ServerName::try_from(host.clone()).map_err(|_| wrong())?;
        Ok(Self { host, port, name })
    }

    /// The host to resolve.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port to dial.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The name that the gateway's certificate must carry.
    pub fn name(&self) -> ServerName<'static> {
        self.name.clone()
    }
}

fn split(text: &str, default_port: Option<u16>) -> Option<(String, u16)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (inside, after) = rest.split_once(']')?;
            (inside.parse::<Ipv6Addr>().ok()?.to_string(), after)
        }
        None => match text.find(':') {
            Some(at) => (text[..at].to_owned(), &text[at..]),
            None => (text.to_owned(), ""),
        },
    };
    let port = match port.strip_prefix(':') {
        Some(digits) => digits.parse().ok().filter(|port| *port != 0)?,
        None if port.is_empty() => default_port?,
        None => return None,
    };
    Some((host, port))
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_forms_are_read() {
        for (text, shown) in [
            ("gateway.example.org:7443", "gateway.example.org:7443"),
            ("flightsql://gateway.example.org:7443", "gateway.example.org:7443"),
            ("grpc+tls://gateway.example.org:7443/", "gateway.example.org:7443"),
            ("https://gateway.example.org", "gateway.example.org:443"),
            ("192.0.2.7:7443", "192.0.2.7:7443"),
            ("[2001:db8::7]:7443", "[2001:db8::7]:7443"),
            ("localhost:1", "localhost:1"),
        ] {
            assert_eq!(Address::parse(text).unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn the_rest_is_refused() {
        for bad in [
            "",
            "host",
            "host:",
            "host:0",
            "host:70000",
            ":443",
            "flightsql://host",
            "::1:443",
            "[host]:1",
            "a b:1",
            "ftp://host:1",
            "https://user@host:1",
            "https://host:1/path",
            "host:1?x=y",
        ] {
            assert!(matches!(Address::parse(bad), Err(AddressError::Shape(_))), "{bad}");
        }
        for plain in ["http://host:1", "grpc://host:1", "flightsql+tcp://host:1"] {
            assert!(matches!(Address::parse(plain), Err(AddressError::Plain(_))), "{plain}");
        }
    }
}
