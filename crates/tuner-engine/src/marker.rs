//! The mark a function carries while versions are being published.
//!
//! It stands at the beginning of the description and changes in the same call as the memory size, so at any moment the
//! function itself says which tuning holds it and what its memory size was. That serves as the lock against a second
//! tuning, and is all that `tuner restore` needs.
//!
//! A description has at most 256 characters. What the mark pushes out is kept in an environment variable, set in the same
//! call; a `+` in the mark says so.

use std::collections::BTreeMap;

use uuid::Uuid;

/// Longest description Lambda takes, in characters.
pub const MAX_DESCRIPTION: usize = 256;
/// A description of so many characters has room beside the longest mark.
pub const ROOM_BESIDE_MARK: u32 = 190;
/// Most bytes that all environment variables may have together.
pub const MAX_VARIABLES_BYTES: usize = 4096;
/// Holds the end of a description that is too long to stand beside the mark.
pub const REST_VARIABLE: &str = "TUNER_DESCRIPTION_REST";

/// Who holds a function, and what its memory size was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marker {
    /// The tuning that holds it.
    pub tuning_id: Uuid,
    /// Memory size before that tuning, in MB.
    pub original_mb: u32,
    /// Memory size set together with this mark, in MB. Another one now means that somebody else changed it.
    pub set_mb: u32,
    /// Which version at that size it is for, from 0: Lambda publishes nothing new when nothing changed, and this does.
    pub nth: u32,
}

/// A description, and variables if they must change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// The description.
    pub description: String,
    /// All variables, if they are to change.
    pub variables: Option<BTreeMap<String, String>>,
    /// Whether the end of the description is missing: the variable that held it can't be read, or is gone.
    pub cut: bool,
}

impl Marker {
    /// Puts the mark on a description. `variables` are the function's own; `None` when they can't be read.
    ///
    /// `None` if there is no room: the description is too long, and the variables are full or can't be read.
    pub fn put_on(&self, description: &str, variables: Option<&BTreeMap<String, String>>) -> Option<Carried> {
        let Self {
            tuning_id,
            original_mb,
            set_mb,
            nth,
        } = self;
        let nth = if *nth > 0 { format!(".{nth}") } else { String::new() };
        let prefix = format!("[tuner {tuning_id} {original_mb}>{set_mb}{nth}] ");
        if prefix.len() + description.chars().count() <= MAX_DESCRIPTION {
            return Some(Carried {
                description: prefix + description,
                variables: None,
                cut: false,
            });
        }
        let prefix = format!("[tuner {tuning_id} {original_mb}>{set_mb}{nth}+] ");
        let kept: String = description.chars().take(MAX_DESCRIPTION - prefix.len()).collect();
        let rest = &description[kept.len()..];
        let description = prefix + &kept;
        let mut variables = variables?.clone();
        variables.insert(REST_VARIABLE.to_owned(), rest.to_owned());
        // Lambda measures the JSON text of all variables.
        let bytes = serde_json::to_string(&variables).map_or(usize::MAX, |text| text.len());
        (bytes <= MAX_VARIABLES_BYTES).then_some(Carried {
            description,
            variables: Some(variables),
            cut: false,
        })
    }

    /// The memory size to go back to when the function has `now_mb`: somebody else may have set another one since.
    pub const fn before(&self, now_mb: u32) -> u32 {
        if now_mb == self.set_mb {
            self.original_mb
        } else {
            now_mb
        }
    }

    /// Reads the mark, and what the function had before it.
    pub fn read(description: &str, variables: Option<&BTreeMap<String, String>>) -> Option<(Self, Carried)> {
        let (mark, kept) = description.strip_prefix("[tuner ")?.split_once("] ")?;
        let (id, sizes) = mark.split_once(' ')?;
        let (original, set) = sizes.split_once('>')?;
        let (set, has_rest) = match set.strip_suffix('+') {
            Some(set) => (set, true),
            None => (set, false),
        };
        let (set, nth) = set.split_once('.').unwrap_or((set, "0"));
        let marker = Self {
            tuning_id: id.parse().ok()?,
            original_mb: original.parse().ok()?,
            set_mb: set.parse().ok()?,
            nth: nth.parse().ok()?,
        };
        let rest = variables.filter(|_| has_rest).and_then(|v| v.get(REST_VARIABLE));
        let before = Carried {
            description: kept.to_owned() + rest.map_or("", String::as_str),
            variables: without_rest(variables),
            cut: has_rest && rest.is_none(),
        };
        Some((marker, before))
    }
}

/// The variables without the one that holds a description's end; `None` if it is not among them.
pub fn without_rest(variables: Option<&BTreeMap<String, String>>) -> Option<BTreeMap<String, String>> {
    let mut variables = variables?.clone();
    variables.remove(REST_VARIABLE).map(|_| variables)
}

/// Description of the version that a tuning publishes while the function carries `marker`.
pub fn version_description(marker: &Marker) -> String {
    let Marker {
        tuning_id, set_mb, nth, ..
    } = marker;
    let nth = if *nth > 0 { format!(" {nth}") } else { String::new() };
    format!("tuner {tuning_id} {set_mb} MB{nth}")
}

/// The tuning that published a version with this description.
pub fn version_owner(description: &str) -> Option<Uuid> {
    let (id, size) = description.strip_prefix("tuner ")?.split_once(' ')?;
    let (mb, nth) = size.split_once(" MB")?;
    let _mb: u32 = mb.parse().ok()?;
    let _nth: u32 = nth.strip_prefix(' ').unwrap_or("0").parse().ok()?;
    (nth.is_empty() || nth.starts_with(' ')).then(|| id.parse().ok())?
}

/// Description of the version that a tuning publishes with its recommendation, which stays: it begins with the function's
/// own, as far as there is room.
pub fn applied_description(tuning_id: Uuid, memory_size_mb: u32, own: &str) -> String {
    let by = format!("[{memory_size_mb} MB by tuner {tuning_id}]");
    let room = MAX_DESCRIPTION - by.len() - 1;
    let own: String = own.chars().take(room).collect();
    match own.trim_end() {
        "" => by,
        own => format!("{own} {by}"),
    }
}

/// The tuning that published a version with this description to apply its recommendation.
pub fn applied_by(description: &str) -> Option<Uuid> {
    let (_, by) = description.rsplit_once('[')?;
    let (mb, id) = by.strip_suffix(']')?.split_once(" MB by tuner ")?;
    let _mb: u32 = mb.parse().ok()?;
    id.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn marker() -> Marker {
        Marker {
            tuning_id: Uuid::from_u128(7),
            original_mb: 10_240,
            set_mb: 10_240,
            nth: 0,
        }
    }

    #[test]
    fn a_short_description_stands_beside_the_mark() {
        let carried = marker().put_on("resizes images", None).unwrap();
        assert_eq!(
            carried.description,
            "[tuner 00000000-0000-0000-0000-000000000007 10240>10240] resizes images"
        );
        assert_eq!(carried.variables, None);
    }

    #[test]
    fn without_room_it_is_refused() {
        let long = "x".repeat(250);
        assert_eq!(marker().put_on(&long, None), None);
        let full = BTreeMap::from([("A".to_owned(), "y".repeat(4090))]);
        assert_eq!(marker().put_on(&long, Some(&full)), None);
    }

    #[test]
    fn an_end_that_cannot_be_read_is_noticed() {
        let long = "x".repeat(250);
        let carried = marker().put_on(&long, Some(&BTreeMap::new())).unwrap();
        for variables in [None, Some(&BTreeMap::new())] {
            let (_, before) = Marker::read(&carried.description, variables).unwrap();
            assert!(before.cut && before.description.len() < 250, "{before:?}");
        }
        // 199 characters beside a mark of 57: full to the last, and whole.
        let carried = marker().put_on(&"x".repeat(199), None).unwrap();
        assert_eq!(carried.description.len(), MAX_DESCRIPTION);
        assert!(!Marker::read(&carried.description, None).unwrap().1.cut);
    }

    #[test]
    fn other_descriptions_carry_no_mark() {
        for text in [
            "",
            "tuner",
            "[tuner x 1>2] y",
            "[tuner 00000000-0000-0000-0000-000000000007] y",
            "resizes [tuner ",
        ] {
            assert_eq!(Marker::read(text, None), None, "{text}");
        }
        for text in [
            "tuner my own words",
            "tuner 00000000-0000-0000-0000-000000000007 is gone",
        ] {
            assert_eq!(version_owner(text), None, "{text}");
        }
        for nth in [0, 1, 99] {
            let marker = Marker { nth, ..marker() };
            assert_eq!(version_owner(&version_description(&marker)), Some(Uuid::from_u128(7)));
        }
        assert_eq!(
            version_owner("tuner 00000000-0000-0000-0000-000000000007 512 MBs"),
            None
        );
    }

    proptest! {
        #[test]
        fn a_version_that_was_applied_names_its_tuning_and_is_not_temporary(own in "\\PC{0,256}") {
            let description = applied_description(Uuid::from_u128(7), 1769, &own);
            prop_assert!(description.chars().count() <= MAX_DESCRIPTION);
            prop_assert_eq!(applied_by(&description), Some(Uuid::from_u128(7)));
            prop_assert_eq!(version_owner(&description), None);
            // The next one of the same function takes its place.
            let next = applied_description(Uuid::from_u128(8), 512, &own);
            prop_assert_eq!(applied_by(&next), Some(Uuid::from_u128(8)));
        }

        /// Whatever the description and the variables were, they come back.
        #[test]
        fn what_was_there_comes_back(
            description in "\\PC{0,256}",
            variables in prop::collection::btree_map("[A-Z]{1,8}", "\\PC{0,40}", 0..5),
            nth in 0..100_u32,
        ) {
            let marker = Marker { nth, ..marker() };
            let carried = marker.put_on(&description, Some(&variables)).unwrap();
            prop_assert!(carried.description.chars().count() <= MAX_DESCRIPTION);
            let now = carried.variables.clone().unwrap_or_else(|| variables.clone());
            let (read, before) = Marker::read(&carried.description, Some(&now)).unwrap();
            prop_assert_eq!(read, marker);
            prop_assert_eq!(before.description, description);
            prop_assert_eq!(before.variables.unwrap_or(now), variables);
        }
    }
}
