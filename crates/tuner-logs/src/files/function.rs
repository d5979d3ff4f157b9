use std::sync::Arc;

use crate::lines::Origin;
use tuner_core::review::FunctionVersion;

use super::exported::PathOrigin;

/// A function that reports are of: two of one name in two regions are two.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Function {
    pub(crate) name: Arc<str>,
    pub(crate) region: Option<Arc<str>>,
    /// Lambda@Edge.
    pub(crate) edge: bool,
}

impl Function {
    pub(crate) fn of_path(path: &PathOrigin) -> Option<Arc<Self>> {
        Some(Arc::new(Self {
            name: path.function.as_deref()?.into(),
            region: path.region.as_deref().map(Arc::from),
            edge: path.edge,
        }))
    }

    fn is(&self, origin: &Origin<'_>, region: Option<&str>) -> bool {
        Some(&*self.name) == origin.function && self.region.as_deref() == region && self.edge == origin.edge
    }
}

/// Tells the function of a REPORT by its line, its objects and its file, and shares what it made of the last one.
#[derive(Clone, Default)]
pub(crate) struct FunctionContext {
    of_path: Option<Arc<Function>>,
    region: Option<Arc<str>>,
    version: Option<FunctionVersion>,
    last: Option<Arc<Function>>,
}

impl FunctionContext {
    pub(crate) fn new(path: &PathOrigin) -> Self {
        Self {
            of_path: Function::of_path(path),
            region: path.region.as_deref().map(Arc::from),
            version: path.version,
            last: None,
        }
    }

    pub(crate) fn of_path(&self) -> Option<&Arc<Function>> {
        self.of_path.as_ref()
    }

    /// The function of an event. Its line's own name comes before the one of its file.
    #[inline]
    pub(crate) fn function(&mut self, origin: &Origin<'_>) -> Option<Arc<Function>> {
        let Some(name) = origin.function else {
            return self.of_path.clone();
        };
        let region = origin.region.or(self.region.as_deref());
        if let Some(last) = self.last.as_ref().filter(|last| last.is(origin, region)) {
            return Some(last.clone());
        }
        let function = Arc::new(Function {
            name: name.into(),
            region: region.map(Arc::from),
            edge: origin.edge,
        });
        self.last = Some(function.clone());
        Some(function)
    }

    /// The version that an event is of, as far as stream, ARN or path tell.
    #[inline]
    pub(crate) fn version(&self, origin: &Origin<'_>) -> Option<FunctionVersion> {
        let said = origin.version.and_then(|version| version.parse().ok());
        said.or(self.version)
    }

    /// The function of that name, in the region of its file.
    pub(crate) fn named(&mut self, name: &str) -> Option<Arc<Function>> {
        self.function(&Origin {
            function: Some(name),
            ..Origin::default()
        })
    }
}
