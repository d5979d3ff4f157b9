/// The name that was probably meant by `typed`: the one with the nearest of `spellings`, which are spellings of names.
pub(crate) fn nearest(typed: &str, spellings: &[(&'static str, &'static str)]) -> Option<&'static str> {
    let plain = |name: &str| -> String {
        let letters = name.chars().filter(|c| c.is_alphanumeric()).take(40);
        letters.flat_map(char::to_lowercase).collect()
    };
    let wanted = plain(typed);
    let (distance, name) = spellings
        .iter()
        .map(|&(spelling, name)| (strsim::levenshtein(&wanted, &plain(spelling)), name))
        .min_by_key(|&(distance, _)| distance)?;
    (distance <= wanted.chars().count() / 4).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_find_their_field_and_others_find_none() {
        let known = ["lambdaARN", "powerValues", "num", "payload", "payloadS3", "strategy"];
        let other_words = [("memorySizes", "powerValues"), ("objective", "strategy")];
        let spellings: Vec<_> = known.into_iter().map(|name| (name, name)).chain(other_words).collect();
        for (typed, meant) in [
            ("lambdaArn", Some("lambdaARN")),
            ("powervalue", Some("powerValues")),
            ("power_values", Some("powerValues")),
            ("memorySizes", Some("powerValues")),
            ("stratgey", Some("strategy")),
            ("payloads3", Some("payloadS3")),
            ("objective", Some("strategy")),
            ("x", None),
            ("", None),
            ("region", None),
        ] {
            assert_eq!(nearest(typed, &spellings), meant, "{typed}");
        }
    }
}
