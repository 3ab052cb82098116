//! Sessions: options that a client sets once for its connection.
//!
//! Most calls need none, since each identifies itself and brings its own headers; so a session is made only when an
//! option is set. Its id is 128 random bits in a cookie, good for the person who got it. It is in memory, one of a
//! bounded number per person, and dies when it was not used for long.
//!
//! An option that is silently ignored makes an answer that looks like another: the fewest sites that were asked for,
//! say. So a session that has gone is refused, and so is the call of a client that set options on this connection and
//! did not bring the cookie back, which stock drivers do only when they are told to.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use renkei_types::{Code, PersonId, Refusal};
use tokio::time::Instant;
use tonic::metadata::MetadataMap;

use crate::options::Options;

/// The cookie's name, which the Flight protocol suggests.
pub(crate) const COOKIE: &str = "arrow_flight_session_id";

/// Sessions of one person; the one that was used least recently makes room.
const PER_PERSON: usize = 64;
/// How long an unused session lives: a working day, so that a connection survives a meeting.
const LIFETIME: Duration = Duration::from_secs(12 * 3_600);
/// How long the lack of a cookie is noticed: a connection that comes later may have got the same port by chance.
const NOTICED: Duration = Duration::from_secs(600);

/// What a call's cookie says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Brought {
    /// No session's cookie.
    Nothing,
    /// A cookie that no session of this gateway can have had.
    Garbage,
    /// A session's id.
    Id([u8; 16]),
}

impl Brought {
    /// Reads the cookie among whatever else a jar holds.
    pub(crate) fn read(map: &MetadataMap) -> Self {
        let headers = map.get_all("cookie").iter().filter_map(|header| header.to_str().ok());
        let pairs = headers.flat_map(|header| header.split(';')).filter_map(|pair| pair.split_once('='));
        let value =
            pairs.filter(|(name, _)| name.trim() == COOKIE).map(|(_, value)| value.trim().trim_matches('"')).next();
        match value {
            None => Self::Nothing,
            Some(value) => {
                let id = u128::from_str_radix(value, 16).ok().filter(|_| value.len() == 32);
                id.map_or(Self::Garbage, |id| Self::Id(id.to_be_bytes()))
            }
        }
    }
}

struct Session {
    person: PersonId,
    /// The connection on which it was made.
    remote: Option<SocketAddr>,
    /// Whether its cookie ever came back.
    kept: bool,
    used: Instant,
    options: Options,
}

struct Inner {
    sessions: HashMap<[u8; 16], Session>,
    random: StdRng,
}

/// All sessions that are alive.
pub(crate) struct Sessions(Mutex<Inner>);

impl Sessions {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self(Mutex::new(Inner { sessions: HashMap::new(), random: StdRng::from_seed(seed) }))
    }

    /// The options of the caller's session; none where there is no session.
    pub(crate) fn options(
        &self,
        person: &PersonId,
        brought: Brought,
        remote: Option<SocketAddr>,
    ) -> Result<Options, Refusal> {
        let mut inner = self.lock();
        match own(&mut inner, person, brought) {
            Some(session) => Ok(session.options.clone()),
            None if brought != Brought::Nothing => {
                Err(Refusal::new(Code::Parameter, "the session is not known: it was closed or has expired")
                    .hint("connect again, or set its options again"))
            }
            None => {
                let lost = |session: &&mut Session| {
                    let here = session.remote == remote && remote.is_some();
                    session.person == *person && !session.kept && here && session.used.elapsed() < NOTICED
                };
                if let Some(session) = inner.sessions.values_mut().find(lost) {
                    session.used = Instant::now();
                    return Err(Refusal::new(
                        Code::Parameter,
                        "options were set for this session, and the call does not bring the session's cookie back",
                    )
                    .hint(
                        "tell the driver to keep cookies (ADBC: adbc.flight.sql.rpc.with_cookie_middleware), or send \
                         the options as call headers",
                    ));
                }
                Ok(Options::default())
            }
        }
    }

    /// What a session has, to be changed: nothing where there is none.
    pub(crate) fn present(&self, person: &PersonId, brought: Brought) -> Options {
        own(&mut self.lock(), person, brought).map(|session| session.options.clone()).unwrap_or_default()
    }

    /// Keeps options for the caller's session, and makes one where there is none. Returns the cookie of a new one.
    pub(crate) fn keep(
        &self,
        person: &PersonId,
        brought: Brought,
        remote: Option<SocketAddr>,
        options: Options,
    ) -> Option<String> {
        let mut inner = self.lock();
        if let Some(session) = own(&mut inner, person, brought) {
            session.options = options;
            return None;
        }
        let mine = || inner.sessions.iter().filter(|(_, session)| session.person == *person);
        if mine().count() >= PER_PERSON
            && let Some(oldest) = mine().min_by_key(|(_, session)| session.used).map(|(id, _)| *id)
        {
            inner.sessions.remove(&oldest);
        }
        let mut id = [0; 16];
        inner.random.fill_bytes(&mut id);
        let session = Session { person: person.clone(), remote, kept: false, used: Instant::now(), options };
        inner.sessions.insert(id, session);
        Some(format!("{COOKIE}={:032x}; Secure; HttpOnly", u128::from_be_bytes(id)))
    }

    /// Forgets the caller's session, also where its cookie was not kept. Returns the cookie that takes its place.
    pub(crate) fn close(&self, person: &PersonId, brought: Brought, remote: Option<SocketAddr>) -> String {
        let mut inner = self.lock();
        if let (Some(_), Brought::Id(id)) = (own(&mut inner, person, brought), brought) {
            inner.sessions.remove(&id);
        }
        inner.sessions.retain(|_, session| {
            session.person != *person || session.kept || session.remote != remote || remote.is_none()
        });
        format!("{COOKIE}=closed; Max-Age=0")
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.sessions.retain(|_, session| session.used.elapsed() < LIFETIME);
        inner
    }
}

fn own<'a>(inner: &'a mut Inner, person: &PersonId, brought: Brought) -> Option<&'a mut Session> {
    let Brought::Id(id) = brought else { return None };
    let session = inner.sessions.get_mut(&id).filter(|session| session.person == *person)?;
    session.used = Instant::now();
    session.kept = true;
    Some(session)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(id: &str) -> PersonId {
        id.parse().unwrap()
    }

    fn two_sites() -> Options {
        Options { min_sites: Some(2), ..Options::default() }
    }

    fn brought(cookie: &str) -> Brought {
        let mut map = MetadataMap::new();
        map.append("cookie", cookie.parse().unwrap());
        Brought::read(&map)
    }

    fn remote(port: u16) -> Option<SocketAddr> {
        Some(SocketAddr::from(([127, 0, 0, 1], port)))
    }

    /// The cookie as a jar gives it back.
    fn jar(cookie: &str) -> Brought {
        brought(cookie.split(';').next().unwrap())
    }

    #[test]
    fn a_cookie_is_found_among_others_however_it_is_written() {
        let id = "000102030405060708090a0b0c0d0e0f";
        let bytes: [u8; 16] = std::array::from_fn(|i| u8::try_from(i).unwrap());
        for text in [
            format!("{COOKIE}={id}"),
            format!("a=b; {COOKIE}={id}; c=d"),
            format!("$Version=\"1\"; {COOKIE}=\"{id}\";$Path=\"/\""),
        ] {
            assert_eq!(brought(&text), Brought::Id(bytes), "{text}");
        }
        assert_eq!(brought("a=b"), Brought::Nothing);
        for bad in ["", "12", "+0102030405060708090a0b0c0d0e0fxx", "zz0102030405060708090a0b0c0d0e0f"] {
            assert_eq!(brought(&format!("{COOKIE}={bad}")), Brought::Garbage, "{bad}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_is_good_for_its_person_and_not_for_ever() {
        let (sessions, a, b) = (Sessions::new([7; 32]), person("a"), person("b"));
        assert_eq!(sessions.options(&a, Brought::Nothing, remote(1)).unwrap(), Options::default());
        let cookie = jar(&sessions.keep(&a, Brought::Nothing, remote(1), two_sites()).unwrap());
        assert_eq!(sessions.options(&a, cookie, remote(2)).unwrap().min_sites, Some(2), "a client may connect again");
        assert!(sessions.keep(&a, cookie, remote(1), Options::default()).is_none(), "it stays the same session");
        assert_eq!(sessions.options(&a, cookie, remote(1)).unwrap(), Options::default());

        let foreign = sessions.options(&b, cookie, remote(1)).unwrap_err();
        assert_eq!(foreign, sessions.options(&b, Brought::Garbage, remote(1)).unwrap_err());
        sessions.close(&b, cookie, remote(1));
        assert!(sessions.options(&a, cookie, remote(1)).is_ok());
        tokio::time::advance(LIFETIME).await;
        assert_eq!(sessions.options(&a, cookie, remote(1)).unwrap_err().code, Code::Parameter);
    }

    #[tokio::test(start_paused = true)]
    async fn options_that_would_be_lost_are_refused() {
        let (sessions, a) = (Sessions::new([7; 32]), person("a"));
        let cookie = sessions.keep(&a, Brought::Nothing, remote(1), two_sites()).unwrap();
        let lost = sessions.options(&a, Brought::Nothing, remote(1)).unwrap_err();
        assert!(lost.hint.unwrap().contains("with_cookie_middleware"));
        assert!(sessions.options(&a, Brought::Nothing, remote(2)).is_ok(), "another connection has no session");
        assert!(sessions.options(&person("b"), Brought::Nothing, remote(1)).is_ok());
        assert!(sessions.options(&a, jar(&cookie), remote(1)).is_ok());
        assert!(sessions.options(&a, Brought::Nothing, remote(1)).is_ok(), "the client is known to keep cookies");

        sessions.keep(&a, Brought::Nothing, remote(3), two_sites());
        sessions.close(&a, Brought::Nothing, remote(3));
        assert!(sessions.options(&a, Brought::Nothing, remote(3)).is_ok());

        sessions.keep(&a, Brought::Nothing, remote(4), two_sites());
        tokio::time::advance(NOTICED).await;
        assert!(sessions.options(&a, Brought::Nothing, remote(4)).is_ok(), "the port may be another connection's");
    }

    #[tokio::test(start_paused = true)]
    async fn the_least_recently_used_makes_room() {
        let (sessions, a) = (Sessions::new([7; 32]), person("a"));
        let mut cookies = Vec::new();
        for _ in 0..=PER_PERSON {
            tokio::time::advance(Duration::from_millis(1)).await;
            cookies.push(jar(&sessions.keep(&a, Brought::Nothing, None, two_sites()).unwrap()));
        }
        assert!(sessions.options(&a, cookies[0], None).is_err());
        assert!(sessions.options(&a, cookies[1], None).is_ok());
    }
}
