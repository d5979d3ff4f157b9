/// The name among `known` that was probably meant by `typed`: another spelling of it, or one of the words that this tool
/// or AWS has for the same thing.
pub(crate) fn nearest(typed: &str, known: &[&'static str]) -> Option<&'static str> {
    let plain = |name: &str| -> Vec<char> {
        let letters = name.chars().filter(|c| c.is_alphanumeric()).take(40);
        letters.flat_map(char::to_lowercase).collect()
    };
    let wanted = plain(typed);
    let other_words = OTHER_WORDS.iter().map(|&(word, name)| (plain(word), name));
    let spellings = known.iter().map(|&name| (plain(name), name));
    let candidates: Vec<(Vec<char>, &'static str)> = spellings.chain(other_words).collect();
    let (distance, name) = candidates
        .iter()
        .map(|(letters, name)| (distance(&wanted, letters), *name))
        .min_by_key(|&(distance, _)| distance)?;
    (known.contains(&name) && distance <= wanted.len() / 4).then_some(name)
}

/// Words for what LPT has another name for.
const OTHER_WORDS: [(&str, &str); 15] = [
    ("function", "lambdaARN"),
    ("functionName", "lambdaARN"),
    ("functionARN", "lambdaARN"),
    ("memory", "powerValues"),
    ("memorySizes", "powerValues"),
    ("memoryValues", "powerValues"),
    ("invocations", "num"),
    ("numInvocations", "num"),
    ("objective", "strategy"),
    ("concurrency", "maxConcurrency"),
    ("parallel", "parallelInvocation"),
    ("apply", "autoOptimize"),
    ("applyAlias", "autoOptimizeAlias"),
    ("maxP95", "maxP95Ms"),
    ("sleepBetweenRuns", "sleepBetweenRunsMs"),
];

/// How many letters must be changed, put in or left out to turn `a` into `b`.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (row, x) in a.iter().enumerate() {
        let mut left = row + 1;
        let mut line = vec![left];
        for (column, y) in b.iter().enumerate() {
            left = (above[column] + usize::from(x != y))
                .min(above[column + 1] + 1)
                .min(left + 1);
            line.push(left);
        }
        above = line;
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_find_their_field_and_others_find_none() {
        let known = ["lambdaARN", "powerValues", "num", "payload", "payloadS3", "strategy"];
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
            assert_eq!(nearest(typed, &known), meant, "{typed}");
        }
    }

    #[test]
    fn distance_counts_letters() {
        let letters = |word: &str| -> Vec<char> { word.chars().collect() };
        assert_eq!(distance(&letters("kitten"), &letters("sitting")), 3);
        assert_eq!(distance(&letters(""), &letters("abc")), 3);
        assert_eq!(distance(&letters("same"), &letters("same")), 0);
    }
}
