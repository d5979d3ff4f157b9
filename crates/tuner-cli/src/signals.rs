//! Ctrl-C, an ended session, a closed terminal: the first asks to stop, a later one ends this process at once.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tuner_engine::CancellationToken;

use crate::exit::Exit;
use crate::guarded;
use crate::progress::Progress;

/// A second signal this soon after the first is the same one, sent to the whole process group or by a wrapper.
const SAME_SIGNAL: Duration = Duration::from_secs(1);

/// Cancels `cancel` at the first signal, saying `first`. At a later one says `second` and ends this process.
pub(crate) async fn stop_on_signal(
    cancel: CancellationToken,
    progress: Arc<Progress>,
    first: String,
    second: impl FnOnce() -> String + Send,
) {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = (
        signal(SignalKind::interrupt()),
        signal(SignalKind::terminate()),
        signal(SignalKind::hangup()),
    );
    let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hang_up)) = signals else {
        return;
    };
    let mut next = async || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hang_up.recv() => {}
        }
    };
    next().await;
    progress.say(&first);
    cancel.cancel();
    let since = std::time::Instant::now();
    while since.elapsed() < SAME_SIGNAL {
        next().await;
    }
    progress.finish();
    let _ = writeln!(guarded::stderr(), "{}", second());
    std::process::exit(Exit::Refused as i32);
}
