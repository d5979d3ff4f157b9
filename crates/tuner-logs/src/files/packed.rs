//! Base64 in JSON: what a subscription hands to a function, records of Kinesis, the tail of an invocation.

use std::io::Read;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::read::MultiGzDecoder;

use super::layers::GZIP;

/// What Lambda and Kinesis take is smaller; what inflates to more is made to.
const LARGEST: u64 = 16 << 20;
const MOST_LAYERS: usize = 2;

pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The text that is packed; `None` if it is none.
pub(crate) fn unpack(base64: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = BASE64.decode(base64).ok()?;
    for _ in 0..MOST_LAYERS {
        if !bytes.starts_with(GZIP) {
            break;
        }
        let mut inflated = Vec::new();
        // What is damaged has something to say up to there.
        let read = MultiGzDecoder::new(&bytes[..]).take(LARGEST).read_to_end(&mut inflated);
        if read.is_err() && inflated.is_empty() {
            return None;
        }
        bytes = inflated;
    }
    (!bytes.contains(&0)).then_some(bytes)
}
