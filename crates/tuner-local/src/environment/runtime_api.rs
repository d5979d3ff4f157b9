//! The Runtime API that the function's process talks to: one server for each process, on a loopback port of its own.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

use super::runtime_routes::{self, Refused};
use crate::listening::{Hosts, Patient, serve};

/// 6 MB and 100 bytes, the figure in Lambda's own message.
pub(super) const MAX_RESPONSE_BYTES: usize = 6_291_556;

/// A process may be frozen, or wait for its share of a processor, in the middle of a request: as long as the longest
/// time-out of a function.
const HEAD_WITHIN: Duration = Duration::from_secs(900);

/// The server and what it knows of the process.
pub(super) struct RuntimeApi {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

/// An event with the headers it is handed out with.
pub(super) struct Delivery {
    pub request_id: String,
    pub headers: HeaderMap,
    pub payload: Bytes,
}

/// What the process said about an event.
#[derive(Debug, Clone)]
pub(super) enum Verdict {
    /// The handler's result.
    Result(Bytes),
    /// The handler's error, as posted, and its type.
    Error(Reported),
    /// A result of more than [`MAX_RESPONSE_BYTES`].
    TooLarge,
    /// The upload broke off.
    Truncated,
}

/// An error object posted by the process.
#[derive(Debug, Clone)]
pub(super) struct Reported {
    pub payload: Bytes,
    pub error_type: String,
}

/// An event that was handed out.
#[derive(Debug, Clone, Default)]
pub(super) struct Handled {
    /// When it was handed out.
    pub started: Option<Instant>,
    /// What the process answered.
    pub response: Option<Verdict>,
    /// When the process asked for the next event, which is when it is done with this one.
    pub finished: Option<Instant>,
}

/// What the routes and whoever handles an event know together.
#[derive(Default)]
pub(super) struct Shared {
    progress: Mutex<Progress>,
    /// There is one listener: whoever handles the event.
    changed: Notify,
}

#[derive(Default)]
struct Progress {
    first_next: Option<Instant>,
    init_error: Option<Reported>,
    waiting: Vec<oneshot::Sender<Delivery>>,
    current: Option<(String, Handled)>,
}

impl RuntimeApi {
    pub(super) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let app = runtime_routes::router(Arc::clone(&shared));
        let listener = Patient::new(listener, HEAD_WITHIN).refusing_other_users();
        let server = tokio::spawn(async move {
            if let Err(e) = serve(listener, Hosts::default(), app, runtime_routes::refuse).await {
                tracing::error!("the Runtime API on {address} ended: {e}");
            }
        });
        Ok(Self {
            address,
            shared,
            server,
        })
    }

    /// `AWS_LAMBDA_RUNTIME_API`.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether the process ever asked for an event or reported an init error.
    pub(super) fn was_spoken_to(&self) -> bool {
        let progress = self.shared.lock();
        progress.first_next.is_some() || progress.init_error.is_some()
    }

    /// Waits until init is over: when the process first asked for an event, or what it reported instead.
    pub(super) async fn initialized(&self) -> Result<Instant, Reported> {
        self.shared
            .wait_until(|progress| match (&progress.init_error, progress.first_next) {
                (Some(error), _) => Some(Err(error.clone())),
                (None, Some(at)) => Some(Ok(at)),
                (None, None) => None,
            })
            .await
    }

    /// Hands out the event as soon as the process asks for one, and waits until the process is done with it.
    pub(super) async fn hand_out(&self, delivery: Delivery) -> Handled {
        self.shared.lock().current = Some((delivery.request_id.clone(), Handled::default()));
        let mut delivery = Some(delivery);
        self.shared
            .wait_until(|progress| {
                while let Some(event) = delivery.take() {
                    match progress.waiting.pop() {
                        Some(asking) => delivery = asking.send(event).err(),
                        None => {
                            delivery = Some(event);
                            return None;
                        }
                    }
                }
                progress
                    .current
                    .as_ref()
                    .filter(|(_, handled)| handled.finished.is_some())
                    .map(|(_, h)| h.clone())
            })
            .await
    }

    /// What is known of the event handed out last.
    pub(super) fn handled(&self) -> Handled {
        self.shared
            .lock()
            .current
            .as_ref()
            .map(|(_, handled)| handled.clone())
            .unwrap_or_default()
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn wait_until<T>(&self, mut ready: impl FnMut(&mut Progress) -> Option<T>) -> T {
        loop {
            if let Some(value) = ready(&mut self.lock()) {
                return value;
            }
            self.changed.notified().await;
        }
    }
}

/// What the routes tell.
impl Shared {
    /// The process asks for an event, which comes out of the channel.
    pub(super) fn ask(&self, arrived: Instant) -> Result<oneshot::Receiver<Delivery>, Refused> {
        let mut progress = self.lock();
        // An event that is not started is on its way to an earlier call, or will be taken by this one.
        if let Some((_, handled)) = &mut progress.current
            && handled.started.is_some()
        {
            if handled.response.is_none() {
                return Err(Refused::Transition("Running", "Ready"));
            }
            handled.finished.get_or_insert(arrived);
        }
        progress.first_next.get_or_insert(arrived);
        progress.waiting.retain(|asking| !asking.is_closed());
        let (sender, receiver) = oneshot::channel();
        progress.waiting.push(sender);
        drop(progress);
        self.changed.notify_one();
        Ok(receiver)
    }

    /// The event goes out now.
    pub(super) fn starts(&self) {
        if let Some((_, handled)) = &mut self.lock().current {
            handled.started = Some(Instant::now());
        }
    }

    /// Whether the process may answer the event `id` now, before its answer is read.
    pub(super) fn may_answer(&self, id: &str) -> Result<(), Refused> {
        self.lock().in_hand(id).map(drop)
    }

    /// The process has answered.
    pub(super) fn answer(&self, id: &str, answer: Verdict) -> Result<(), Refused> {
        let complete = Instant::now();
        let mut progress = self.lock();
        // A process with several loops may already be asking for more.
        progress.waiting.retain(|asking| !asking.is_closed());
        let asking = !progress.waiting.is_empty();
        let handled = progress.in_hand(id)?;
        handled.response = Some(answer);
        handled.finished = asking.then_some(complete);
        drop(progress);
        self.changed.notify_one();
        Ok(())
    }

    /// The process can't start.
    pub(super) fn init_failed(&self, error: Reported) -> Result<(), Refused> {
        let mut progress = self.lock();
        if progress.first_next.is_some() {
            return Err(Refused::Transition("Ready", "InitError"));
        }
        progress.init_error.get_or_insert(error);
        drop(progress);
        self.changed.notify_one();
        Ok(())
    }
}

impl Progress {
    /// The event `id`, if it is the one in hand and not answered.
    fn in_hand(&mut self, id: &str) -> Result<&mut Handled, Refused> {
        match &mut self.current {
            Some((current, handled)) if current == id && handled.started.is_some() => match handled.response {
                None => Ok(handled),
                Some(_) => Err(Refused::Transition("Ready", "InvocationResponse")),
            },
            _ => Err(Refused::RequestId),
        }
    }
}

/// The headers of an event. A value that can't be a header (a line break in a client context) is left out.
pub(super) fn headers<const N: usize>(values: [(&'static str, Option<String>); N]) -> HeaderMap {
    let present = values
        .into_iter()
        .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::try_from(value?).ok()?)));
    present.collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt as _;
    use std::process::Command;

    use super::*;

    /// What a program says that posts an init error to `address`, perhaps as another user. It runs apart from this
    /// process, as anybody's would.
    fn posted(address: SocketAddr, user: Option<u32>) -> String {
        let script = format!(
            "exec 3<>/dev/tcp/{}/{}; printf 'POST /2018-06-01/runtime/init/error HTTP/1.1\\r\\nHost: 127.0.0.1\\r\\n\
             Content-Length: 2\\r\\nConnection: close\\r\\n\\r\\n{{}}' >&3; cat <&3",
            address.ip(),
            address.port()
        );
        // Its parent ends at once: it is no descendant of ours.
        let orphan = r#"setsid bash -c "$0" > "$1" 2>&1 & echo $! > "$1.pid""#;
        let directory = tempfile::tempdir().unwrap();
        std::fs::set_permissions(directory.path(), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
        let answer = directory.path().join("answer");
        let mut command = Command::new("bash");
        command.arg("-c").arg(orphan).arg(script).arg(&answer).current_dir("/");
        if let Some(user) = user {
            command.uid(user).gid(user);
        }
        assert!(command.status().unwrap().success());
        let pid = std::fs::read_to_string(answer.with_extension("pid")).unwrap();
        while std::path::Path::new(&format!("/proc/{}", pid.trim())).exists() {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::fs::read_to_string(answer).unwrap()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn other_users_of_the_machine_are_refused() {
        const NOBODY: u32 = 65_534;
        let api = RuntimeApi::start().await.unwrap();
        let address = api.address();
        let post = move |user| tokio::task::spawn_blocking(move || posted(address, user));
        // Only root may become somebody else.
        if nix::unistd::geteuid().is_root() {
            let answer = post(Some(NOBODY)).await.unwrap();
            assert!(!answer.contains("HTTP/1.1"), "{answer}");
            assert!(!api.was_spoken_to());
        }
        let answer = post(None).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
        assert!(api.was_spoken_to());
    }
}
