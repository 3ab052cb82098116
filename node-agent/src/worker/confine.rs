//! What a worker takes from itself before its first question, and cannot get back.
//!
//! Three layers. Limits of the process bound its address space and its files. Landlock leaves one folder of the file
//! system, the one for what does not fit into memory, and no TCP; a snapshot's files come open. A filter of system calls
//! leaves no new socket of any kind, no other program, no new process, no look into others, and none of the rarely used
//! doors of the kernel. Threads stay possible, since the engine has some.
//!
//! A kernel without one of these is told apart, not passed over: the worker says what holds ([`Confinement`]), the agent
//! logs it, and refuses to start where the configuration demands all of it.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr,
    RulesetError, RulesetStatus, Scope, make_bitflags,
};
use rustix::process::{DumpableBehavior, Resource, Rlimit, getpid, set_dumpable_behavior, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter,
};
use serde::{Deserialize, Serialize};

use super::message::Start;

/// The version of Landlock whose rights are taken where the kernel knows them: files, TCP, signals, abstract sockets.
const LANDLOCK: ABI = ABI::V6;

/// What holds for a worker on this system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confinement {
    /// It can open no file but those in its spill folder.
    pub files: bool,
    /// It can make and reach no socket.
    pub network: bool,
    /// It can start no process and no program, and look into none.
    pub processes: bool,
    /// Its address space and the size of its files are limited.
    pub limits: bool,
}

impl Confinement {
    /// What does not hold, by name; empty where all does.
    #[must_use]
    pub fn missing(self) -> String {
        let means = |name: &'static str| match name {
            "files" => "files (Landlock)",
            "network" => "network (seccomp)",
            "processes" => "processes (seccomp)",
            name => name,
        };
        self.lacks().map(means).collect::<Vec<_>>().join(", ")
    }

    /// As the gateway is told: `full`, or `without` and the words of what does not hold.
    #[must_use]
    pub fn words(self) -> String {
        let lacks: Vec<&str> = self.lacks().collect();
        if lacks.is_empty() { "full".to_owned() } else { format!("without {}", lacks.join(" ")) }
    }

    fn lacks(self) -> impl Iterator<Item = &'static str> {
        let all =
            [(self.files, "files"), (self.network, "network"), (self.processes, "processes"), (self.limits, "limits")];
        all.into_iter().filter_map(|(holds, name)| (!holds).then_some(name))
    }
}

/// Confines the calling thread and all that it will start; called before there are others.
pub(super) fn apply(start: &Start) -> Confinement {
    // The kernel ends a worker before the agent where memory runs out. Raising it needs no right.
    let _ = fs::write("/proc/self/oom_score_adj", "900");
    let limits = limits(start).is_ok();
    let files = landlock(&start.spill_dir).unwrap_or(false);
    let calls = filter().is_some();
    Confinement { files, network: calls, processes: calls, limits }
}

fn limits(start: &Start) -> io::Result<()> {
    let limit = |resource, value| setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) });
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    limit(Resource::Core, 0)?;
    limit(Resource::Fsize, start.spill_bytes)?;
    limit(Resource::As, start.address_space)?;
    Ok(())
}

/// Leaves the spill folder. Whether the rights of files hold at all is in the answer.
fn landlock(spill: &Path) -> Result<bool, RulesetError> {
    let spill_rights: BitFlags<AccessFs> = make_bitflags!(AccessFs::{ReadFile | ReadDir | WriteFile | Truncate | RemoveFile | RemoveDir | MakeReg | MakeDir});
    let rules = Ruleset::default()
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .handle_access(AccessNet::from_all(LANDLOCK))?
        .scope(Scope::from_all(LANDLOCK))?
        .create()?;
    let rules = match PathFd::new(spill) {
        Ok(folder) => rules.add_rule(PathBeneath::new(folder, spill_rights))?,
        Err(_) => rules,
    };
    Ok(rules.restrict_self()?.ruleset != RulesetStatus::NotEnforced)
}

/// Calls that are refused whatever their arguments.
const REFUSED: &[i64] = &[
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_open_by_handle_at,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_prlimit64,
];

/// Installs the filter of system calls; `None` where the kernel or the architecture has none.
fn filter() -> Option<()> {
    let architecture: TargetArch = std::env::consts::ARCH.try_into().ok()?;
    let apply = |rules: BTreeMap<i64, Vec<SeccompRule>>, answer: i32| -> Option<()> {
        let answer = SeccompAction::Errno(answer.unsigned_abs());
        let filter = SeccompFilter::new(rules, SeccompAction::Allow, answer, architecture).ok()?;
        let program = BpfProgram::try_from(filter).ok()?;
        apply_filter(&program).ok()
    };
    let if_argument = |index, operation, value| -> Option<Vec<SeccompRule>> {
        let condition = SeccompCondition::new(index, SeccompCmpArgLen::Qword, operation, value).ok()?;
        Some(vec![SeccompRule::new(vec![condition]).ok()?])
    };
    let mut refused: BTreeMap<i64, Vec<SeccompRule>> = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    #[cfg(target_arch = "x86_64")]
    refused.extend([(libc::SYS_fork, Vec::new()), (libc::SYS_vfork, Vec::new())]);
    // A thread, not a process; a signal to itself, not to another.
    let thread = u64::try_from(libc::CLONE_THREAD).ok()?;
    refused.insert(libc::SYS_clone, if_argument(0, SeccompCmpOp::MaskedEq(thread), 0)?);
    let own = u64::try_from(getpid().as_raw_nonzero().get()).ok()?;
    refused.insert(libc::SYS_tgkill, if_argument(0, SeccompCmpOp::Ne, own)?);
    apply(refused, libc::EPERM)?;
    // Its arguments lie in memory, where no filter looks; whoever starts a thread then asks by the other call.
    apply(BTreeMap::from([(libc::SYS_clone3, Vec::new())]), libc::ENOSYS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_hold_is_a_word() {
        let all = Confinement { files: true, network: true, processes: true, limits: true };
        assert_eq!((all.words().as_str(), all.missing().as_str()), ("full", ""));
        let old = Confinement { files: false, limits: false, ..all };
        assert_eq!(
            (old.words().as_str(), old.missing().as_str()),
            ("without files limits", "files (Landlock), limits")
        );
    }
}
