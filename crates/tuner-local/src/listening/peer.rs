//! Whose a connection over loopback is: the kernel's tables of sockets say which user made each.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::MetadataExt as _;

/// What can be said of the program at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Peer {
    /// It runs as our user, or as the one of a process that we started.
    Ours,
    /// It runs as another user, or has closed its socket already, so that nobody knows.
    Foreign,
    /// There are no tables (other systems than Linux), or they do not even list our own socket.
    NotTold,
}

/// Whose the connection from `peer` to our listener at `listener` is. Reads files of the kernel.
pub(super) fn of(peer: SocketAddr, listener: SocketAddr) -> Peer {
    let tables = ["/proc/self/net/tcp", "/proc/self/net/tcp6"].map(|path| fs::read_to_string(path).unwrap_or_default());
    match judge(&tables.concat(), peer, listener) {
        Judged::Ours => Peer::Ours,
        Judged::User(user) if runs_below_us(user) => Peer::Ours,
        Judged::User(_) | Judged::Nobodys => Peer::Foreign,
        Judged::NotTold => Peer::NotTold,
    }
}

#[derive(Debug, PartialEq)]
enum Judged {
    Ours,
    User(u32),
    Nobodys,
    NotTold,
}

/// A row of `/proc/net/tcp` or `tcp6` (proc_net_tcp in the kernel's documentation).
struct Row {
    local: SocketAddr,
    remote: SocketAddr,
    is_listening: bool,
    user: u32,
    /// 0 when no process has the socket any more; then the user is 0 too, whoever it was.
    inode: u64,
}

fn judge(tables: &str, peer: SocketAddr, listener: SocketAddr) -> Judged {
    let rows = || tables.lines().filter_map(row);
    let Some(ours) = rows().find(|row| row.is_listening && row.local == listener) else {
        return Judged::NotTold;
    };
    match rows().find(|row| row.local == peer && row.remote == listener && row.inode != 0) {
        Some(row) if row.user == ours.user => Judged::Ours,
        Some(row) => Judged::User(row.user),
        None => Judged::Nobodys,
    }
}

/// `0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000  0 12345 ..`
fn row(line: &str) -> Option<Row> {
    const LISTENING: &str = "0A";
    let mut fields = line.split_ascii_whitespace().skip(1);
    Some(Row {
        local: address(fields.next()?)?,
        remote: address(fields.next()?)?,
        is_listening: fields.next()? == LISTENING,
        user: fields.nth(3)?.parse().ok()?,
        inode: fields.nth(1)?.parse().ok()?,
    })
}

/// Words of 32 bits in the byte order of the processor, in hexadecimal, and the port. A runtime may use a socket of IPv6
/// for 127.0.0.1 (Java does): that is the same address.
fn address(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.split_once(':')?;
    let word = |at: usize| u32::from_str_radix(address.get(at..at + 8)?, 16).ok();
    let ip = match address.len() {
        8 => IpAddr::from(Ipv4Addr::from(word(0)?.to_ne_bytes())),
        32 => {
            let mut bytes = [0; 16];
            for (place, chunk) in bytes.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                *chunk = word(8 * place)?.to_ne_bytes();
            }
            IpAddr::from(Ipv6Addr::from(bytes)).to_canonical()
        }
        _ => return None,
    };
    Some(SocketAddr::new(ip, u16::from_str_radix(port, 16).ok()?))
}

/// Whether a process of this user descends from ours: a function that gives up its rights.
fn runs_below_us(user: u32) -> bool {
    let (mut parents, mut of_user) = (BTreeMap::new(), Vec::new());
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else {
            continue;
        };
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // The name of the program may hold anything, so fields are counted from its end.
        let parent = stat
            .rsplit_once(") ")
            .and_then(|(_, rest)| rest.split(' ').nth(1)?.parse::<u32>().ok());
        parents.extend(parent.map(|parent| (pid, parent)));
        if entry.metadata().is_ok_and(|process| process.uid() == user) {
            of_user.push(pid);
        }
    }
    let us = std::process::id();
    of_user.into_iter().any(|pid| {
        std::iter::successors(parents.get(&pid), |parent| parents.get(*parent))
            .take(parents.len())
            .any(|parent| *parent == us)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &str = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
        \x20  0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 637 1 0000000025fcd71a 100 0 0 10 0\n\
        \x20  1: 0100007F:9C40 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 638 1 0 20 4 30 10 -1\n\
        \x20  2: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 639 1 0 20 4 30 10 -1\n\
        \x20  3: 0100007F:9C41 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1001        0 640 1 0 20 4 30 10 -1\n\
        \x20  4: 0100007F:9C42 0100007F:1F90 05 00000000:00000000 00:00000000 00000000     0        0 0 1 0 20 4 30 10 -1\n\
        \x20  0: 0000000000000000FFFF00000100007F:9C43 0000000000000000FFFF00000100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 641 1 0 20 4 30 10 -1\n\
        \x20  1: 0000000000000000FFFF00000100007F:9C44 0000000000000000FFFF00000100007F:1F90 01 00000000:00000000 00:00000000 00000000  1002        0 642 1 0 20 4 30 10 -1\n\
        \x20  9: 01:1F90 words\n";

    #[test]
    #[cfg(target_endian = "little")]
    fn the_tables_tell_whose_a_connection_is() {
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let judged = |port| judge(TABLES, at(port), at(8080));
        assert_eq!(judged(40_000), Judged::Ours);
        assert_eq!(judged(40_001), Judged::User(1001));
        assert_eq!(judged(40_002), Judged::Nobodys, "closed, its user is unknown");
        assert_eq!(judged(40_003), Judged::Ours, "IPv6 that stands for IPv4");
        assert_eq!(judged(40_004), Judged::User(1002));
        assert_eq!(judged(40_005), Judged::Nobodys, "not in the tables");
        // A connection to another port of ours is no proof.
        assert_eq!(judge(TABLES, at(40_000), at(8081)), Judged::NotTold);
        assert_eq!(judge("", at(40_000), at(8080)), Judged::NotTold);
    }
}
