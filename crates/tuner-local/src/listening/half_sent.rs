//! Connections on which a request is begun and never sent to its end.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;

use super::peer::{self, Peer};

/// A listener whose connections end when the head of a request is not there within a time: from when the connection
/// was made for the first request, from its first byte for the others. Between requests there is no limit.
#[derive(Debug)]
pub(crate) struct Patient {
    listener: TcpListener,
    head_within: Duration,
    refuses_other_users: bool,
}

impl Patient {
    pub(crate) fn new(listener: TcpListener, head_within: Duration) -> Self {
        Self {
            listener,
            head_within,
            refuses_other_users: false,
        }
    }

    /// Takes no connections that programs of other users of this machine make.
    pub(crate) fn refusing_other_users(mut self) -> Self {
        self.refuses_other_users = true;
        self
    }

    async fn takes(&self, peer: SocketAddr) -> bool {
        if !self.refuses_other_users {
            return true;
        }
        let Ok(listener) = self.listener.local_addr() else {
            return false;
        };
        let found = tokio::task::spawn_blocking(move || peer::of(peer, listener)).await;
        let is_foreign = found.map_or(true, |found| found == Peer::Foreign);
        if is_foreign {
            tracing::warn!("a connection from {peer} to {listener} was refused: it is another user's");
        }
        !is_foreign
    }
}

impl Listener for Patient {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let (stream, address) = loop {
            let (stream, address) = Listener::accept(&mut self.listener).await;
            if self.takes(address).await {
                break (stream, address);
            }
        };
        // Small answers must not wait for acknowledgements.
        drop(stream.set_nodelay(true));
        let connection = Connection {
            stream,
            requests: Requests::default(),
            head_within: self.head_within,
            due: Some((0, Box::pin(tokio::time::sleep(self.head_within)))),
        };
        (connection, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// The requests of a connection, counted by whoever serves them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Requests(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    begun: AtomicU64,
    answered: AtomicU64,
}

impl Requests {
    /// A request whose head is complete; it is answered when what this returns is dropped.
    pub(super) fn begin(&self) -> InService {
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        InService(self.clone())
    }

    fn begun(&self) -> u64 {
        self.0.begun.load(Ordering::Relaxed)
    }

    fn is_in_service(&self) -> bool {
        self.begun() != self.0.answered.load(Ordering::Relaxed)
    }
}

pub(super) struct InService(Requests);

impl Drop for InService {
    fn drop(&mut self) {
        self.0.0.answered.fetch_add(1, Ordering::Relaxed);
    }
}

impl Connected<IncomingStream<'_, Patient>> for Requests {
    fn connect_info(stream: IncomingStream<'_, Patient>) -> Self {
        stream.io().requests.clone()
    }
}

/// A connection that ends when a head is overdue.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    requests: Requests,
    head_within: Duration,
    /// While a head is awaited: how many requests had begun before it, and until when it may take.
    due: Option<(u64, Pin<Box<Sleep>>)>,
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(cx, buffer);
        let begun = this.requests.begun();
        // The head that was awaited has come.
        this.due.take_if(|(then, _)| *then != begun);
        if buffer.filled().len() > before && this.due.is_none() && !this.requests.is_in_service() {
            this.due = Some((begun, Box::pin(tokio::time::sleep(this.head_within))));
        }
        match (&read, &mut this.due) {
            (Poll::Pending, Some((_, until))) => until.as_mut().poll(cx).map(|()| {
                Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the request was not sent to its end",
                ))
            }),
            _ => read,
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use axum::Router;
    use axum::response::IntoResponse;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::super::{Hosts, serve};
    use super::*;

    const WITHIN: Duration = Duration::from_millis(400);

    async fn address() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route(
            "/",
            get(|| async {
                tokio::time::sleep(2 * WITHIN).await;
                "done"
            }),
        );
        let server = serve(Patient::new(listener, WITHIN), Hosts::default(), router, |_| {
            "foreign".into_response()
        });
        tokio::spawn(server.into_future());
        address
    }

    /// What comes until the connection ends.
    async fn rest(stream: &mut TcpStream) -> String {
        let mut text = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut text)).await;
        // A reset is an end as well.
        drop(read.expect("it ends"));
        String::from_utf8_lossy(&text).into_owned()
    }

    #[tokio::test]
    async fn a_half_sent_head_is_not_waited_for() {
        let address = address().await;
        for sent in ["", "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "] {
            let began = Instant::now();
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(sent.as_bytes()).await.unwrap();
            assert!(!rest(&mut stream).await.contains("done"));
            assert!(began.elapsed() >= WITHIN, "{:?}", began.elapsed());
        }
    }

    #[tokio::test]
    async fn bytes_that_drip_do_not_help() {
        let mut stream = TcpStream::connect(address().await).await.unwrap();
        let (mut reads, mut writes) = stream.split();
        let drip = async {
            loop {
                if writes.write_all(b"G").await.is_err() {
                    return;
                }
                tokio::time::sleep(WITHIN / 8).await;
            }
        };
        let end = async {
            let mut text = Vec::new();
            drop(reads.read_to_end(&mut text).await);
        };
        let ended = tokio::time::timeout(Duration::from_secs(10), async {
            tokio::select! { () = drip => {}, () = end => {} }
        });
        assert!(ended.await.is_ok());
    }

    #[tokio::test]
    async fn neither_a_long_answer_nor_a_pause_between_requests_ends_a_connection() {
        let mut stream = TcpStream::connect(address().await).await.unwrap();
        for _ in 0..2 {
            stream
                .write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                .await
                .unwrap();
            let mut seen = String::new();
            while !seen.contains("done") {
                let mut bytes = [0; 512];
                let read = stream.read(&mut bytes).await.unwrap();
                assert!(read > 0, "{seen}");
                seen.push_str(&String::from_utf8_lossy(&bytes[..read]));
            }
            tokio::time::sleep(2 * WITHIN).await;
        }
        stream.write_all(b"GET / HT").await.unwrap();
        assert!(!rest(&mut stream).await.contains("done"), "the third is half sent");
    }
}
