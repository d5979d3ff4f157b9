//! What the JSON log says of an invocation before its REPORT: of which tenant it is, and in what environment it runs.
//!
//! A log stream is one execution environment's, so what its last initStart says goes for the invocations that start in it.
//! Where lines name no stream the file must begin with an initStart, and all in it must say the same: of an environment that
//! is older than the file nothing tells what it is.

use std::sync::Arc;

use super::invocations::{ByKey, Key, NO_STREAM};

/// STARTs that await their REPORT: more have none.
const MOST_BEGUN: usize = 20_000;

/// What the beginning of an invocation tells of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) tenant: Option<Arc<str>>,
    pub(crate) environment: Option<Arc<str>>,
}

/// Follows the environments and invocations of one source through its chunks.
#[derive(Default)]
pub(crate) struct Environments {
    /// What environments are, by their log streams; `None` where that is not known.
    kinds: ByKey<Option<Arc<str>>>,
    begun: ByKey<Told>,
}

impl Environments {
    /// Whether an initStart was seen.
    pub(crate) fn is_any_known(&self) -> bool {
        self.kinds.values().any(Option::is_some)
    }

    /// Invocations were there before anything was told: where lines name no stream, of an older environment perhaps.
    pub(crate) fn began_before(&mut self) {
        self.kinds.insert(NO_STREAM, None);
    }

    /// An environment begins.
    pub(crate) fn initialised(&mut self, stream: Key, kind: &Arc<str>) {
        let known = self.kinds.entry(stream).or_insert_with(|| Some(kind.clone()));
        if stream == NO_STREAM {
            *known = known.take().filter(|known| known == kind);
        } else {
            *known = Some(kind.clone());
        }
    }

    /// An invocation begins.
    pub(crate) fn started(&mut self, id: Key, stream: Key, tenant: Option<&Arc<str>>) {
        let environment = self.kinds.entry(stream).or_default().clone();
        let told = Told {
            tenant: tenant.cloned(),
            environment,
        };
        if self.begun.len() == MOST_BEGUN {
            self.begun.clear();
        }
        if told == Told::default() {
            // A retry keeps the ID, and may run elsewhere.
            self.begun.remove(&id);
        } else {
            self.begun.insert(id, told);
        }
    }

    /// An invocation ended: what its beginning told.
    pub(crate) fn reported(&mut self, id: Key) -> Told {
        self.begun.remove(&id).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(environments: &mut Environments, stream: Key) -> Option<String> {
        environments.started(7, stream, None);
        environments.reported(7).environment.map(|kind| kind.to_string())
    }

    #[test]
    fn a_stream_is_what_its_own_init_start_says() {
        let (on_demand, provisioned) = (Arc::from("on-demand"), Arc::from("provisioned-concurrency"));
        let mut all = Environments::default();
        all.initialised(1, &on_demand);
        all.initialised(2, &provisioned);
        assert_eq!(environment(&mut all, 1).as_deref(), Some("on-demand"));
        assert_eq!(environment(&mut all, 2).as_deref(), Some("provisioned-concurrency"));
        assert_eq!(environment(&mut all, 3), None);
        all.initialised(3, &on_demand);
        assert_eq!(environment(&mut all, 3).as_deref(), Some("on-demand"));
        assert_eq!(environment(&mut all, NO_STREAM), None);
    }

    #[test]
    fn without_streams_all_must_say_the_same_from_the_beginning() {
        let (on_demand, provisioned) = (Arc::from("on-demand"), Arc::from("provisioned-concurrency"));
        let mut all = Environments::default();
        all.initialised(NO_STREAM, &provisioned);
        all.initialised(NO_STREAM, &provisioned);
        assert_eq!(
            environment(&mut all, NO_STREAM).as_deref(),
            Some("provisioned-concurrency")
        );
        all.initialised(NO_STREAM, &on_demand);
        assert_eq!(environment(&mut all, NO_STREAM), None);
        all.initialised(NO_STREAM, &on_demand);
        assert_eq!(environment(&mut all, NO_STREAM), None);

        let mut begins_later = Environments::default();
        assert_eq!(environment(&mut begins_later, NO_STREAM), None);
        begins_later.initialised(NO_STREAM, &on_demand);
        assert_eq!(environment(&mut begins_later, NO_STREAM), None);
    }

    #[test]
    fn a_tenant_is_of_its_invocation_only() {
        let mut all = Environments::default();
        all.started(1, NO_STREAM, Some(&Arc::from("blue")));
        all.started(2, NO_STREAM, None);
        assert_eq!(all.reported(2), Told::default());
        assert_eq!(all.reported(1).tenant.as_deref(), Some("blue"));
        assert_eq!(all.reported(1), Told::default());
    }
}
