use uuid::Uuid;

/// Below this the payloads of tunings under way are kept in the store, so that a rule of the bucket can let them expire.
pub const PAYLOADS: &str = "payloads/";

/// Where the payload of a tuning is kept while it is under way.
pub fn payload_key(tuning_id: Uuid) -> String {
    format!("{PAYLOADS}{tuning_id}.json")
}

/// The tuning whose payload is kept there.
pub fn payload_owner(key: &str) -> Option<Uuid> {
    key.strip_prefix(PAYLOADS)?.strip_suffix(".json")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_tuning() {
        let id = Uuid::from_u128(7);
        assert_eq!(payload_owner(&payload_key(id)), Some(id));
        for other in [
            "payloads/x.json",
            "tunings/00000000-0000-0000-0000-000000000007/state.json",
            "payloads/",
        ] {
            assert_eq!(payload_owner(other), None, "{other}");
        }
    }
}
