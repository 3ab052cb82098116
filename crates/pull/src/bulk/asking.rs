//! Asking until there is an answer: with a token where the host may see it, through redirects, again after failures
//! that pass.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::LOCATION;
use http::{HeaderMap, Method};
use renkei_types::Clock;
use tokio::time::sleep;
use url::{Origin, Url};

use super::Config;
use super::config::is_local;
use super::http::{Answer, Ask, Http, host_of};
use super::token::Tokens;
use super::trouble::Trouble;
use crate::{Error, Kind};

const REDIRECTS: usize = 5;
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LAST_WAIT: Duration = Duration::from_secs(60);

/// A client of one server.
pub(super) struct Asking {
    http: Http,
    tokens: Tokens,
    home: Origin,
    token_hosts: Vec<String>,
    pub(super) retries: u32,
}

impl Asking {
    pub(super) fn new(config: &Config, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        let home = config.base_url()?.origin();
        let tokens = Tokens::new(&config.auth, clock);
        let token_hosts = config.token_hosts.clone();
        Ok(Self { http: Http::new(config)?, tokens, home, token_hosts, retries: config.retries })
    }

    /// Asks once, through redirects; any answer will do. `open` is for addresses that must not get a token.
    pub(super) async fn once(
        &mut self,
        method: Method,
        url: &Url,
        headers: &HeaderMap,
        open: bool,
    ) -> Result<Answer, Trouble> {
        let mut ask = Ask { method, url: url.clone(), headers: headers.clone(), body: Bytes::new() };
        let mut fresh = true;
        let mut hops = 0;
        loop {
            let token = match open || !self.may_see(&ask.url) {
                true => None,
                false => self.tokens.current(&self.http).await?,
            };
            let answer = self.http.send(&ask, token.as_ref()).await?;
            if answer.status.as_u16() == 401 && token.is_some() && fresh && self.tokens.forget() {
                fresh = false;
                continue;
            }
            let moved = ask.method == Method::GET && matches!(answer.status.as_u16(), 301 | 302 | 303 | 307 | 308);
            if !moved {
                return Ok(answer);
            }
            hops += 1;
            ask.url = redirected(&ask.url, &answer, hops)?;
        }
    }

    /// Asks until the answer is one of the wanted, or a failure that does not pass.
    pub(super) async fn until(
        &mut self,
        method: Method,
        url: &Url,
        headers: &HeaderMap,
        (wanted, what): (&[u16], &str),
    ) -> Result<Answer, Trouble> {
        let mut tries = 0;
        loop {
            let trouble = match self.once(method.clone(), url, headers, false).await {
                Ok(answer) if wanted.contains(&answer.status.as_u16()) => return Ok(answer),
                Ok(answer) => Trouble::answered(answer, &host_of(url), what).await,
                Err(trouble) => trouble,
            };
            self.rest(&mut tries, trouble).await?;
        }
    }

    /// Waits before the next try, or gives up.
    pub(super) async fn rest(&self, tries: &mut u32, trouble: Trouble) -> Result<(), Trouble> {
        if !trouble.passing || *tries >= self.retries {
            return Err(trouble);
        }
        let own = FIRST_WAIT.saturating_mul(1 << (*tries).min(6)).min(LAST_WAIT);
        *tries += 1;
        sleep(trouble.after.unwrap_or(own)).await;
        Ok(())
    }

    /// Whether the host may see the token: the server itself, and those that the configuration names (by https).
    fn may_see(&self, url: &Url) -> bool {
        let named =
            || url.host_str().is_some_and(|host| self.token_hosts.iter().any(|named| named.eq_ignore_ascii_case(host)));
        url.origin() == self.home || (named() && (url.scheme() == "https" || is_local(url)))
    }
}

fn redirected(from: &Url, answer: &Answer, hops: usize) -> Result<Url, Trouble> {
    let host = host_of(from);
    let wrong =
        |what: String| Err(Trouble::lasting(Error::new(Kind::Source, what, "check base, and the server's proxy")));
    if hops > REDIRECTS {
        return wrong(format!("{host} redirects in a circle"));
    }
    match answer.header(LOCATION).and_then(|location| from.join(location).ok()) {
        Some(url) => reachable(&url, from).map(|()| url),
        None => wrong(format!("{host} redirects to nowhere")),
    }
}

/// Whether an address that a server gave may be asked: encrypted, or on this machine as the server itself.
pub(super) fn reachable(url: &Url, from: &Url) -> Result<(), Trouble> {
    let secure = url.scheme() == "https" || (url.scheme() == "http" && is_local(url) && is_local(from));
    if secure && url.host().is_some() && url.username().is_empty() {
        return Ok(());
    }
    let what = format!("{} sends the node on to an address that is not encrypted", host_of(from));
    Err(Trouble::lasting(Error::new(Kind::Source, what, "have the server give https addresses")))
}
