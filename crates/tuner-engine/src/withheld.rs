//! What a document says of values that may be secret.

use sha2::{Digest, Sha256};
use tuner_core::tuning::Withheld;
use uuid::Uuid;

/// Count, bytes and a digest of `values` in their order, with the tuning's ID as the key.
pub fn withheld<'a>(key: Uuid, values: impl Iterator<Item = &'a [u8]>) -> Withheld {
    let (mut count, mut bytes, mut largest) = (0, 0, None);
    let mut hasher = Sha256::new();
    hasher.update(key.as_bytes());
    for value in values {
        count += 1;
        let length = value.len() as u64;
        bytes += length;
        largest = largest.max(Some(length));
        // With its length, so that "ab", "c" is not "a", "bc".
        hasher.update(length.to_be_bytes());
        hasher.update(value);
    }
    let digest = hasher.finalize();
    Withheld {
        count,
        bytes: Some(bytes),
        largest_bytes: largest,
        keyed_sha256: Some(digest.iter().map(|byte| format!("{byte:02x}")).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_whether_values_are_the_same_and_nothing_else() {
        let of = |key, values: &[&str]| withheld(Uuid::from_u128(key), values.iter().map(|value| value.as_bytes()));
        let one = of(1, &["secret", "x"]);
        assert_eq!((one.count, one.bytes, one.largest_bytes), (2, Some(7), Some(6)));
        assert_eq!(of(1, &[]).largest_bytes, None);
        assert_eq!(one, of(1, &["secret", "x"]));
        for other in [of(1, &["secretx"]), of(1, &["x", "secret"]), of(2, &["secret", "x"])] {
            assert_ne!(one.keyed_sha256, other.keyed_sha256);
        }
        // printf of the key, the lengths and the values, through sha256sum.
        assert!(!format!("{one:?}").contains("secret"));
    }
}
