//! Asking each site, while it is connected, what it serves at present.

use std::sync::Arc;
use std::time::Duration;

use renkei_pki::{Credentials, PeerName};
use renkei_proto::v1::{CodesRequest, DescribeRequest};
use renkei_service::{Dialler, Jitter, SiteDialler, Target, chain};
use renkei_types::Clock;
use tokio_util::sync::CancellationToken;

use super::{Codes, Profile, Site};

const EVERY: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(5);
/// A clock that is further off is worth a line in the log.
pub(crate) const SKEW_MICROS: u64 = 60_000_000;

/// Describes a site on connect and then regularly, until `shutdown`.
pub(crate) async fn watch(site: Arc<Site>, clock: Arc<dyn Clock>, shutdown: CancellationToken) {
    shutdown.run_until_cancelled(describe_for_ever(&site, clock.as_ref())).await;
}

async fn describe_for_ever(site: &Site, clock: &dyn Clock) {
    let mut state = site.link.state();
    // The sender lives in the link, which `site` holds.
    while state.wait_for(renkei_service::LinkState::is_connected).await.is_ok() {
        describe(site, clock).await;
        list_codes(site).await;
        // A change of the link, such as a new connection, is described at once.
        drop(tokio::time::timeout(EVERY, state.changed()).await);
    }
}

async fn describe(site: &Site, clock: &dyn Clock) {
    let sent = clock.now();
    let mut client = site.client();
    let asked = client.describe(DescribeRequest { now_micros: sent.0 });
    let wire = match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(response)) => response.into_inner(),
        Ok(Err(status)) => return tracing::debug!(site = %site.id, code = ?status.code(), "no description"),
        Err(_) => return tracing::warn!(site = %site.id, "the node is connected but does not describe itself"),
    };
    match Profile::read(&site.id, wire, sent, clock.now()) {
        Ok(profile) => note(site, profile),
        Err(error) => tracing::warn!(site = %site.id, %error, "the node's description is not taken"),
    }
}

/// Asks for the codes in use once for each snapshot and connection.
async fn list_codes(site: &Site) {
    let Some(snapshot) = site.profile().and_then(|profile| profile.snapshot.clone()) else { return };
    if site.codes().snapshot.as_ref() == Some(&snapshot) {
        return;
    }
    let mut client = site.client();
    let asked = client.codes(CodesRequest {});
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(response)) => site.set_codes(Codes::read(response.into_inner())),
        // A node of an earlier version has none; it is asked again with the next description, which costs little.
        Ok(Err(status)) => tracing::debug!(site = %site.id, code = ?status.code(), "no list of codes"),
        Err(_) => tracing::debug!(site = %site.id, "the list of codes does not come"),
    }
}

fn note(site: &Site, profile: Profile) {
    let before = site.profile();
    let skewed = |profile: &Profile| profile.clock_ahead.unsigned_abs() > SKEW_MICROS;
    if skewed(&profile) && !before.as_deref().is_some_and(skewed) {
        tracing::warn!(site = %site.id, seconds_ahead = profile.clock_ahead / 1_000_000, "the node's clock is off");
    }
    if before.as_ref().map(|before| &before.snapshot) != Some(&profile.snapshot) {
        let snapshot = profile.snapshot.as_ref().map_or("none", |id| id.as_str());
        tracing::info!(site = %site.id, snapshot, seal = profile.seal.as_str(), "site described");
    }
    site.set_profile(profile);
}

/// Dials a site that listens, until `shutdown`.
pub(crate) async fn watch_dialled(site: Arc<Site>, target: Target, own: Credentials, shutdown: CancellationToken) {
    let expected = PeerName::site(own.name().consortium().clone(), &site.id);
    let jitter = Jitter::of(own.name(), own.clock().now());
    match Dialler::to_site(target, expected, &own) {
        Ok(dialler) => SiteDialler::new(site.link.clone(), dialler, jitter).run(shutdown).await,
        Err(error) => tracing::error!(site = %site.id, error = chain(&error), "the site cannot be dialled"),
    }
}
