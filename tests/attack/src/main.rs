//! `renkei-attack`: aims the trackers at a gateway that runs already, with a person's own certificate.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;
use renkei_attack::tracker::{Cells, Conditional, Four, Moved, Remainder, Within};
use renkei_attack::{Attack, Target, Victim, aim};
use renkei_e2e::Pair;

/// Tries to find out by allowed questions whether somebody has a secret, and says how sure each attack is.
#[derive(Debug, Parser)]
#[command(name = "renkei-attack")]
struct Arguments {
    /// The gateway's address.
    #[arg(long)]
    gateway: SocketAddr,
    /// The consortium's authority.
    #[arg(long)]
    ca: PathBuf,
    /// The person's certificate.
    #[arg(long)]
    certificate: PathBuf,
    /// Its key.
    #[arg(long)]
    key: PathBuf,
    /// The project.
    #[arg(long)]
    project: String,
    /// A condition on `person p` under which many fall, among them the victim.
    #[arg(long)]
    crowd: String,
    /// A condition under which nobody of the crowd falls but the victim.
    #[arg(long)]
    alone: String,
    /// The condition that is to be found out.
    #[arg(long)]
    secret: String,
    /// Whether the victim fulfils it, to count successes.
    #[arg(long)]
    truth: bool,
}

#[allow(clippy::print_stdout, reason = "the program's output")]
fn main() -> anyhow::Result<()> {
    let Arguments { gateway, ca, certificate, key, project, crowd, alone, secret, truth } = Arguments::parse();
    let target = Target::connect(gateway, &Pair { ca, certificate, key }, &project)?;
    let victims = [Victim { crowd, alone, secret, truth }];
    let attacks: [&mut dyn Attack; 6] =
        [&mut Four, &mut Moved, &mut Within, &mut Conditional, &mut Remainder, &mut Cells];
    for attack in attacks {
        println!("{}", aim(attack, &target, &victims));
    }
    Ok(())
}
