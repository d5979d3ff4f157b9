//! Many environments at once. Alone in its process, because it counts what the process holds.

mod support;

use support::{Bench, specimen};

/// Not a test of its own: what the other starts as a function.
#[test]
fn act_as_function() {
    if specimen::is_function() {
        specimen::run();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_environments_leave_nothing_behind() {
    let open_files = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    // Whatever is made once is made now.
    Bench::start(|_| {}).await.invoke("{}").await;
    let before = open_files();

    let mut environments = Vec::new();
    for _ in 0..60 {
        environments.push(tokio::spawn(async {
            let mut bench = Bench::start(|spec| spec.memory_size_mb = 512).await;
            assert_eq!(bench.invoke("{}").await.payload, r#""done""#);
            bench
        }));
    }
    let mut benches = Vec::new();
    for environment in environments {
        benches.push(environment.await.unwrap());
    }
    for bench in &mut benches {
        assert_eq!(bench.invoke("{}").await.payload, r#""done""#);
    }
    let pids: Vec<_> = benches.iter().map(Bench::pid).collect();
    drop(benches);
    for pid in pids {
        support::until_reaped(pid).await;
    }
    // Connections are closed by their own tasks, soon after the processes are gone.
    for _ in 0..500 {
        if open_files() <= before {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert!(open_files() <= before, "{} open files, {before} before", open_files());
    let own = format!("-{}-", std::process::id());
    let left: Vec<_> = support::cgroups()
        .into_iter()
        .filter(|path| path.contains(&own))
        .collect();
    assert_eq!(left, Vec::<String>::new());
}
