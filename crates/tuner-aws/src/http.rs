//! One HTTP client for all services, with one pool of connections.

use std::time::Duration;

use aws_smithy_http_client::pool::{Client, ConnectionPool, DriverSpawner, Partition, PartitionId};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

/// A connection on which nothing was said for this long is asked whether the other end is still there. A function answers
/// after up to 15 minutes, and NAT forgets silent connections: AWS's own NAT gateways after 350 s.
const KEEP_ALIVE: Duration = Duration::from_secs(45);

/// The pool parses the root certificates when a client is configured with it. This hands it out when a call is made.
#[derive(Debug)]
struct Lazy(Client);

impl HttpClient for Lazy {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }
}

pub(crate) fn client() -> SharedHttpClient {
    let provider = || Provider::Rustls(CryptoMode::AwsLc);
    let here = PartitionId::from_index(0);
    // What drives a connection runs beside the call that opened it.
    let spawner = DriverSpawner::from_fn(|driver| drop(tokio::spawn(driver)));
    let pool = ConnectionPool::builder()
        .partitions([Partition::new(here, spawner)])
        .tcp_keepalive(KEEP_ALIVE)
        .proxy_config(ProxyConfig::from_env())
        .tls_provider(provider())
        .build_https()
        .ok();
    match pool.and_then(|pool| Client::from_partition(&pool, here).ok()) {
        Some(client) => SharedHttpClient::new(Lazy(client)),
        // None of these settings is ever refused.
        None => aws_smithy_http_client::Builder::new()
            .tls_provider(provider())
            .build_https(),
    }
}
