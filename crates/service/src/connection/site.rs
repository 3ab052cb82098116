//! The gateway's link to one site: one channel for ever, over whichever connection the site has at the moment.
//!
//! The channel's connector waits for the next stream that is attached, so callers keep their clones of the channel
//! across re-dials. A newer stream replaces the older, which ends at once: a node that came back after a silent loss
//! must not wait for the keepalive of its dead connection. The link counts as connected once the node has answered a
//! greeting, which also tells the node that it was admitted.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use renkei_types::{Clock, SiteId, Timestamp};
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;
use tower::ServiceExt;

use crate::connection::greeting::greeting;
use crate::connection::http2;
use crate::connection::session::GREETING_LIMIT;
use crate::connection::stream::{PeerStream, StreamHandle};
use crate::{Backoff, Dialler, Jitter, Trouble};

/// How long a call waits for an absent site, unless the link is told otherwise; it covers a re-dial after a blink.
const CONNECT_WAIT: Duration = Duration::from_secs(2);
/// Between greetings that fell on the connection being replaced.
const GREETING_PAUSE: Duration = Duration::from_millis(20);

/// Whether a site can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkState {
    /// No connection.
    Offline {
        /// Since when; the start of the gateway where the site has not been seen.
        since: Timestamp,
        /// Why, where it is known.
        trouble: Option<Trouble>,
    },
    /// The node answered the greeting.
    Connected {
        /// Since when.
        since: Timestamp,
        /// The node's address, as the gateway sees it.
        remote: SocketAddr,
    },
}

impl LinkState {
    /// Whether the site can be asked.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        matches!(self, Self::Connected { .. })
    }
}

/// The link to one site. Cheap to clone; make it within the runtime that uses it.
#[derive(Clone)]
pub struct SiteLink {
    site: SiteId,
    channel: Channel,
    slot: Arc<Slot>,
    state: Arc<watch::Sender<LinkState>>,
    clock: Arc<dyn Clock>,
}

impl fmt::Debug for SiteLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SiteLink")
            .field("site", &self.site)
            .field("state", &*self.state.borrow())
            .finish_non_exhaustive()
    }
}

impl SiteLink {
    /// A link without a connection yet.
    #[must_use]
    pub fn new(site: SiteId, clock: Arc<dyn Clock>) -> Self {
        Self::with_wait(site, clock, CONNECT_WAIT)
    }

    /// A link whose calls wait this long for an absent site.
    #[must_use]
    pub fn with_wait(site: SiteId, clock: Arc<dyn Clock>, wait: Duration) -> Self {
        let slot = Arc::new(Slot::default());
        let source = Arc::clone(&slot);
        let connector = tower::service_fn(move |_: http::Uri| {
            let source = Arc::clone(&source);
            async move { Ok::<_, io::Error>(TokioIo::new(source.next().await)) }
        });
        let channel = http2::endpoint().connect_timeout(wait).connect_with_connector_lazy(connector);
        let state = Arc::new(watch::Sender::new(LinkState::Offline { since: clock.now(), trouble: None }));
        Self { site, channel, slot, state, clock }
    }

    /// The site.
    #[must_use]
    pub fn site(&self) -> &SiteId {
        &self.site
    }

    /// The channel to the site, the same one for ever.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel.clone()
    }

    /// Whether the site can be asked, and every change of it.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<LinkState> {
        self.state.subscribe()
    }

    /// Whether the site can be asked at this moment.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.state.borrow().is_connected()
    }

    /// Takes a connection of this site; an older one ends. A stream of any other peer is dropped.
    pub fn attach(&self, stream: PeerStream) {
        drop(self.take_over(stream));
    }

    /// Ends the present connection, as when the site's certificate is revoked.
    pub fn disconnect(&self) {
        self.slot.clear();
    }

    fn take_over(&self, stream: PeerStream) -> CancellationToken {
        let greeted = CancellationToken::new();
        let named = stream.info().name.as_ref().and_then(renkei_pki::PeerName::site_id);
        if named.as_ref() != Some(&self.site) {
            tracing::warn!(site = %self.site, "a connection of another peer was not attached");
            return greeted;
        }
        let (handle, remote) = (stream.handle(), stream.info().remote);
        let generation = self.slot.put(stream);
        tokio::spawn(self.clone().watch(handle, remote, generation, greeted.clone()));
        greeted
    }

    /// Follows one connection from its greeting to its end.
    async fn watch(self, handle: StreamHandle, remote: SocketAddr, generation: u64, greeted: CancellationToken) {
        let outcome = tokio::select! {
            () = handle.closed() => Err(Trouble::Lost),
            outcome = tokio::time::timeout(GREETING_LIMIT, self.greet()) => outcome.map_err(|_| Trouble::NoGreeting),
        };
        let trouble = match outcome {
            Ok(()) => {
                greeted.cancel();
                let connected = LinkState::Connected { since: self.clock.now(), remote };
                self.change(generation, connected);
                tracing::info!(site = %self.site, %remote, "site connected");
                handle.closed().await;
                Trouble::Lost
            }
            Err(trouble) => {
                handle.abort();
                trouble
            }
        };
        if self.change(generation, LinkState::Offline { since: self.clock.now(), trouble: Some(trouble.clone()) }) {
            tracing::info!(site = %self.site, %remote, reason = %trouble, "site disconnected");
        }
    }

    async fn greet(&self) {
        // Until the channel has noticed that its older connection ended, a call fails on that one.
        while self.channel.clone().oneshot(greeting()).await.is_err() {
            tokio::time::sleep(GREETING_PAUSE).await;
        }
    }

    /// Sets the state, unless a newer connection has taken over.
    fn change(&self, generation: u64, state: LinkState) -> bool {
        let slot = self.slot.lock();
        let current = slot.generation == generation;
        if current {
            self.state.send_replace(state);
        }
        current
    }

    fn set_trouble(&self, trouble: &Trouble) {
        self.state.send_if_modified(|state| match state {
            LinkState::Offline { trouble: known, .. } if known.as_ref() != Some(trouble) => {
                *known = Some(trouble.clone());
                true
            }
            _ => false,
        });
    }
}

/// Where the next stream waits for the channel to fetch it.
#[derive(Default)]
struct Slot {
    inner: Mutex<SlotInner>,
    filled: Notify,
}

#[derive(Default)]
struct SlotInner {
    waiting: Option<PeerStream>,
    current: Option<StreamHandle>,
    generation: u64,
}

impl Slot {
    fn lock(&self) -> MutexGuard<'_, SlotInner> {
        // Nothing panics while it is held, and every state of it is consistent.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, stream: PeerStream) -> u64 {
        let mut inner = self.lock();
        inner.generation += 1;
        let older = inner.current.replace(stream.handle());
        inner.waiting = Some(stream);
        let generation = inner.generation;
        drop(inner);
        if let Some(older) = older {
            older.abort();
        }
        self.filled.notify_one();
        generation
    }

    fn clear(&self) {
        let mut inner = self.lock();
        inner.waiting = None;
        if let Some(current) = inner.current.take() {
            current.abort();
        }
    }

    async fn next(&self) -> PeerStream {
        loop {
            if let Some(stream) = self.lock().waiting.take() {
                return stream;
            }
            self.filled.notified().await;
        }
    }
}

/// Keeps a link to a site that listens: dials it for ever and attaches what comes of it.
#[derive(Debug)]
pub struct SiteDialler {
    link: SiteLink,
    dialler: Dialler,
    backoff: Backoff,
    jitter: Jitter,
}

impl SiteDialler {
    /// Dials with `dialler` on behalf of `link`.
    #[must_use]
    pub fn new(link: SiteLink, dialler: Dialler, jitter: Jitter) -> Self {
        Self { link, dialler, backoff: Backoff::default(), jitter }
    }

    /// Waits differently between attempts.
    #[must_use]
    pub fn with_backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    /// Runs until `shutdown`; the connection it made stays until its channel is dropped.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut before = None;
        loop {
            let trouble = tokio::select! {
                () = shutdown.cancelled() => return,
                trouble = self.once() => trouble,
            };
            self.link.set_trouble(&trouble);
            trouble.log(self.dialler.expected(), before.as_ref());
            before = Some(trouble);
            let wait = self.backoff.next(&mut self.jitter);
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn once(&mut self) -> Trouble {
        let stream = match self.dialler.connect().await {
            Ok(stream) => stream,
            Err(trouble) => return trouble,
        };
        let handle = stream.handle();
        let greeted = self.link.take_over(stream);
        tokio::select! {
            () = greeted.cancelled() => self.backoff.reset(),
            () = handle.closed() => {
                return handle.fault().map_or(Trouble::NoGreeting, |fault| Trouble::of_tls("the site", fault));
            }
        }
        handle.closed().await;
        Trouble::Lost
    }
}
