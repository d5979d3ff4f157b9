//! A proxy of HTTP that limits bandwidth: `CONNECT host:port` for TLS, `GET http://host/path` for the rest.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::pace::Pace;

/// No longer head is read.
const LARGEST_HEAD: usize = 32 * 1024;
/// Nor for longer than this.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// How much is passed on at once: less than a millisecond's worth.
const CHUNK: usize = 32 * 1024;

/// A proxy on a loopback port; dropping it ends it, with its connections.
#[derive(Debug)]
pub(crate) struct Proxy {
    address: SocketAddr,
    server: JoinHandle<()>,
}

impl Proxy {
    /// One whose connections share `mbps` in each direction.
    pub(crate) async fn start(mbps: f64) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let link = Arc::new(Link {
            up: Pace::new(mbps),
            down: Pace::new(mbps),
        });
        let server = tokio::spawn(async move {
            // Dropped with the server, which ends them.
            let mut connections = tokio::task::JoinSet::new();
            loop {
                while connections.try_join_next().is_some() {}
                match listener.accept().await {
                    Ok((client, _)) => {
                        let link = Arc::clone(&link);
                        connections.spawn(async move {
                            if let Err(e) = link.serve(client).await {
                                tracing::debug!("a connection through the proxy of bandwidth ended: {e}");
                            }
                        });
                    }
                    Err(e) => {
                        tracing::debug!("the proxy of bandwidth: {e}");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        });
        Ok(Self { address, server })
    }

    /// The variables that have programs use it. What is on loopback is reached directly: the Runtime API is there.
    pub(crate) fn variables(&self) -> [(&'static str, String); 6] {
        let url = format!("http://{}", self.address);
        let direct = "127.0.0.1,localhost,::1".to_owned();
        [
            ("HTTP_PROXY", url.clone()),
            ("http_proxy", url.clone()),
            ("HTTPS_PROXY", url.clone()),
            ("https_proxy", url),
            ("NO_PROXY", direct.clone()),
            ("no_proxy", direct),
        ]
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

struct Link {
    up: Pace,
    down: Pace,
}

impl Link {
    async fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        client.set_nodelay(true)?;
        let read = tokio::time::timeout(HEAD_WITHIN, head_of(&mut client)).await;
        let (head, rest) = read.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        let Some(request) = Request::parse(&head) else {
            let refusal = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
            return client.write_all(refusal).await;
        };
        let mut server = match TcpStream::connect(&request.address).await {
            Ok(server) => server,
            Err(e) => {
                let body = format!("the proxy that limits bandwidth cannot reach {}: {e}", request.address);
                let refusal = format!(
                    "HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                );
                return client.write_all(refusal.as_bytes()).await;
            }
        };
        server.set_nodelay(true)?;
        match &request.head {
            Some(head) => server.write_all(head.as_bytes()).await?,
            None => client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?,
        }
        server.write_all(&rest).await?;
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        tokio::try_join!(
            copy(from_client, to_server, &self.up),
            copy(from_server, to_client, &self.down)
        )?;
        Ok(())
    }
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, pace: &Pace) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK];
    loop {
        match from.read(&mut chunk).await? {
            0 => return to.shutdown().await,
            n => {
                pace.pass(n).await;
                to.write_all(&chunk[..n]).await?;
            }
        }
    }
}

/// The head of the first request, and what has come after it.
async fn head_of(client: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            let head = String::from_utf8(bytes).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
            return Ok((head, rest));
        }
        if bytes.len() > LARGEST_HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if client.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    address: String,
    /// What is sent there; nothing for a tunnel.
    head: Option<String>,
}

impl Request {
    fn parse(head: &str) -> Option<Self> {
        let (line, fields) = head.split_once("\r\n")?;
        let mut words = line.split(' ');
        let (method, target, version) = (words.next()?, words.next()?, words.next()?);
        if method == "CONNECT" {
            return Some(Self {
                address: target.to_owned(),
                head: None,
            });
        }
        let (authority, path) = match target.strip_prefix("http://")? {
            whole if whole.contains('/') => whole.split_at(whole.find('/')?),
            authority => (authority, "/"),
        };
        let has_port = authority
            .rsplit_once(':')
            .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        let address = match has_port {
            true => authority.to_owned(),
            false => format!("{authority}:80"),
        };
        // One request for a connection: a second one might be for another host.
        let fields = fields
            .split("\r\n")
            .filter(|field| {
                let name = field.split(':').next().unwrap_or_default().to_ascii_lowercase();
                !matches!(
                    &*name,
                    "connection" | "proxy-connection" | "proxy-authorization" | "keep-alive" | ""
                )
            })
            .map(|field| format!("{field}\r\n"))
            .collect::<String>();
        Some(Self {
            address,
            head: Some(format!(
                "{method} {path} {version}\r\n{fields}Connection: close\r\n\r\n"
            )),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn tunnels_and_plain_requests_are_told_apart() {
        let tunnel = Request::parse("CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n").unwrap();
        assert_eq!((tunnel.address.as_str(), tunnel.head), ("example.org:443", None));
        let plain = "GET http://example.org/a?b HTTP/1.1\r\nHost: example.org\r\nProxy-Connection: keep-alive\r\n\r\n";
        let plain = Request::parse(plain).unwrap();
        assert_eq!(plain.address, "example.org:80");
        assert_eq!(
            plain.head.unwrap(),
            "GET /a?b HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n"
        );
        assert_eq!(Request::parse("GET / HTTP/1.1\r\n\r\n"), None, "no request to a proxy");
        assert_eq!(Request::parse("nonsense\r\n\r\n"), None);
    }

    /// A server that answers every connection with so many bytes.
    async fn source(bytes: usize) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let _ = head_of(&mut client).await;
                    let _ = client.write_all(&vec![b'x'; bytes]).await;
                });
            }
        });
        address
    }

    #[tokio::test]
    async fn bytes_come_no_faster_than_the_bandwidth() {
        const BYTES: usize = 2_000_000;
        let source = source(BYTES).await;
        let proxy = Proxy::start(80.0).await.unwrap();
        for request in [
            format!("GET http://{source}/ HTTP/1.1\r\nHost: {source}\r\n\r\n"),
            format!("CONNECT {source} HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n"),
        ] {
            let began = Instant::now();
            let mut client = TcpStream::connect(proxy.address).await.unwrap();
            client.write_all(request.as_bytes()).await.unwrap();
            let mut seen = Vec::new();
            client.read_to_end(&mut seen).await.unwrap();
            assert!(seen.ends_with(b"xxxx") && seen.len() >= BYTES, "{}", seen.len());
            // 10 MB/s: 200 ms, less the little that was saved.
            assert!(began.elapsed() > Duration::from_millis(185), "{:?}", began.elapsed());
        }
    }

    #[tokio::test]
    async fn what_can_not_be_reached_is_said() {
        let proxy = Proxy::start(100.0).await.unwrap();
        for (request, status) in [
            ("GET http://127.0.0.1:1/ HTTP/1.1\r\n\r\n", "502"),
            ("GET / HTTP/1.1\r\n\r\n", "400"),
        ] {
            let mut client = TcpStream::connect(proxy.address).await.unwrap();
            client.write_all(request.as_bytes()).await.unwrap();
            let mut seen = String::new();
            client.read_to_string(&mut seen).await.unwrap();
            assert!(seen.starts_with(&format!("HTTP/1.1 {status} ")), "{seen}");
        }
    }
}
