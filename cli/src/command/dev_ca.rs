//! `renkei dev-ca`: an authority for development, with everybody's certificate, in one go.

use std::io::{self, Write};

use renkei_pki::{DevSpec, dev_ca};
use renkei_types::{Clock, ConsortiumId, PersonId, SiteId, SystemClock};

use crate::args::DevCa;
use crate::console::{Colour, Console};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::trouble::chain;

/// Makes what is missing and says what to do next. The files made are the data, on standard output.
pub fn run(args: &DevCa, console: Console) -> Result<Exit, Failure> {
    let lang = console.lang;
    let spec = spec(args).map_err(|error| Failure::usage(error.to_string()))?;
    let files = dev_ca(&spec, &args.out, SystemClock.now()).map_err(|error| {
        let detail = chain(&error);
        Failure::usage(say!(lang, "{detail}", "開発用の認証局を作れません: {detail}"))
    })?;
    let list: String = files.made.iter().map(|path| format!("{}\n", path.display())).collect();
    match io::stdout().lock().write_all(list.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(Failure::io("stdout", error)),
        _ => {}
    }
    let (made, kept) = (files.made.len(), files.kept.len());
    console.tell(&say!(lang, "{made} files made, {kept} kept", "{made}個のファイルを作成、{kept}個は既存のまま"));
    console.tell(&next(args, console));
    let head = console.paint(Colour::Yellow, lang.pick("warning", "注意"));
    console.tell(&say!(
        lang,
        "{head}: for development and demonstrations only: whoever reads `ca.key` can be anybody. Never use it with real records.",
        "{head}: 開発・デモ専用です。`ca.key` を読める人は誰にでもなりすませます。実データには使わないでください。"
    ));
    Ok(Exit::Ok)
}

fn spec(args: &DevCa) -> Result<DevSpec, renkei_types::IdError> {
    let mut spec = DevSpec::new(ConsortiumId::new(args.consortium.as_str())?);
    spec.gateway_id.clone_from(&args.gateway_id);
    spec.dns.extend(args.dns.iter().filter(|host| *host != "localhost").cloned());
    spec.sites = args.sites.iter().map(|id| SiteId::new(id.as_str())).collect::<Result<_, _>>()?;
    spec.people = args.people.iter().map(|id| PersonId::new(id.as_str())).collect::<Result<_, _>>()?;
    spec.valid_days = args.days.unwrap_or(DevSpec::VALID_DAYS);
    Ok(spec)
}

fn next(args: &DevCa, console: Console) -> String {
    let lang = console.lang;
    let folder = std::path::absolute(&args.out).unwrap_or_else(|_| args.out.clone());
    let folder = folder.display();
    let mut text = say!(
        lang,
        "gateway: ca.pem, gateway.pem, gateway.key; each site: ca.pem and its two files in sites/",
        "ゲートウェイ: ca.pem, gateway.pem, gateway.key、各施設: ca.pem と sites/ の2ファイル"
    );
    if let Some(person) = args.people.first() {
        let host = args.dns.first().map_or("localhost", String::as_str);
        let intro = say!(
            lang,
            "to ask as {person}, put this into ~/.config/renkei/config.toml:",
            "{person} として使うには、次を ~/.config/renkei/config.toml に書きます:"
        );
        text.push_str(&format!(
            "\n{intro}\n\n[profile.default]\ngateway = \"{host}:7443\"\nca = \"{folder}/ca.pem\"\n\
             cert = \"{folder}/people/{person}.pem\"\nkey = \"{folder}/people/{person}.key\"\n"
        ));
    }
    text
}
