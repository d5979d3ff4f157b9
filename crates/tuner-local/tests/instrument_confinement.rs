//! The limits, with real processes. Bounds hold on a busy machine: a process that has to share its processor is slower
//! still, so "not faster than its share" holds for every invocation, and "not limited" for the quickest of a few.

mod support;

use std::process::{Command, Stdio};

use support::{Bench, specimen, state_of, until_frozen, until_gone};
use tuner_local::confinement::{Confinement, ConfinementChoice, CpuPeriod};

/// 60 ms of CPU time at 128 / 1769 vCPU is 829 ms; unlimited it is 60 ms, and more on a busy machine.
const CPU: &str = r#"{"cpu_ms":60}"#;
const LIMITED_MS: f64 = 415.0;
const UNLIMITED_MS: f64 = 700.0;

/// Held by what measures: two at once would take each other's processor time.
static MEASURING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Whether `unlimited` takes less time (in ms) than a limited process could: at once, or in another moment, since a busy
/// machine makes a process slower, and never a limited one faster.
async fn is_unlimited(mut unlimited: impl AsyncFnMut() -> f64) -> bool {
    for _ in 0..5 {
        if unlimited().await < UNLIMITED_MS {
            return true;
        }
    }
    false
}

/// Not a test of its own: what the others start as a function.
#[test]
fn act_as_function() {
    if specimen::is_function() {
        specimen::run();
    }
}

/// Not a test of its own: an instrument that gets killed.
#[tokio::test]
async fn act_as_instrument() {
    if std::env::var_os("BE_AN_INSTRUMENT").is_none() {
        return;
    }
    let with_daemon = std::env::var("BE_AN_INSTRUMENT").is_ok_and(|how| how == "with a daemon");
    let choice = match with_daemon {
        true => ConfinementChoice::DutyCycle,
        false => ConfinementChoice::Auto,
    };
    let mut bench = Bench::confined(choice, CpuPeriod::Lambda, |_| {}).await.unwrap();
    if with_daemon {
        let daemon = bench.invoke(r#"{"start":["setsid","sleep","600"]}"#).await.json();
        println!("\ndaemon {daemon}");
    }
    bench.invoke("{}").await;
    println!("\nfunction {}", bench.pid());
    std::future::pending().await
}

/// The best there is here, and the one that works everywhere.
const LIMITING: [ConfinementChoice; 2] = [ConfinementChoice::Auto, ConfinementChoice::DutyCycle];

#[tokio::test]
async fn cpu_follows_the_memory_size_but_not_in_init() {
    let _alone = MEASURING.lock().await;
    for choice in LIMITING {
        for period in [CpuPeriod::Lambda, CpuPeriod::Linear] {
            let init = is_unlimited(async || {
                let mut small = Bench::confined(choice, period, |spec| {
                    spec.variables.insert(specimen::INIT.into(), "cpu:60".into());
                })
                .await
                .unwrap();
                let cold = small.invoke(CPU).await;
                for seen in [&cold, &small.invoke(CPU).await] {
                    assert!(
                        seen.field("Duration").unwrap() > LIMITED_MS,
                        "{choice:?} {period:?}: {}",
                        seen.log
                    );
                }
                cold.field("Init Duration").unwrap()
            });
            assert!(init.await, "{choice:?} {period:?}: init at 128 MB");
            let mut large = Bench::confined(choice, period, |spec| spec.memory_size_mb = 1769)
                .await
                .unwrap();
            let invocation = is_unlimited(async || large.invoke(CPU).await.field("Duration").unwrap());
            assert!(invocation.await, "{choice:?} {period:?}: invocation at 1769 MB");
        }
    }
}

#[tokio::test]
async fn a_repeated_init_has_the_cpu_of_the_invocation() {
    let _alone = MEASURING.lock().await;
    for choice in LIMITING {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("was-here").display().to_string();
        let mut bench = Bench::confined(choice, CpuPeriod::Lambda, |spec| {
            spec.variables
                .insert(specimen::INIT.into(), format!("else:{file}:exit:1:cpu:60"));
        })
        .await
        .unwrap();
        let seen = bench.invoke("{}").await;
        assert_eq!(seen.payload, r#""done""#, "{choice:?}: {}", seen.log);
        assert!(seen.field("Duration").unwrap() > LIMITED_MS, "{choice:?}: {}", seen.log);
    }
}

#[tokio::test]
async fn more_memory_than_there_is_ends_the_process() {
    for choice in LIMITING {
        // Filling 128 MB takes a while with the share of a processor that they come with, on a busy machine all the more.
        let patient =
            |spec: &mut tuner_local::environment::EnvironmentSpec| spec.timeout = std::time::Duration::from_secs(30);
        let mut bench = Bench::confined(choice, CpuPeriod::Lambda, patient).await.unwrap();
        let fits = bench.invoke(r#"{"allocate_mb":60}"#).await;
        assert_eq!(fits.function_error, None, "{choice:?}: {}", fits.log);
        let used_mb = fits.field("Max Memory Used").unwrap();
        assert!((60.0..100.0).contains(&used_mb), "{choice:?}: {used_mb}");
        // The most of all invocations so far.
        assert_eq!(bench.invoke("{}").await.field("Max Memory Used"), Some(used_mb));

        let seen = bench.invoke(r#"{"allocate_mb":300}"#).await;
        assert_eq!(
            seen.json()["errorType"],
            "Runtime.OutOfMemory",
            "{choice:?}: {}",
            seen.log
        );
        assert_eq!(
            seen.json()["errorMessage"],
            "RequestId: r-3 Error: Runtime exited with error: signal: killed"
        );
        assert_eq!(seen.field("Max Memory Used"), Some(128.0));
        assert!(
            seen.log
                .trim_end()
                .ends_with("Status: error\tError Type: Runtime.OutOfMemory"),
            "{}",
            seen.log
        );
        assert!(!seen.reusable);
    }
}

#[tokio::test]
async fn without_confinement_nothing_is_limited() {
    let _alone = MEASURING.lock().await;
    let mut bench = Bench::confined(ConfinementChoice::None, CpuPeriod::Lambda, |_| {})
        .await
        .unwrap();
    assert!(is_unlimited(async || bench.invoke(CPU).await.field("Duration").unwrap()).await);
    let seen = bench.invoke(r#"{"allocate_mb":300}"#).await;
    assert_eq!(seen.function_error, None);
    assert!(seen.field("Max Memory Used").unwrap() >= 300.0);
}

#[tokio::test]
async fn what_leaves_the_process_group_is_ended_too() {
    for choice in [
        ConfinementChoice::Auto,
        ConfinementChoice::DutyCycle,
        ConfinementChoice::None,
    ] {
        let mut bench = Bench::confined(choice, CpuPeriod::Lambda, |_| {}).await.unwrap();
        let escaped = bench
            .invoke(r#"{"start":["sleep","600"]}"#)
            .await
            .json()
            .as_i64()
            .unwrap();
        assert_ne!(state_of(escaped), 'X');
        drop(bench);
        until_gone(escaped).await;
    }
}

#[tokio::test]
async fn nothing_outlives_an_instrument_that_is_killed() {
    let mut instrument = Command::new(std::env::current_exe().unwrap())
        .args(["act_as_instrument", "--exact", "--nocapture"])
        .env("BE_AN_INSTRUMENT", "1")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = std::io::BufReader::new(instrument.stdout.take().unwrap());
    let function = std::io::BufRead::lines(output)
        .find_map(|line| line.unwrap().strip_prefix("function ")?.parse::<i64>().ok())
        .unwrap();
    until_frozen(function).await;
    instrument.kill().unwrap();
    instrument.wait().unwrap();
    until_gone(function).await;

    // Its cgroups are still there, until the next instrument is set up.
    let ours = |path: &str| path.contains(&format!("-{}-", instrument.id()));
    Confinement::detect(ConfinementChoice::Auto, CpuPeriod::Lambda).unwrap();
    let left: Vec<_> = support::cgroups().into_iter().filter(|path| ours(path)).collect();
    assert_eq!(left, Vec::<String>::new());
}

#[tokio::test]
async fn a_function_can_not_start_processes_without_end() {
    let description = Confinement::detect(ConfinementChoice::Auto, CpuPeriod::Lambda)
        .unwrap()
        .description();
    if description
        .notes
        .iter()
        .any(|note| note.contains("number of processes"))
    {
        return;
    }
    let mut bench = Bench::start(|spec| {
        spec.memory_size_mb = 3008;
        spec.timeout = std::time::Duration::from_secs(60);
    })
    .await;
    let started = bench.invoke(r#"{"start_many":1500}"#).await.json().as_u64().unwrap();
    assert!((500..1024).contains(&started), "{started}");
}

#[tokio::test]
async fn what_a_killed_instrument_left_running_is_swept() {
    let mut instrument = Command::new(std::env::current_exe().unwrap())
        .args(["act_as_instrument", "--exact", "--nocapture"])
        .env("BE_AN_INSTRUMENT", "with a daemon")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = std::io::BufReader::new(instrument.stdout.take().unwrap());
    let daemon = std::io::BufRead::lines(output)
        .find_map(|line| line.unwrap().strip_prefix("daemon ")?.parse::<i64>().ok())
        .unwrap();
    // While its instrument lives, another one leaves it alone.
    Confinement::detect(ConfinementChoice::None, CpuPeriod::Lambda).unwrap();
    assert_ne!(state_of(daemon), 'X');
    instrument.kill().unwrap();
    instrument.wait().unwrap();
    assert_ne!(state_of(daemon), 'X', "it is out of reach of its group's end");
    Confinement::detect(ConfinementChoice::None, CpuPeriod::Lambda).unwrap();
    until_gone(daemon).await;
}

#[test]
fn what_is_asked_for_and_not_possible_is_explained() {
    for choice in [ConfinementChoice::CgroupV1, ConfinementChoice::CgroupV2] {
        if let Err(e) = Confinement::detect(choice, CpuPeriod::Lambda) {
            let message = e.to_string();
            assert!(message.contains("is not possible here: "), "{message}");
        }
    }
    let description = Confinement::detect(ConfinementChoice::DutyCycle, CpuPeriod::Linear)
        .unwrap()
        .description();
    assert!(description.cpu_limited && description.memory_limited);
    let says = |words: &str| description.notes.iter().any(|note| note.contains(words));
    assert!(says("stopping and continuing"));
    // The kernel excepts root from a limit by user.
    assert_eq!(says("number of processes"), nix::unistd::getuid().is_root());
}
