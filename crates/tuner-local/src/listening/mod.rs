//! What the Lambda API and the Runtime API have in common: to whom they listen, and for how long.
//!
//! Both run programs as the user who started them, or hand out events that may hold secrets. A web page open in a
//! browser of this machine can reach them, directly or by DNS rebinding (its own name, made to mean 127.0.0.1); so
//! [`Hosts`] refuses what comes from a page or under a foreign name. A request that is never sent to its end is not
//! waited for without end: [`Patient`]. The Runtime API has no access key, so that it takes connections of its own user
//! only: [`Patient::refusing_other_users`].

mod half_sent;
mod host;
mod peer;

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;

pub(crate) use half_sent::Patient;
use half_sent::Requests;
pub(crate) use host::{Foreign, Hosts};

/// A server of `router` at `listener`, which refuses by `refuse` what [`Hosts`] calls foreign.
pub(crate) fn serve(
    listener: Patient,
    hosts: Hosts,
    router: Router,
    refuse: fn(Foreign) -> Response,
) -> axum::serve::Serve<
    Patient,
    axum::extract::connect_info::IntoMakeServiceWithConnectInfo<Router, Requests>,
    axum::middleware::AddExtension<Router, ConnectInfo<Requests>>,
> {
    let router = router.layer(from_fn(
        move |ConnectInfo(requests): ConnectInfo<Requests>, request: Request<Body>, next: Next| {
            let hosts = hosts.clone();
            async move {
                // Until the answer is there: bytes that come meanwhile belong to this request.
                let _in_service = requests.begin();
                match hosts.check(request.uri(), request.headers()) {
                    Ok(()) => next.run(request).await,
                    Err(foreign) => refuse(foreign),
                }
            }
        },
    ));
    axum::serve(listener, router.into_make_service_with_connect_info::<Requests>())
}

/// How long the head of a request may take from its first byte. Clients send it in one piece.
pub(crate) const HEAD_WITHIN: Duration = Duration::from_secs(10);

/// How long the body of a request may take: 72 MB over loopback take less than a second.
pub(crate) const BODY_WITHIN: Duration = Duration::from_secs(60);
