//! Starts the function's process so that it can't outlive us, and ends it with everything it started.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, PipeReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::OnceLock;
use std::sync::mpsc;
use std::thread;

use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getpid, getppid};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::StartError;

/// What to start.
pub(super) struct Program<'a> {
    pub command: &'a [String],
    pub working_directory: Option<&'a Path>,
    pub variables: Vec<(OsString, OsString)>,
    /// Files of cgroups into which the process writes itself before it becomes the program.
    pub entrances: Vec<File>,
    /// The processors it may see, if not all.
    pub processors: Option<CpuSet>,
    /// How many threads its user may run in all, if that is how processes are limited.
    pub most_threads: Option<u64>,
}

/// Starts the program in a process group of its own. What it writes comes out of the pipe.
pub(super) async fn spawn(program: Program<'_>) -> Result<(Child, PipeReader), StartError> {
    let name = program.command.first().cloned().unwrap_or_default();
    let failed = |e: io::Error| StartError {
        program: name.clone(),
        reason: reason(&name, program.working_directory, &e),
    };
    if name.is_empty() {
        return Err(failed(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the command is empty",
        )));
    }
    let (output, written) = io::pipe().map_err(failed)?;
    let mut command = Command::new(&name);
    command
        .args(&program.command[1..])
        .env_clear()
        .envs(program.variables)
        .stdin(Stdio::null())
        .stdout(written.try_clone().map_err(failed)?)
        .stderr(written)
        .process_group(0)
        .kill_on_drop(true);
    if let Some(directory) = program.working_directory {
        command.current_dir(directory);
    }
    prepare(
        command.as_std_mut(),
        program.entrances,
        program.processors,
        program.most_threads,
    );
    let child = on_the_parent_thread(command).await.map_err(failed)?;
    Ok((child, output))
}

/// What is wrong, where the operating system's word for it would mislead.
fn reason(name: &str, directory: Option<&Path>, error: &io::Error) -> String {
    if let Some(directory) = directory.filter(|d| !d.is_dir()) {
        return format!("the working directory `{}` does not exist", directory.display());
    }
    let is_path = name.contains('/');
    match error.kind() {
        io::ErrorKind::NotFound if is_path && directory.unwrap_or(Path::new("")).join(name).exists() => {
            "it is there, but what its `#!` line or its loader names is not".to_owned()
        }
        io::ErrorKind::NotFound if is_path => "no such file".to_owned(),
        // Also when a directory on the PATH may not be read.
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied if !is_path => {
            "no such program; give its path, or put it on the PATH".to_owned()
        }
        io::ErrorKind::PermissionDenied => format!("{error}; is it executable?"),
        _ => error.to_string(),
    }
}

/// Has the new process, before it becomes the program, enter its cgroups and bind its life to ours.
#[expect(
    unsafe_code,
    reason = "between fork and exec is the only moment at which this can be done without a race"
)]
fn prepare(
    command: &mut std::process::Command,
    mut entrances: Vec<File>,
    processors: Option<CpuSet>,
    most_threads: Option<u64>,
) {
    let parent = getpid();
    // Nobody may raise a limit that there is already.
    let most_threads = most_threads.and_then(|most| {
        let (_, hard) = getrlimit(Resource::RLIMIT_NPROC).ok()?;
        Some(most.min(hard))
    });
    let before_exec = move || {
        for entrance in &mut entrances {
            // `0` stands for the process that writes.
            entrance.write_all(b"0")?;
        }
        if let Some(set) = &processors {
            sched_setaffinity(Pid::from_raw(0), set)?;
        }
        // A crash must not write a core file of the size of the memory.
        setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
        if let Some(most) = most_threads {
            setrlimit(Resource::RLIMIT_NPROC, most, most)?;
        }
        prctl::set_pdeathsig(Signal::SIGKILL)?;
        // We may have died before the line above.
        if getppid() == parent {
            Ok(())
        } else {
            Err(io::ErrorKind::BrokenPipe.into())
        }
    };
    // SAFETY: the closure only makes system calls (write, sched_setaffinity, setrlimit, prctl, getppid), which are async-signal-safe: it
    // allocates nothing and takes no lock.
    unsafe { command.pre_exec(before_exec) };
}

/// Starts the process from a thread that lives as long as we do: the kernel sends the death signal when the *thread*
/// that started a process ends, and threads of a runtime come and go.
async fn on_the_parent_thread(command: Command) -> io::Result<Child> {
    type Request = (Command, Handle, oneshot::Sender<io::Result<Child>>);
    static PARENT: OnceLock<mpsc::Sender<Request>> = OnceLock::new();

    let ended = || io::Error::other("the thread that starts processes has ended");
    let parent = PARENT.get_or_init(|| {
        let (sender, requests) = mpsc::channel::<Request>();
        let body = move || {
            for (mut command, runtime, reply) in requests {
                if reply.is_closed() {
                    continue;
                }
                let _guard = runtime.enter();
                // If nobody waits any more, the child is dropped, and killed by that.
                drop(reply.send(command.spawn()));
            }
        };
        if let Err(e) = thread::Builder::new().name("process-parent".into()).spawn(body) {
            tracing::error!("cannot start the thread that starts processes: {e}");
        }
        sender
    });
    let (reply, started) = oneshot::channel();
    parent.send((command, Handle::current(), reply)).map_err(|_| ended())?;
    started.await.map_err(|_| ended())?
}

/// The process ID in the type that signals take.
pub(super) fn pid(child: &Child) -> Option<Pid> {
    child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw)
}
