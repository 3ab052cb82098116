//! `renkei map`: a coordinator signs a map from codes to concepts once, and every hospital can tell that it is that one.
//!
//! The secret half of the key is a file of its own that nobody else may read. What is signed lies in a note beside the
//! map; the map itself stays as it is.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use renkei_audit::note::{Kind, Note, Origin, SigningKey, VerifierKey};
use renkei_audit::signed_file::{FileName, MAX_FILE, SignedFile, note_path};
use renkei_audit::tree::Hash;
use renkei_types::{Clock, SystemClock};

use crate::args::{MapCheck, MapCommand, MapKey, MapSign};
use crate::console::{Console, clean};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;

/// What the file is for, as the note states it.
const MAP: &str = "map";

/// Runs one of the commands.
pub fn run(command: &MapCommand, console: Console) -> Result<Exit, Failure> {
    match command {
        MapCommand::Key(args) => key(args, console),
        MapCommand::Sign(args) => sign(args, console),
        MapCommand::Check(args) => check(args, console),
    }
}

fn key(args: &MapKey, console: Console) -> Result<Exit, Failure> {
    let lang = console.lang;
    let name = Origin::new(args.name.as_str()).map_err(|_| {
        Failure::usage(lang.pick(
            "--name has 1 to 128 printable ASCII characters without blank and plus, such as `consortium.example/maps`",
            "--name は空白と + を含まない1〜128文字の ASCII 文字列です(例: `consortium.example/maps`)",
        ))
    })?;
    let mut seed = [0; 32];
    StdRng::from_os_rng().fill_bytes(&mut seed);
    let text = SigningKey::private_text(name.clone(), Kind::Log, &seed).map_err(|_| Failure::Internal)?;
    let public = SigningKey::from_seed(name, Kind::Log, &seed).map_err(|_| Failure::Internal)?.verifier().to_string();
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&args.out);
    let written = file.and_then(|mut file| writeln!(file, "{text}").and_then(|()| file.sync_all()));
    written.map_err(|error| Failure::io(args.out.display().to_string(), error))?;
    print(&format!("{public}\n"))?;
    let path = args.out.display();
    console.tell(&say!(
        lang,
        "The secret half is in {path}: keep it offline, with a copy. The line above is the public half: send it to every \
         hospital by a way that cannot be forged; each writes it under `[codes] keys` of its node.",
        "秘密鍵は {path} にあります。複製を作り、オフラインで保管してください。上の行が公開鍵です。改ざんのおそれのない方法で各病院に送り、\
         各病院はノードの設定の `[codes] keys` に書きます。"
    ));
    Ok(Exit::Ok)
}

fn sign(args: &MapSign, console: Console) -> Result<Exit, Failure> {
    let lang = console.lang;
    let key = read_key(&args.signing_key, lang)?;
    let content = content(&args.map, lang)?;
    if !looks_like_map(&content) {
        let path = args.map.display();
        return Err(Failure::Usage(
            say!(lang, "`{path}` is no map: its first line names no columns for the source's code and the concept",
                "`{path}` は対応表ではありません。1行目に元のコードとコンセプトの列がありません"),
            Some(lang.pick(
                "the columns are source_code, source_vocabulary_id, target_concept_id, …, or those that Usagi saves",
                "列は source_code, source_vocabulary_id, target_concept_id, …、または Usagi の保存形式です",
            ).into()),
        ));
    }
    let before = earlier(&args.map);
    let name = name(args, before.as_ref(), lang)?;
    let version = version(args.version, &name, before.as_ref(), lang)?;
    let file = SignedFile {
        signer: key.verifier().name().clone(),
        kind: FileName::new(MAP).map_err(|_| Failure::Internal)?,
        name,
        version,
        hash: Hash::of(&content),
        bytes: content.len() as u64,
        issued: SystemClock.now(),
    };
    let note = file.sign(&key).map_err(|_| Failure::Internal)?;
    let beside = note_path(&args.map);
    put(&beside, note.to_string().as_bytes()).map_err(|error| Failure::io(beside.display().to_string(), error))?;
    print(&format!("{}\n", beside.display()))?;
    let (name, signer) = (&file.name, &file.signer);
    console.tell(&say!(
        lang,
        "{name} version {version}, signed by {signer}. Hand out both files together, under these names.",
        "{name} 第{version}版に {signer} として署名しました。2つのファイルをこの名前のまま一緒に配布してください。"
    ));
    Ok(Exit::Ok)
}

fn check(args: &MapCheck, console: Console) -> Result<Exit, Failure> {
    let lang = console.lang;
    let keys = args.trust.iter().map(|text| VerifierKey::parse(text.trim())).collect::<Result<Vec<_>, _>>();
    let keys = keys.map_err(|_| {
        Failure::usage(lang.pick(
            "--trusted-key is not a public key: it is the line that `renkei map key` printed, `name+id+key`",
            "--trusted-key は公開鍵ではありません。`renkei map key` が表示した行(`name+id+key`)を指定してください",
        ))
    })?;
    let content = content(&args.map, lang)?;
    let beside = note_path(&args.map);
    let place = beside.display().to_string();
    let bytes = fs::read(&beside).map_err(|error| Failure::io(place.clone(), error))?;
    let kind = FileName::new(MAP).map_err(|_| Failure::Internal)?;
    let refused =
        |why: String| Failure::usage(say!(lang, "`{place}`: {why}", "`{place}`: 署名を確認できません({why})"));
    let note = Note::parse(&bytes).map_err(|error| refused(error.to_string()))?;
    let file = SignedFile::open(&note, &keys, &kind).map_err(|error| refused(error.to_string()))?;
    file.covers(&content).map_err(|error| refused(error.to_string()))?;
    print(&format!("{} {} {}\n", file.name, file.version, file.signer))?;
    console.tell(lang.pick("in order", "問題ありません"));
    Ok(Exit::Ok)
}

/// The coordinator's key; one that others can read is none.
fn read_key(path: &Path, lang: Lang) -> Result<SigningKey, Failure> {
    let place = path.display();
    let wrong = |error| Failure::io(path.display().to_string(), error);
    let mode = fs::metadata(path).map_err(wrong)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(Failure::usage(say!(
            lang,
            "`{place}` can be read by others: `chmod 600` it, and make a new key if somebody may have",
            "`{place}` は他の利用者も読めます。`chmod 600` を実行し、読まれた可能性があれば鍵を作り直してください"
        )));
    }
    let text = fs::read_to_string(path).map_err(wrong)?;
    SigningKey::from_private_text(text.trim()).map_err(|_| {
        Failure::usage(say!(
            lang,
            "`{place}` is no key: `renkei map key` makes one",
            "`{place}` は鍵ではありません。`renkei map key` で作成してください"
        ))
    })
}

fn content(path: &Path, lang: Lang) -> Result<Vec<u8>, Failure> {
    let wrong = |error| Failure::io(path.display().to_string(), error);
    if fs::metadata(path).map_err(wrong)?.len() > MAX_FILE {
        let place = path.display();
        return Err(Failure::usage(say!(
            lang,
            "`{place}` is larger than 1 GiB, which no map is",
            "`{place}` は1 GiBを超えています。対応表ではありません"
        )));
    }
    fs::read(path).map_err(wrong)
}

/// Whether the first line names the columns of a map, in whichever encoding: that of a spreadsheet has every second
/// byte 0.
fn looks_like_map(content: &[u8]) -> bool {
    let line = content.iter().take(64 << 10).take_while(|byte| **byte != b'\n');
    let plain: String =
        line.filter(|byte| byte.is_ascii_alphanumeric()).map(|b| char::from(b.to_ascii_lowercase())).collect();
    plain.contains("sourcecode") && plain.contains("conceptid")
}

/// What the note beside the map says of the version before; nothing where there is none.
fn earlier(map: &Path) -> Option<(String, u64)> {
    let note = Note::parse(&fs::read(note_path(map)).ok()?).ok()?;
    let field = |name: &str| note.text().lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    Some((field("name")?.to_owned(), field("version")?.parse().ok()?))
}

fn name(args: &MapSign, before: Option<&(String, u64)>, lang: Lang) -> Result<FileName, Failure> {
    let stem = || args.map.file_stem().map(|stem| stem.to_string_lossy().to_lowercase()).unwrap_or_default();
    let name = args.name.clone().or_else(|| before.map(|(name, _)| name.clone())).unwrap_or_else(stem);
    FileName::new(name.as_str()).map_err(|error| {
        let name = clean(&name);
        Failure::usage(say!(
            lang,
            "`{name}` cannot be the map's name ({error}): give another with --name",
            "`{name}` は対応表の名前にできません(英小文字・数字・ハイフン・ピリオド・下線、64文字まで)。--name で指定してください"
        ))
    })
}

fn version(asked: Option<u64>, name: &FileName, before: Option<&(String, u64)>, lang: Lang) -> Result<u64, Failure> {
    let before = before.filter(|(known, _)| known == name.as_str()).map(|(_, version)| *version);
    match (asked, before) {
        (Some(0), _) => Err(Failure::usage(lang.pick("versions begin with 1", "版は1から始まります"))),
        (Some(asked), Some(before)) if asked <= before => Err(Failure::usage(say!(
            lang,
            "version {before} of {name} is signed already, and hospitals that have seen it refuse version {asked}",
            "{name} は第{before}版まで署名済みです。これを受け取った病院は第{asked}版を受け付けません"
        ))),
        (Some(asked), _) => Ok(asked),
        (None, before) => before.unwrap_or(0).checked_add(1).ok_or(Failure::Internal),
    }
}

/// Writes a file that appears when it is whole.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o644)).tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map(|_| ()).map_err(|error| error.error)
}

fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::io("stdout", error)),
        _ => Ok(()),
    }
}
