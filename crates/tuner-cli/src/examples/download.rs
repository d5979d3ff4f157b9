//! What `example:download` reads, and from where: a server inside `tuner` itself, so that no network is needed.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tuner_local::FunctionSpec;

use super::FUNCTION_ARGUMENT;
use crate::error::CliError;
use crate::exit::Exit;

/// Where the server is.
const SOURCE: &str = "EXAMPLE_SOURCE";
/// More than any test of bandwidth needs.
const MOST_MB: u64 = 4096;

/// Answers `GET /MB` with so many megabytes; dropping it ends it.
pub(crate) struct Source {
    _server: JoinSet<()>,
}

impl Source {
    /// One for this function, if it is the example that needs one; the function learns where it is.
    pub(crate) async fn of(spec: &mut FunctionSpec) -> Result<Option<Self>, CliError> {
        let name = super::Example::Download.name();
        if !matches!(&spec.command[..], [_, argument, example] if argument == FUNCTION_ARGUMENT && example == name) {
            return Ok(None);
        }
        let failed =
            |e: io::Error| CliError::new(Exit::Unexpected, "cannot serve what example:download reads").cause(e);
        let (server, address) = Self::start().await.map_err(failed)?;
        spec.variables.insert(SOURCE.to_owned(), address.to_string());
        Ok(Some(server))
    }

    async fn start() -> io::Result<(Self, SocketAddr)> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let mut server = JoinSet::new();
        server.spawn(async move {
            let mut clients = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                while clients.try_join_next().is_some() {}
                clients.spawn(async move {
                    // A client that goes away needs no more.
                    let _ = answer(client).await;
                });
            }
        });
        Ok((Self { _server: server }, address))
    }
}

async fn answer(mut client: TcpStream) -> io::Result<()> {
    let head = head_of(&mut client).await?;
    let wanted = head
        .strip_prefix("GET /")
        .and_then(|rest| rest.split(' ').next()?.parse::<u64>().ok());
    let Some(mb) = wanted.filter(|mb| *mb <= MOST_MB) else {
        return client
            .write_all(b"HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            .await;
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        mb << 20
    );
    client.write_all(head.as_bytes()).await?;
    let block = vec![0xA5; 1 << 20];
    for _ in 0..mb {
        client.write_all(&block).await?;
    }
    client.shutdown().await
}

/// Reads so many megabytes, through the proxy that `HTTP_PROXY` names if there is one; returns how many bytes came.
pub(super) async fn read(mb: u64) -> io::Result<u64> {
    let missing = || io::Error::other("there is no server to read from: start this example with `tuner`");
    let source = std::env::var(SOURCE).map_err(|_| missing())?;
    let proxy = std::env::var("HTTP_PROXY").ok();
    let (address, target) = match proxy.as_deref().and_then(|url| url.strip_prefix("http://")) {
        Some(proxy) => (proxy.trim_end_matches('/').to_owned(), format!("http://{source}/{mb}")),
        None => (source.clone(), format!("/{mb}")),
    };
    let mut server = TcpStream::connect(address).await?;
    let request = format!("GET {target} HTTP/1.1\r\nHost: {source}\r\nConnection: close\r\n\r\n");
    server.write_all(request.as_bytes()).await?;
    let head = head_of(&mut server).await?;
    if !head.starts_with("HTTP/1.1 200 ") {
        return Err(io::Error::other(format!(
            "the server answered {}",
            head.lines().next().unwrap_or_default()
        )));
    }
    let mut block = vec![0; 64 << 10];
    let mut bytes = 0;
    loop {
        match server.read(&mut block).await? {
            0 if bytes < mb << 20 => return Err(io::ErrorKind::UnexpectedEof.into()),
            0 => return Ok(bytes),
            n => bytes += n as u64,
        }
    }
}

/// The head of a request or an answer.
async fn head_of(stream: &mut TcpStream) -> io::Result<String> {
    const LONGEST: usize = 8192;
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        if bytes.len() > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        bytes.push(stream.read_u8().await?);
    }
    String::from_utf8(bytes).map_err(|_| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_source_gives_what_is_asked_for() {
        let (_source, address) = Source::start().await.unwrap();
        for (path, length) in [("/2", Some(2 << 20)), ("/x", None), ("/99999", None)] {
            let mut client = TcpStream::connect(address).await.unwrap();
            client
                .write_all(format!("GET {path} HTTP/1.1\r\n\r\n").as_bytes())
                .await
                .unwrap();
            let head = head_of(&mut client).await.unwrap();
            assert_eq!(head.starts_with("HTTP/1.1 200 "), length.is_some(), "{head}");
            let mut body = Vec::new();
            client.read_to_end(&mut body).await.unwrap();
            assert_eq!(body.len(), length.unwrap_or(0));
        }
    }
}
