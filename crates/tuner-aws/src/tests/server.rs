//! A service on loopback that answers over real connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Answers with what `answer` makes of the head of a request and its number, from 0; an answer without an end closes.
pub(super) struct Server {
    pub endpoint: String,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub(super) async fn start(answer: impl Fn(&str, usize) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let (opened, requests) = (connections.clone(), Arc::new(AtomicUsize::new(0)));
        let answer = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                opened.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(converse(stream, answer.clone(), requests.clone()));
            }
        });
        Self { endpoint, connections }
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn converse(mut stream: TcpStream, answer: Arc<impl Fn(&str, usize) -> String>, requests: Arc<AtomicUsize>) {
    let mut read = Vec::new();
    loop {
        let end = loop {
            if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&read[..at]).into_owned();
                let end = at + 4 + content_length(&head);
                if read.len() >= end {
                    let said = answer(&head, requests.fetch_add(1, Ordering::SeqCst));
                    stream.write_all(said.as_bytes()).await.unwrap();
                    let body = said.split_once("\r\n\r\n").unwrap().1;
                    if body.len() < content_length(&said) {
                        return;
                    }
                    break end;
                }
            }
            if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
                return;
            }
        };
        read.drain(..end);
    }
}

fn content_length(head: &str) -> usize {
    let lines = head.lines().take_while(|line| !line.is_empty());
    let mut fields = lines.filter_map(|line| line.split_once(": "));
    fields
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(0, |(_, value)| value.parse().unwrap())
}

pub(super) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}
