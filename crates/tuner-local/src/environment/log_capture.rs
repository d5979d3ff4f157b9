//! Standard output and error of the process, kept in bounded memory.

use std::io::{self, PipeReader};
use std::sync::{Arc, Mutex, PoisonError};

use nix::unistd::read;
use tokio::net::unix::pipe::Receiver;
use tokio::task::JoinHandle;

/// How much of an invocation's output is kept: its end. The caller of Invoke is shown 4 KB.
const KEPT_BYTES: usize = 64 * 1024;

/// How much one [`LogCapture::take`] reads at most: a full pipe, so that a process which never stops writing can't hold
/// up an answer.
const DRAINED_BYTES: usize = 1024 * 1024;

/// Reads one pipe which is both standard output and standard error, so that lines keep their order.
pub(super) struct LogCapture {
    shared: Arc<Shared>,
    pump: JoinHandle<()>,
}

struct Shared {
    pipe: Receiver,
    tail: Mutex<Tail>,
}

#[derive(Default)]
struct Tail {
    bytes: Vec<u8>,
    cut: bool,
}

impl LogCapture {
    /// Reads from now on, so that the process never waits for room in the pipe.
    pub(super) fn new(pipe: PipeReader) -> io::Result<Self> {
        let pipe = Receiver::from_owned_fd(pipe.into())?;
        let shared = Arc::new(Shared {
            pipe,
            tail: Mutex::default(),
        });
        let pump = tokio::spawn(pump(Arc::clone(&shared)));
        Ok(Self { shared, pump })
    }

    /// Everything written since the last call. What the process wrote before it called us is in the pipe by now, so
    /// there is nothing to wait for.
    pub(super) fn take(&self) -> Vec<u8> {
        let mut drained = 0;
        while drained < DRAINED_BYTES {
            // Past tokio's own idea of whether there is something to read, which may be of a moment ago.
            match self.shared.read_chunk(|pipe, chunk| Ok(read(pipe, chunk)?)) {
                Ok(0) | Err(_) => break,
                Ok(n) => drained += n,
            }
        }
        let tail = std::mem::take(&mut *self.shared.lock());
        tail.into_whole_lines()
    }
}

impl Drop for LogCapture {
    fn drop(&mut self) {
        self.pump.abort();
    }
}

async fn pump(shared: Arc<Shared>) {
    while shared.pipe.readable().await.is_ok() {
        match shared.read_chunk(Receiver::try_read) {
            Ok(0) => return,
            Ok(_) => {}
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(_) => return,
        }
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Tail> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads under the lock, so that chunks read here and by the pump keep their order.
    fn read_chunk(&self, read: impl FnOnce(&Receiver, &mut [u8]) -> io::Result<usize>) -> io::Result<usize> {
        let mut tail = self.lock();
        let mut chunk = [0; 16 * 1024];
        let n = read(&self.pipe, &mut chunk)?;
        tail.push(&chunk[..n]);
        Ok(n)
    }
}

impl Tail {
    fn push(&mut self, chunk: &[u8]) {
        self.bytes.extend_from_slice(chunk);
        // Twice the size before cutting, so that each byte is moved at most once.
        if self.bytes.len() > 2 * KEPT_BYTES {
            self.bytes.drain(..self.bytes.len() - KEPT_BYTES);
            self.cut = true;
        }
    }

    fn into_whole_lines(mut self) -> Vec<u8> {
        if self.bytes.len() > KEPT_BYTES {
            self.bytes.drain(..self.bytes.len() - KEPT_BYTES);
            self.cut = true;
        }
        if self.cut
            && let Some(end_of_line) = self.bytes.iter().position(|&b| b == b'\n')
        {
            self.bytes.drain(..=end_of_line);
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[tokio::test]
    async fn what_was_written_before_is_there_at_once() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let capture = LogCapture::new(reader).unwrap();
        writer.write_all(b"one\ntwo \xff\n").unwrap();
        assert_eq!(capture.take(), b"one\ntwo \xff\n");
        assert_eq!(capture.take(), b"");
    }

    #[test]
    fn a_flood_is_cut_to_its_last_whole_lines() {
        let mut tail = Tail::default();
        for n in 0..100_000 {
            tail.push(format!("line {n}\n").as_bytes());
            assert!(tail.bytes.len() <= 2 * KEPT_BYTES);
        }
        let kept = String::from_utf8(tail.into_whole_lines()).unwrap();
        assert!(kept.len() <= KEPT_BYTES && kept.len() > KEPT_BYTES - 20);
        assert!(kept.starts_with("line "), "{}", &kept[..20]);
        assert!(kept.ends_with("line 99999\n"));
    }
}
