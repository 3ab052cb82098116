//! A PostgreSQL server of the test's own: a cluster in a temporary folder, a free port, a certificate.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use renkei_pull::postgres::Config;
use tempfile::TempDir;

/// An account without rights, since PostgreSQL does not run as root.
const NOBODY: u32 = 65_534;
pub(crate) const PASSWORD: &str = "correct-horse";

/// A running server; dropped, it is stopped.
pub(crate) struct Cluster {
    pub(crate) dir: TempDir,
    pub(crate) port: u16,
    bin: PathBuf,
    root: bool,
}

/// Where the programs are; the newest version, or those on the path.
fn programs() -> Option<PathBuf> {
    let mut versions: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .filter(|bin| bin.join("initdb").exists())
        .collect();
    versions.sort();
    let on_path = || {
        let path = Command::new("sh").args(["-c", "command -v initdb"]).output().ok()?;
        Some(PathBuf::from(String::from_utf8(path.stdout).ok()?.trim()).parent()?.to_owned())
    };
    versions.pop().or_else(|| on_path().filter(|bin| bin.join("initdb").exists()))
}

impl Cluster {
    /// Starts a server with TLS; `None`, with a message, where PostgreSQL is not installed.
    pub(crate) fn start(tls: bool) -> Option<Self> {
        let Some(bin) = programs() else {
            eprintln!("skipped: no PostgreSQL here (initdb is neither under /usr/lib/postgresql nor on the path)");
            return None;
        };
        let dir = tempfile::Builder::new().prefix("pull").tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let root = fs::metadata(dir.path()).unwrap().uid() == 0;
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let cluster = Self { dir, port, bin, root };
        for folder in ["data", "run"] {
            fs::create_dir(cluster.path(folder)).unwrap();
            cluster.give(&cluster.path(folder));
        }
        cluster.certificates();
        let mut initdb = cluster.command("initdb");
        initdb.args(["--username=boss", "--auth=trust", "--no-sync", "--locale=C", "--encoding=UTF8", "--pgdata"]);
        run(initdb.arg(cluster.path("data")));
        let rules = "local all boss trust\nlocal all all scram-sha-256\n\
            host all all 127.0.0.1/32 scram-sha-256\nhost all all ::1/128 scram-sha-256\n";
        fs::write(cluster.path("data/pg_hba.conf"), rules).unwrap();
        cluster.up(tls);
        cluster.sql("postgres", &format!("CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'"));
        cluster.sql("postgres", "CREATE DATABASE omop");
        fs::write(cluster.path("password"), format!("{PASSWORD}\n")).unwrap();
        fs::set_permissions(cluster.path("password"), fs::Permissions::from_mode(0o600)).unwrap();
        Some(cluster)
    }

    fn up(&self, tls: bool) {
        let ssl =
            if tls { "-c ssl=on -c ssl_cert_file=../run/server.crt -c ssl_key_file=../run/server.key" } else { "" };
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={} -c fsync=off \
             -c timezone=Asia/Tokyo {ssl}",
            self.port,
            self.path("run").display()
        );
        let mut start = self.command("pg_ctl");
        start.args(["start", "--wait", "--silent", "--options", &options, "--pgdata"]).arg(self.path("data"));
        run(start.arg("--log").arg(self.path("run/log")));
    }

    /// Stops the server as a power cut would.
    pub(crate) fn stop(&self) {
        let mut stop = self.command("pg_ctl");
        let _ = stop.args(["stop", "--mode=immediate", "--silent", "--pgdata"]).arg(self.path("data")).output();
    }

    /// An authority in `ca.pem`, and a server's certificate for `localhost` by it.
    fn certificates(&self) {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        fs::write(self.path("ca.pem"), ca.pem()).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap().signed_by(&key, &ca).unwrap();
        for (name, text) in [("run/server.crt", certificate.pem()), ("run/server.key", key.serialize_pem())] {
            fs::write(self.path(name), text).unwrap();
            fs::set_permissions(self.path(name), fs::Permissions::from_mode(0o600)).unwrap();
            self.give(&self.path(name));
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn give(&self, path: &Path) {
        if self.root {
            chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.current_dir(self.dir.path()).env("LC_ALL", "C");
        if self.root {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    /// Runs statements as the owner of everything.
    pub(crate) fn sql(&self, database: &str, sql: &str) {
        let mut psql = self.command("psql");
        psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--username=boss", "--dbname", database]);
        psql.args(["--port", &self.port.to_string(), "--command", sql]).arg("--host").arg(self.path("run"));
        run(&mut psql);
    }

    /// The configuration of the account `reader`, over TLS.
    pub(crate) fn config(&self) -> Config {
        let text = format!(
            "host = 'localhost'\nport = {}\ndatabase = 'omop'\nuser = 'reader'\nschema = 'cdm'\n\
             password_file = '{}'\nca_file = '{}'\n",
            self.port,
            self.path("password").display(),
            self.path("ca.pem").display()
        );
        toml::from_str(&text).unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}
