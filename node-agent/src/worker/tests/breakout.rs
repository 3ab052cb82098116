//! What a worker cannot do, tried from within; and that each of it can be done without the confinement, or the test
//! would prove nothing.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rustix::process::{Pid, getppid, test_kill_process};
use serde::{Deserialize, Serialize};

use super::super::confine;
use super::super::message::Start;
use super::this;

/// What the child is told.
#[derive(Serialize, Deserialize)]
struct Tried {
    confined: bool,
    spill: PathBuf,
    outside: PathBuf,
    port: u16,
}

#[test]
#[ignore = "the child of the test below"]
fn child() {
    println!();
    let mut told = String::new();
    io::stdin().read_to_string(&mut told).unwrap();
    let tried: Tried = serde_json::from_str(&told).unwrap();
    let mut open = File::open(tried.outside.join("handed")).unwrap();
    if tried.confined {
        let start = Start {
            site: "good".parse().unwrap(),
            threads: 1,
            memory_bytes: 1 << 20,
            spill_dir: tried.spill.clone(),
            spill_bytes: 1 << 20,
            address_space: 4 << 30,
        };
        println!("missing [{}]", confine::apply(&start).missing());
    }
    let say = |what: &str, could: bool| println!("{what} {}", if could { "yes" } else { "no" });
    say("open", File::open("/etc/passwd").is_ok());
    say("open-beside", File::open(tried.outside.join("secret")).is_ok());
    say("list", fs::read_dir("/").is_ok());
    say("write", File::create(tried.outside.join("written")).is_ok());
    say("remove", fs::remove_file(tried.outside.join("removable")).is_ok());
    say("tcp", TcpStream::connect(("127.0.0.1", tried.port)).is_ok());
    say("tcp-listen", TcpListener::bind("127.0.0.1:0").is_ok());
    say("udp", UdpSocket::bind("127.0.0.1:0").is_ok());
    let unix = UnixStream::connect(tried.outside.join("nobody")).map_err(|e| e.kind());
    say("unix", matches!(unix, Err(io::ErrorKind::NotFound)));
    say("program", Command::new("/bin/true").status().is_ok());
    let bomb = (0..20).filter(|_| Command::new("/bin/true").spawn().and_then(|mut c| c.wait()).is_ok()).count();
    say("fork-bomb", bomb > 0);
    say("signal", getppid().is_some_and(|parent: Pid| test_kill_process(parent).is_ok()));
    say("memory", Vec::<u8>::new().try_reserve(8 << 30).is_ok());
    say("proc", fs::read("/proc/1/status").is_ok());
    let mut text = String::new();
    say("handed", open.read_to_string(&mut text).is_ok() && text == "handed over");
    let spilled = tried.spill.join("spilled");
    let spill = File::create(&spilled).and_then(|mut file| file.write_all(&[0; 1 << 10]));
    say("spill", spill.is_ok() && fs::remove_file(&spilled).is_ok());
    say("thread", std::thread::Builder::new().spawn(|| ()).is_ok_and(|thread| thread.join().is_ok()));
}

/// What the child could do, and could not.
fn tried(confined: bool) -> (Vec<String>, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let (spill, outside) = (dir.path().join("spill"), dir.path().join("outside"));
    fs::create_dir(&spill).unwrap();
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("handed"), "handed over").unwrap();
    fs::write(outside.join("secret"), "a record").unwrap();
    fs::write(outside.join("removable"), "").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let told = Tried { confined, spill, outside, port: listener.local_addr().unwrap().port() };
    let program = this("worker::tests::breakout::child");
    let command = Command::new(program.path).args(program.args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut child = command.unwrap();
    child.stdin.take().unwrap().write_all(&serde_json::to_vec(&told).unwrap()).unwrap();
    let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    if confined {
        assert!(output.contains("missing []"), "this system confines only in part:\n{output}");
    }
    let of = |end: &str| output.lines().filter_map(|line| line.strip_suffix(end).map(str::to_owned)).collect();
    (of(" yes"), of(" no"))
}

#[test]
fn a_worker_has_its_spill_folder_and_what_it_was_handed() {
    let cannot = [
        "open",
        "open-beside",
        "list",
        "write",
        "remove",
        "tcp",
        "tcp-listen",
        "udp",
        "unix",
        "program",
        "fork-bomb",
        "signal",
        "memory",
        "proc",
    ];
    let can = ["handed", "spill", "thread"];
    let (could, could_not) = tried(false);
    assert_eq!(could, [cannot.as_slice(), &can].concat(), "without the confinement all of it can be done");
    assert!(could_not.is_empty(), "{could_not:?}");
    let (could, could_not) = tried(true);
    assert_eq!((could, could_not), (can.map(str::to_owned).to_vec(), cannot.map(str::to_owned).to_vec()));
}
