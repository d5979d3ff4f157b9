use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use super::left_over;

/// Nothing in these tests takes longer, however busy the machine is.
const LIMIT: Duration = Duration::from_secs(300);

/// A call of a program that is about to be made, in an environment that holds nothing of the developer's.
pub(crate) struct Call {
    command: Command,
    directory: PathBuf,
    prints: PathBuf,
    input: Vec<u8>,
}

impl Call {
    pub(super) fn new(program: &Path, directory: &Path, prints: &Path, arguments: &[&str]) -> Self {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(directory)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", directory)
            // What is remembered between calls is not among the results.
            .env("XDG_STATE_HOME", prints)
            .env("LANG", "C.UTF-8");
        Self {
            command,
            directory: directory.to_owned(),
            prints: prints.to_owned(),
            input: Vec::new(),
        }
    }

    pub(crate) fn args(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn envs(mut self, all: &[(&str, String)]) -> Self {
        self.command.envs(all.iter().map(|(name, value)| (name, value)));
        self
    }

    /// Started in a folder of its place.
    pub(crate) fn within(mut self, folder: &str) -> Self {
        self.command.current_dir(self.directory.join(folder));
        self
    }

    /// What it reads from standard input; nothing unless given.
    pub(crate) fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = bytes.into();
        self
    }

    pub(crate) fn start(mut self) -> Running {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let [input, stdout, stderr] = ["in", "out", "err"].map(|end| self.prints.join(format!("{number}.{end}")));
        // Files instead of pipes: nothing blocks, however much is printed and whoever still holds them.
        fs::write(&input, &self.input).unwrap();
        let child = self
            .command
            .stdin(File::open(input).unwrap())
            .stdout(File::create(&stdout).unwrap())
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        Running {
            child,
            directory: self.directory,
            stdout,
            stderr,
        }
    }

    /// Runs to its end.
    #[track_caller]
    pub(crate) fn run(self) -> Done {
        self.start().finish()
    }

    /// Runs with its standard output closed after the first line, as by `| head -1`; gives standard error and status.
    pub(crate) fn run_into_head(mut self) -> (ExitStatus, String) {
        let stderr = self.prints.join("head.err");
        let mut child = self
            .command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        let mut first = [0_u8; 1];
        let mut out = child.stdout.take().unwrap();
        std::io::Read::read_exact(&mut out, &mut first).unwrap();
        drop(out);
        let status = wait(&mut child);
        (status, fs::read_to_string(stderr).unwrap())
    }
}

/// A process under way; killed when it is dropped.
pub(crate) struct Running {
    child: Child,
    directory: PathBuf,
    stdout: PathBuf,
    stderr: PathBuf,
}

impl Running {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn stdout(&self) -> String {
        fs::read_to_string(&self.stdout).unwrap()
    }

    pub(crate) fn stderr(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap()
    }

    /// Waits until it has said this on standard error.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        self.wait_until(text, |running| running.stderr().contains(text));
    }

    #[track_caller]
    pub(crate) fn wait_until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + LIMIT;
        while !holds(self) {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "ended before `{what}`: {ended:?}\n{}", self.stderr());
            assert!(Instant::now() < deadline, "no `{what}`:\n{}", self.stderr());
            thread::sleep(Duration::from_millis(2));
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    /// Waits for its end. However it ends, none of its functions may outlive it; and unless it was killed it leaves no
    /// cgroup.
    #[track_caller]
    pub(crate) fn finish(mut self) -> Done {
        let status = wait(&mut self.child);
        left_over::assert_no_processes_in(&self.directory);
        if status.signal().is_none() {
            left_over::assert_no_cgroups_of(self.child.id());
        }
        Done {
            code: status.code(),
            directory: self.directory.clone(),
            stdout: self.stdout(),
            stderr: self.stderr(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
fn wait(child: &mut Child) -> ExitStatus {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            panic!("still running after {LIMIT:?}");
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// What a process ended with.
#[derive(Debug)]
pub(crate) struct Done {
    /// None if a signal ended it.
    pub(crate) code: Option<i32>,
    directory: PathBuf,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Done {
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Every one of these is on standard error.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stderr.contains(text), "no `{text}` in:\n{}", self.stderr);
        }
        self
    }

    /// Every one of these is on standard output.
    #[track_caller]
    pub(crate) fn prints(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stdout.contains(text), "no `{text}` in:\n{}", self.stdout);
        }
        self
    }

    /// One message on standard error, nothing on standard output.
    #[track_caller]
    pub(crate) fn refuses(self, code: i32, texts: &[&str]) -> Self {
        let done = self.exits(code).says(texts);
        assert_eq!(done.stdout, "", "results of something refused");
        let messages = done.stderr.lines().filter(|line| line.starts_with("error: ")).count();
        assert_eq!(messages, 1, "{}", done.stderr);
        assert!(!done.stderr.contains("panicked"), "{}", done.stderr);
        done
    }

    /// The files it says it wrote.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let lines = self.stderr.lines().filter_map(|line| line.strip_prefix("wrote "));
        lines.map(|file| self.directory.join(file)).collect()
    }

    /// The document it wrote.
    #[track_caller]
    pub(crate) fn tuning(&self) -> Value {
        let files = self.files();
        let file = files.iter().find(|f| f.ends_with("tuning.json"));
        let file = file.unwrap_or_else(|| panic!("no document in:\n{}", self.stderr));
        serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
    }
}
