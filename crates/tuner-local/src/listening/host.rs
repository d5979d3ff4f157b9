//! Under which names this machine is spoken to.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::uri::Authority;
use axum::http::{HeaderMap, Uri, header};

/// The names that requests may be sent to: those of loopback, and others that were allowed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Hosts {
    allowed: Arc<[String]>,
}

/// Why a request is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Foreign {
    /// Browsers say where a request comes from; SDKs, runtimes and the AWS CLI never do.
    #[error("requests from web pages are not taken ({header}: {value})")]
    WebPage { header: &'static str, value: String },
    /// Perhaps a name of somebody else's, made to mean this machine.
    #[error("the host `{0}` is not this machine's loopback")]
    Host(String),
}

impl Hosts {
    pub(crate) fn new(allowed: &[String]) -> Self {
        Self {
            allowed: allowed
                .iter()
                .map(|name| name.trim_end_matches('.').to_owned())
                .collect(),
        }
    }

    /// Refuses what a web page sent, and what was sent to a name that is not ours.
    pub(crate) fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Foreign> {
        // Requests that need no permission of ours carry no Origin, but browsers tell loopback where they come from.
        for header in ["origin", "sec-fetch-site"] {
            if let Some(value) = headers.get(header) {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                return Err(Foreign::WebPage { header, value });
            }
        }
        // A browser always sends a Host. Without one (HTTP/1.0) there is nothing to mistake.
        let in_headers = headers.get_all(header::HOST).iter();
        let in_headers = in_headers.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let in_uri = uri.authority().map(|authority| authority.as_str().to_owned());
        match in_headers.chain(in_uri).find(|host| !self.is_ours(host)) {
            Some(foreign) => Err(Foreign::Host(foreign)),
            None => Ok(()),
        }
    }

    /// Whether `host`, with or without a port, is a name of ours.
    fn is_ours(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else {
            return false;
        };
        if authority.as_str().contains('@') {
            return false;
        }
        let name = authority.host().trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = name.parse::<IpAddr>()
            && address.to_canonical().is_loopback()
        {
            return true;
        }
        let name = name.trim_end_matches('.');
        std::iter::once("localhost")
            .chain(self.allowed.iter().map(String::as_str))
            .any(|ours| ours.eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn refused(hosts: &Hosts, uri: &str, pairs: &[(&'static str, &str)]) -> Option<Foreign> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        hosts.check(&uri.parse().unwrap(), &headers).err()
    }

    #[test]
    fn names_of_loopback_are_ours() {
        let hosts = Hosts::default();
        for host in [
            "127.0.0.1:9001",
            "127.0.0.1",
            "127.8.8.8:1",
            "localhost:9001",
            "LocalHost.",
            "[::1]:9001",
            "[::ffff:127.0.0.1]:80",
        ] {
            assert_eq!(refused(&hosts, "/", &[("host", host)]), None, "{host}");
        }
        assert_eq!(refused(&hosts, "/", &[]), None, "HTTP/1.0 has none");
    }

    #[test]
    fn other_names_are_foreign_whatever_they_look_like() {
        let hosts = Hosts::default();
        for host in [
            "evil.example:9001",
            "127.0.0.1.evil.example",
            "localhost.evil.example:9001",
            "notlocalhost",
            "0.0.0.0:9001",
            "192.168.1.7:9001",
            "[fe80::1]:9001",
            "2130706433",
            "127.0.0.1@evil.example",
            "evil.example@127.0.0.1",
            "",
            "127.0.0.1 ",
        ] {
            let refusal = refused(&hosts, "/", &[("host", host)]);
            assert!(matches!(refusal, Some(Foreign::Host(_))), "{host}: {refusal:?}");
        }
        let both = [("host", "127.0.0.1:9001"), ("host", "evil.example")];
        assert_eq!(
            refused(&hosts, "/", &both),
            Some(Foreign::Host("evil.example".to_owned()))
        );
        assert_eq!(
            refused(&hosts, "http://evil.example/x", &[("host", "localhost")]),
            Some(Foreign::Host("evil.example".to_owned()))
        );
    }

    #[test]
    fn a_name_may_be_allowed() {
        let hosts = Hosts::new(&["host.docker.internal".to_owned()]);
        assert_eq!(refused(&hosts, "/", &[("host", "Host.Docker.Internal:9001")]), None);
        assert!(refused(&hosts, "/", &[("host", "docker.internal")]).is_some());
    }

    #[test]
    fn web_pages_are_refused_under_any_name() {
        let hosts = Hosts::default();
        for header in [("origin", "http://evil.example"), ("sec-fetch-site", "cross-site")] {
            let refusal = refused(&hosts, "/", &[("host", "127.0.0.1"), header]);
            assert!(matches!(refusal, Some(Foreign::WebPage { .. })), "{header:?}");
        }
        // Node's own fetch() sends this one, and is no page.
        assert_eq!(
            refused(&hosts, "/", &[("host", "127.0.0.1"), ("sec-fetch-mode", "cors")]),
            None
        );
    }
}
