//! One HTTP client for all services, made when the first call goes out.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

type Timeouts = (Option<Duration>, Option<Duration>);

/// The SDK's own client parses the root certificates each time a service is configured, and once more for the first call
/// of each. This one does so once for each pair of time-outs, which all services here share, and not before a call is
/// made. Its idle connections are shared between regions and roles too.
#[derive(Debug, Default)]
struct Lazy {
    connectors: Mutex<Vec<(Timeouts, SharedHttpConnector)>>,
}

impl HttpClient for Lazy {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let timeouts = (settings.connect_timeout(), settings.read_timeout());
        let mut connectors = self.connectors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, known)) = connectors.iter().find(|(key, _)| *key == timeouts) {
            return known.clone();
        }
        let mut builder = Connector::builder();
        builder
            .set_connector_settings(Some(settings.clone()))
            .set_sleep_impl(components.sleep_impl())
            .set_proxy_config(Some(ProxyConfig::from_env()));
        let made = SharedHttpConnector::new(builder.tls_provider(Provider::Rustls(CryptoMode::AwsLc)).build());
        connectors.push((timeouts, made.clone()));
        made
    }
}

pub(crate) fn client() -> SharedHttpClient {
    SharedHttpClient::new(Lazy::default())
}
