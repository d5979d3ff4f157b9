//! One call of the HTTP API, taken apart; and its answer.

use std::collections::HashMap;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::{ApiError, ErrorKind};
use super::name::{Place, Target};

pub(super) struct Call {
    pub(super) place: Place,
    pub(super) path: HashMap<String, String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Call {
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn in_path(&self, name: &str) -> &str {
        self.path.get(name).map_or("", String::as_str)
    }

    /// The function and qualifier it is about.
    pub(super) fn target(&self) -> Result<Target, ApiError> {
        let name = self
            .path
            .get("resource")
            .map_or_else(|| self.in_path("function"), String::as_str);
        Target::parse(&self.place, name, self.query("Qualifier"))
    }

    /// The function it is about, for operations that take no qualifier.
    pub(super) fn function(&self) -> Result<String, ApiError> {
        self.target()?.unqualified()
    }

    /// The body; an empty one stands for an empty object.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, ApiError> {
        let body: &[u8] = if self.body.is_empty() { b"{}" } else { &self.body };
        serde_json::from_slice(body).map_err(|cause| {
            ApiError::new(
                ErrorKind::InvalidRequestContent,
                format!("Could not parse request body into json: {cause}"),
            )
        })
    }

    /// The part of `items` that `Marker` and `MaxItems` ask for, and the next marker. The marker is the key of the last
    /// item given, so that nothing is skipped or repeated when items come or go between two pages.
    pub(super) fn page<T>(&self, mut items: Vec<(String, T)>) -> Result<(Vec<T>, Option<String>), ApiError> {
        /// Lambda never returns more at once, whatever `MaxItems` says.
        const MOST: usize = 50;
        let wanted = match self.query("MaxItems") {
            None => MOST,
            Some(text) => match text.parse::<usize>() {
                Ok(number @ 1..=10_000) => number.min(MOST),
                _ => return Err(ApiError::constraint("maxItems", text, "have value between 1 and 10000")),
            },
        };
        items.sort_by(|(a, _), (b, _)| a.cmp(b));
        if let Some(marker) = self.query("Marker").filter(|marker| !marker.is_empty()) {
            let last = URL_SAFE_NO_PAD
                .decode(marker)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(|| ApiError::invalid(format!("Invalid marker: {marker}")))?;
            items.retain(|(key, _)| *key > last);
        }
        let more = items.len() > wanted;
        items.truncate(wanted);
        let marker = items
            .last()
            .filter(|_| more)
            .map(|(key, _)| URL_SAFE_NO_PAD.encode(key));
        Ok((items.into_iter().map(|(_, item)| item).collect(), marker))
    }
}

/// What a control-plane operation answers.
pub(super) struct Reply {
    status: StatusCode,
    body: Option<Value>,
}

impl Reply {
    pub(super) fn ok(body: impl Serialize) -> Result<Self, ApiError> {
        Self::with(StatusCode::OK, body)
    }

    pub(super) fn created(body: impl Serialize) -> Result<Self, ApiError> {
        Self::with(StatusCode::CREATED, body)
    }

    pub(super) fn empty() -> Result<Self, ApiError> {
        Ok(Self {
            status: StatusCode::NO_CONTENT,
            body: None,
        })
    }

    fn with(status: StatusCode, body: impl Serialize) -> Result<Self, ApiError> {
        let body = serde_json::to_value(body)
            .map_err(|cause| ApiError::new(ErrorKind::Service, format!("the answer could not be written: {cause}")))?;
        Ok(Self {
            status,
            body: Some(body),
        })
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = self.status;
        if let Some(body) = self.body {
            response
                .headers_mut()
                .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *response.body_mut() = Body::from(body.to_string());
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(query: &[(&str, &str)]) -> Call {
        Call {
            place: Place {
                region: "us-east-1".into(),
                account_id: "000000000000".into(),
            },
            path: HashMap::new(),
            query: query.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            body: Bytes::new(),
        }
    }

    #[test]
    fn pages_join_to_the_whole_even_when_an_item_goes() {
        let items: Vec<(String, u32)> = (0..7).map(|n| (format!("{n:020}"), n)).collect();
        let (first, marker) = call(&[("MaxItems", "3")]).page(items.clone()).expect("page");
        assert_eq!(first, [0, 1, 2]);
        let marker = marker.expect("more");
        let without_two: Vec<_> = items.into_iter().filter(|(_, n)| *n != 2).collect();
        let (second, marker) = call(&[("MaxItems", "4"), ("Marker", &marker)])
            .page(without_two)
            .expect("page");
        assert_eq!(second, [3, 4, 5, 6]);
        assert_eq!(marker, None);
    }

    #[test]
    fn a_page_has_at_most_fifty_items() {
        let items: Vec<(String, u32)> = (0..60).map(|n| (format!("{n:020}"), n)).collect();
        let (page, marker) = call(&[("MaxItems", "10000")]).page(items).expect("page");
        assert_eq!(page.len(), 50);
        assert!(marker.is_some());
        assert!(call(&[("MaxItems", "0")]).page(Vec::<(String, u32)>::new()).is_err());
        assert!(
            call(&[("Marker", "no base64!")])
                .page(Vec::<(String, u32)>::new())
                .is_err()
        );
    }
}
