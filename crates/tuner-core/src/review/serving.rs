//! At which memory sizes traffic runs: those of the versions that serve, which need not be `$LATEST`'s.
//!
//! A change of `$LATEST` reaches nobody who calls a published version, and what failed before a change has failed. So the
//! reports of every size count, and each size either serves still, or did so until it was replaced:
//!
//! * `$LATEST` has one size at a time. Its reports at another one are of the time before a change.
//! * A published version never changes (source: "Manage Lambda function versions"). It serves while reports of it come in,
//!   or while an alias leads to it.
//! * Where nothing tells the version, a size serves while reports of it come in.

use jiff::{SignedDuration, Timestamp};

use super::judge::words::percent;
use super::{Evidence, FunctionVersion, ListedFunction, SizeEvidence};

/// A size without reports for so many of its usual gaps serves no longer, ...
const GAPS: f64 = 3.0;
/// ... and so much longer, in seconds: invocations that began before a change end after it.
const DRAINING_S: f64 = 900.0;
/// A published version is not replaced by invocations of `$LATEST`, which may be tests; so long a silence says that it is, in
/// seconds.
const WEEK_S: f64 = 7.0 * 86_400.0;

/// The sizes of one function.
#[derive(Debug, Clone, PartialEq)]
pub struct Serving<'a> {
    /// The size that is judged, in MB: that at which most traffic runs, else the configured one.
    pub memory_size_mb: Option<u32>,
    /// Reports of the sizes that serve, that of most traffic first; none where the size was changed and nothing was seen
    /// since.
    pub now: Vec<&'a SizeEvidence>,
    /// Reports of sizes that were replaced, the last one first.
    pub replaced: Vec<&'a SizeEvidence>,
}

impl<'a> Serving<'a> {
    /// What configuration and reports say of it.
    pub fn of(function: &ListedFunction, evidence: &'a Evidence) -> Self {
        let (mut now, mut replaced): (Vec<_>, Vec<_>) =
            (evidence.sizes.iter()).partition(|size| serves(function, evidence, size));
        // Where nothing tells whose reports they are, the configured size is the present one.
        let is_present =
            |size: &SizeEvidence| size.versions.is_empty() && Some(size.memory_size_mb) == function.memory_size_mb;
        now.sort_by(|a, b| {
            (is_present(b).cmp(&is_present(a)))
                .then_with(|| rate(b).total_cmp(&rate(a)))
                .then_with(|| b.last_seen.cmp(&a.last_seen))
        });
        replaced.sort_by_key(|size| std::cmp::Reverse(size.last_seen));
        let most = now.first().map(|size| size.memory_size_mb);
        let last = || Some(evidence.latest()?.memory_size_mb);
        Self {
            memory_size_mb: most.or(function.memory_size_mb).or_else(last),
            now,
            replaced,
        }
    }

    /// The reports of the size that is judged.
    pub fn reports(&self) -> Option<&'a SizeEvidence> {
        self.now.first().copied()
    }

    /// The published version at the size that is judged, where the latest report of it is of one.
    pub fn published(&self) -> Option<FunctionVersion> {
        self.reports()
            .and_then(version)
            .filter(|version| version.is_published())
    }
}

/// The version of the latest report of this size, if that is known.
pub fn version(size: &SizeEvidence) -> Option<FunctionVersion> {
    size.versions.last().map(|seen| seen.version)
}

/// ` (version 7, alias live)`, ` ($LATEST)`; nothing where the version is not known.
pub fn place(function: &ListedFunction, size: &SizeEvidence) -> String {
    let Some(version) = version(size) else {
        return String::new();
    };
    let mut place = match version.is_published() {
        true => format!("version {version}"),
        false => version.to_string(),
    };
    for alias in function.aliases_to(version) {
        place += &format!(", alias {}", alias.name);
        let share = alias.share(version);
        if share < 1.0 {
            place += &format!(" with {} of its traffic", percent(share));
        }
    }
    format!(" ({place})")
}

/// The time-out, in seconds, of the version that the reports of this size are of, as far as it is known; else that of
/// `$LATEST`.
pub(super) fn timeout_s(function: &ListedFunction, size: &SizeEvidence) -> Option<u32> {
    let of_version = version(size).and_then(|version| function.version(version)?.timeout_s);
    of_version.or(function.timeout_s)
}

fn serves(function: &ListedFunction, evidence: &Evidence, size: &SizeEvidence) -> bool {
    let others = || {
        evidence
            .sizes
            .iter()
            .filter(|other| other.memory_size_mb != size.memory_size_mb)
    };
    if has_published(size) {
        let aliases = function.aliases.as_deref().unwrap_or_default();
        let leads_here = |size: &SizeEvidence| {
            let seen = || size.versions.iter().map(|seen| seen.version);
            aliases
                .iter()
                .any(|alias| seen().any(|version| version.is_published() && alias.share(version) > 0.0))
        };
        if leads_here(size) {
            return true;
        }
        return others().all(|other| match (silence_s(size, other), has_published(other)) {
            (None, _) => true,
            // The alias was led there.
            (Some(silence), true) if leads_here(other) => silence <= 0.0,
            (Some(silence), true) => silence <= patience_s(size),
            (Some(silence), false) => silence <= patience_s(size).max(WEEK_S),
        });
    }
    let is_latest = !size.versions.is_empty();
    match function.memory_size_mb {
        Some(configured) if configured == size.memory_size_mb => true,
        Some(_) if is_latest => false,
        Some(configured) => {
            // Where one size gives way to the configured one, it was changed.
            let gave_way = others().any(|other| {
                other.memory_size_mb == configured
                    && (other.first_seen.zip(size.last_seen)).is_some_and(|(begin, end)| begin >= end)
            });
            !gave_way && others().all(|other| silence_s(size, other).is_none_or(|silence| silence <= patience_s(size)))
        }
        None if is_latest => others()
            .filter(|other| !has_published(other))
            .all(|other| silence_s(size, other).is_none_or(|silence| silence <= 0.0)),
        None => others().all(|other| silence_s(size, other).is_none_or(|silence| silence <= patience_s(size))),
    }
}

fn has_published(size: &SizeEvidence) -> bool {
    size.versions.iter().any(|seen| seen.version.is_published())
}

/// For how long `other` was seen when `size` was no more, in seconds; `None` where reports have no time.
fn silence_s(size: &SizeEvidence, other: &SizeEvidence) -> Option<f64> {
    Some(between_s(last_of_version(size)?, other.last_seen?))
}

/// The last report; of a size that `$LATEST` has, too, that of a published version.
fn last_of_version(size: &SizeEvidence) -> Option<Timestamp> {
    let published = size.versions.iter().filter(|seen| seen.version.is_published());
    published.filter_map(|seen| seen.last_seen).max().or(size.last_seen)
}

/// How long a silence is usual, in seconds.
fn patience_s(size: &SizeEvidence) -> f64 {
    let span = size
        .first_seen
        .zip(size.last_seen)
        .map_or(0.0, |(from, until)| between_s(from, until));
    let gaps = size.invocations.saturating_sub(1).max(1) as f64;
    span / gaps * GAPS + DRAINING_S
}

/// Reports an hour while they came in; a burst is taken for an hour.
fn rate(size: &SizeEvidence) -> f64 {
    let span = size
        .first_seen
        .zip(size.last_seen)
        .map_or(0.0, |(from, until)| between_s(from, until));
    size.invocations as f64 / (span / 3600.0).max(1.0)
}

fn between_s(from: Timestamp, until: Timestamp) -> f64 {
    SignedDuration::as_secs_f64(&until.duration_since(from))
}

#[cfg(test)]
mod tests {
    use super::super::{Alias, Durations, PublishedVersion, VersionSeen};
    use super::*;

    const LATEST: FunctionVersion = FunctionVersion::Latest;
    const SEVEN: FunctionVersion = FunctionVersion::Published(7);
    const EIGHT: FunctionVersion = FunctionVersion::Published(8);

    fn day(day: i64) -> Timestamp {
        "2026-10-01T00:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_hours(24 * day)
    }

    /// Reports from one day to another.
    fn size(mb: u32, invocations: u64, (from, until): (i64, i64), versions: &[FunctionVersion]) -> SizeEvidence {
        let ms = 10.0;
        SizeEvidence {
            memory_size_mb: mb,
            invocations,
            versions: (versions.iter())
                .map(|&version| VersionSeen {
                    version,
                    last_seen: Some(day(until)),
                })
                .collect(),
            first_seen: Some(day(from)),
            last_seen: Some(day(until)),
            duration: Durations {
                mean_ms: ms,
                p50_ms: ms,
                p95_ms: ms,
                p99_ms: ms,
                max_ms: ms,
            },
            billed_duration_ms: 10 * invocations,
            unbilled_invocations: 0,
            cold_starts: 0,
            init_sum_ms: 0.0,
            restored_starts: 0,
            max_memory_used_mb: Some(mb / 2),
            p99_memory_used_mb: None,
            memory_growth_mb: None,
            timeouts: 0,
            out_of_memory: 0,
            errors: 0,
            provisioned_invocations: 0,
        }
    }

    fn function(configured: Option<u32>) -> ListedFunction {
        ListedFunction {
            memory_size_mb: configured,
            ..ListedFunction::named("f".parse().unwrap())
        }
    }

    /// The size that is judged, those that serve, and those that were replaced.
    fn sizes(function: &ListedFunction, sizes: Vec<SizeEvidence>) -> (Option<u32>, Vec<u32>, Vec<u32>) {
        let evidence = Evidence {
            sizes,
            ..Evidence::default()
        };
        let serving = Serving::of(function, &evidence);
        let mb = |sizes: &[&SizeEvidence]| sizes.iter().map(|size| size.memory_size_mb).collect();
        (serving.memory_size_mb, mb(&serving.now), mb(&serving.replaced))
    }

    #[test]
    fn traffic_of_a_version_runs_at_its_size_whatever_latest_is() {
        let f = function(Some(384));
        for versions in [&[SEVEN][..], &[]] {
            let found = sizes(&f, vec![size(256, 900, (0, 30), versions)]);
            assert_eq!(found, (Some(256), vec![256], vec![]), "{versions:?}");
        }
        // Tests of $LATEST do not replace it, even while the nightly job sleeps.
        let tests = size(384, 3, (29, 30), &[LATEST]);
        let found = sizes(&f, vec![size(256, 30, (0, 29), &[SEVEN]), tests]);
        assert_eq!(found.1.len(), 2);
        assert!(found.2.is_empty());
    }

    #[test]
    fn a_size_that_latest_had_before_a_change_is_replaced() {
        let f = function(Some(512));
        let before = size(256, 9_000, (0, 29), &[LATEST]);
        let after = size(512, 300, (29, 30), &[LATEST]);
        let found = sizes(&f, vec![before.clone(), after]);
        assert_eq!(found, (Some(512), vec![512], vec![256]));
        // Nothing was seen yet of the new size.
        assert_eq!(sizes(&f, vec![before]), (Some(512), vec![], vec![256]));
        // Without versions the one gives way to the other.
        let found = sizes(&f, vec![size(256, 9_000, (0, 29), &[]), size(512, 300, (29, 30), &[])]);
        assert_eq!(found, (Some(512), vec![512], vec![256]));
        // Nor is the configuration needed for that.
        let found = sizes(
            &function(None),
            vec![size(256, 9_000, (0, 29), &[]), size(512, 300, (29, 30), &[])],
        );
        assert_eq!(found, (Some(512), vec![512], vec![256]));
    }

    #[test]
    fn a_weighted_alias_serves_two_sizes() {
        let mut f = function(Some(1024));
        let all = vec![size(256, 9_000, (0, 30), &[SEVEN]), size(512, 1_000, (0, 30), &[EIGHT])];
        assert_eq!(sizes(&f, all.clone()), (Some(256), vec![256, 512], vec![]));
        // One that the alias has left is replaced, though it was seen to the last hour.
        f.aliases = Some(vec![Alias {
            name: "live".into(),
            version: EIGHT,
            weights: [].into(),
        }]);
        let moved = vec![
            size(256, 9_000, (0, 29), &[SEVEN]),
            size(512, 9_000, (29, 30), &[EIGHT]),
        ];
        assert_eq!(sizes(&f, moved), (Some(512), vec![512], vec![256]));
        // One that it leads to serves, however rarely it is called.
        f.aliases = Some(vec![Alias {
            name: "live".into(),
            version: SEVEN,
            weights: [(EIGHT, 0.01)].into(),
        }]);
        let rare = vec![size(256, 9_000, (0, 30), &[SEVEN]), size(512, 2, (3, 3), &[EIGHT])];
        assert_eq!(sizes(&f, rare), (Some(256), vec![256, 512], vec![]));
    }

    #[test]
    fn without_times_every_size_may_serve() {
        let timeless = |mb, n| SizeEvidence {
            first_seen: None,
            last_seen: None,
            ..size(mb, n, (0, 0), &[])
        };
        let found = sizes(&function(None), vec![timeless(256, 10), timeless(512, 900)]);
        assert_eq!(found, (Some(512), vec![512, 256], vec![]));
    }

    #[test]
    fn the_time_out_is_that_of_the_version() {
        let mut f = function(Some(384));
        f.timeout_s = Some(60);
        let reports = size(256, 900, (0, 30), &[SEVEN]);
        assert_eq!(timeout_s(&f, &reports), Some(60));
        f.versions = vec![PublishedVersion {
            version: SEVEN,
            memory_size_mb: Some(256),
            timeout_s: Some(3),
            snap_start: false,
            code_sha256: None,
        }];
        assert_eq!(timeout_s(&f, &reports), Some(3));
    }
}
