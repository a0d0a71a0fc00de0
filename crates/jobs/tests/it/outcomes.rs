//! How jobs end: done, undone in reverse, tried again, left where they are.

use std::sync::Mutex;
use std::time::Duration;

use serde_json::json;
use tenantry_domain::{ErrorCode, JobId};
use tenantry_jobs::{JobStatus, queue};

use crate::toy::{Act, Lab};

const DONE: [&str; 3] = ["do a", "do b", "do c"];

#[tokio::test]
async fn steps_run_in_order_and_are_noted() {
    let lab = Lab::new("order").await;
    let job = lab.queue().await;
    let done = lab.drive(job).await.unwrap();
    assert_eq!(done.status, JobStatus::Done);
    assert!(done.finished_at.is_some() && done.error.is_none());
    assert_eq!(lab.calls(job).await, DONE);
    assert_eq!(lab.recorded(job).await, ["a", "b", "c"]);
    let steps = queue::steps(&lab.registry, job).await.unwrap();
    let steps: Vec<_> = steps.iter().map(|s| (s.name.as_str(), s.status.as_str(), &s.output)).collect();
    let output = |what: &str| json!({ "by": what });
    let (a, b, c) = (output("do a"), output("do b"), output("do c"));
    assert_eq!(steps, [("a", "done", &a), ("b", "done", &b), ("c", "done", &c)]);
    assert_eq!(lab.drive(job).await.unwrap().status, JobStatus::Done, "driving a done job does nothing");
    assert_eq!(lab.calls(job).await, DONE);
}

#[tokio::test]
async fn each_failing_step_is_undone_with_those_before_it() {
    let lab = Lab::new("undone").await;
    let cases = [
        ("do a", &["do a", "undo a", "settled Failed"][..]),
        ("do b", &["do a", "do b", "undo b", "undo a", "settled Failed"]),
        ("do c", &["do a", "do b", "do c", "undo c", "undo b", "undo a", "settled Failed"]),
    ];
    for (failing, expected) in cases {
        lab.fail(failing, ErrorCode::SlugTaken);
        let job = lab.queue().await;
        let e = lab.drive(job).await.unwrap_err();
        assert_eq!(e.code(), ErrorCode::SlugTaken, "the job's own code");
        assert!(e.message().contains(&format!("{failing} failed")), "{e:?}");
        assert!(e.next_step().starts_with("mend it"), "{e:?}");
        let now = lab.job(job).await;
        assert_eq!(now.status, JobStatus::Failed);
        assert_eq!(now.error.unwrap()["code"], json!("slug_taken"));
        assert_eq!(lab.calls(job).await, expected);
        assert_eq!(lab.recorded(job).await, [""; 0], "{failing}");
    }
}

#[tokio::test]
async fn a_failed_job_can_be_tried_again_from_the_start() {
    let lab = Lab::new("again").await;
    lab.fail("do b", ErrorCode::Database);
    let job = lab.queue().await;
    lab.drive(job).await.unwrap_err();
    queue::retry(&lab.registry, job).await.unwrap();
    let queued = lab.job(job).await;
    assert_eq!((queued.status, queued.error, queued.finished_at), (JobStatus::Queued, None, None));
    lab.drive(job).await.unwrap();
    assert_eq!(lab.calls(job).await[5..], DONE);
    let e = queue::retry(&lab.registry, job).await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::JobState, "a done job can't be tried again");
    assert_eq!(queue::retry(&lab.registry, JobId(0)).await.unwrap_err().code(), ErrorCode::JobUnknown);
}

#[tokio::test]
async fn what_may_pass_is_tried_again_after_a_pause() {
    let lab = Lab::new("transient").await;
    lab.fail("do b", ErrorCode::ConnectionLost);
    lab.fail("do b", ErrorCode::DiskFull);
    let job = lab.queue().await;
    let done = lab.drive(job).await.unwrap();
    assert_eq!((done.status, done.attempts, done.error), (JobStatus::Done, 0, None));
    assert_eq!(lab.calls(job).await, ["do a", "do b", "do b", "do b", "do c"]);
    let client = lab.registry.client().await.unwrap();
    let sql = "SELECT extract(epoch FROM at - lag(at) OVER (ORDER BY id))::float8 FROM toy WHERE what = 'do b' ORDER BY id";
    let pauses: Vec<Option<f64>> = client.query(sql, &[]).await.unwrap().iter().map(|r| r.get(0)).collect();
    // 200 ms and 400 ms, each by a random factor from one half to one.
    assert!(pauses[1].unwrap() >= 0.1 && pauses[2].unwrap() >= 0.2, "{pauses:?}");
}

#[tokio::test]
async fn too_many_attempts_are_undone() {
    let lab = Lab::new("attempts").await;
    for _ in 0..3 {
        lab.fail("do b", ErrorCode::ServerUnreachable);
    }
    let job = lab.queue().await;
    let e = lab.drive(job).await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::ServerUnreachable);
    assert_eq!(
        lab.calls(job).await,
        ["do a", "do b", "do b", "do b", "undo b", "undo a", "settled Failed"],
        "three attempts are allowed"
    );
}

#[tokio::test]
async fn attempts_are_counted_for_each_step() {
    let lab = Lab::new("attempts_each").await;
    for step in ["do a", "do b", "do c"] {
        lab.fail(step, ErrorCode::ConnectionLost);
        lab.fail(step, ErrorCode::ConnectionLost);
    }
    let job = lab.queue().await;
    assert_eq!(lab.drive(job).await.unwrap().status, JobStatus::Done);
}

#[tokio::test]
async fn a_job_that_is_never_undone_stays_and_goes_on() {
    let lab = Lab::forward_only("forward").await;
    lab.fail("do b", ErrorCode::Database);
    let job = lab.queue().await;
    lab.drive(job).await.unwrap_err();
    assert_eq!(lab.job(job).await.status, JobStatus::Failed);
    assert_eq!(lab.calls(job).await, ["do a", "do b", "settled Failed"]);
    assert_eq!(lab.recorded(job).await, ["a"], "what is done stays done");
    queue::retry(&lab.registry, job).await.unwrap();
    lab.drive(job).await.unwrap();
    assert_eq!(lab.calls(job).await[3..], ["do b", "do c"]);
}

/// An undo that fails is tried again until it works, and the job still tells why it failed in the first place.
#[tokio::test]
async fn an_undo_that_fails_is_tried_again() {
    let lab = Lab::new("undo_fails").await;
    lab.fail("do b", ErrorCode::SlugTaken);
    for _ in 0..4 {
        lab.fail("undo a", ErrorCode::ServerUnreachable);
    }
    let job = lab.queue().await;
    let e = lab.drive(job).await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::SlugTaken, "{e:?}");
    let expected: Vec<&str> =
        ["do a", "do b", "undo b"].into_iter().chain(["undo a"; 5]).chain(["settled Failed"]).collect();
    assert_eq!(lab.calls(job).await, expected);
    let error = lab.job(job).await.error.unwrap();
    assert_eq!(error["code"], json!("slug_taken"));
    assert_eq!(error.get("undo"), None, "{error}");
}

/// An undo that never succeeds: the job is given up, tells both errors, and goes on being undone when somebody asks.
#[tokio::test]
async fn an_undo_that_fails_for_good_is_given_up() {
    for cancelled in [false, true] {
        let mut lab = Lab::new(if cancelled { "undo_given_up_cancelled" } else { "undo_given_up" }).await;
        lab.limits.job_undo_attempts_max = 3;
        if !cancelled {
            lab.fail("do b", ErrorCode::SlugTaken);
        }
        for _ in 0..4 {
            lab.fail("undo a", ErrorCode::Database);
        }
        let job = lab.queue().await;
        if cancelled {
            queue::cancel(&lab.registry, job).await.unwrap();
            lab.act("undo a", Act::Fail(ErrorCode::Database));
        }
        let e = lab.drive(job).await.unwrap_err();
        assert_eq!(e.code(), ErrorCode::UndoFailed, "{e:?}");
        let why = if cancelled { "it was cancelled" } else { "do b failed" };
        assert!(e.message().contains(why), "{e:?}");
        assert!(e.message().contains("could not be undone: undo a: undo a failed"), "{e:?}");
        assert!(e.next_step().contains(&format!("job retry {job}")), "{e:?}");
        let now = lab.job(job).await;
        assert!(now.status == JobStatus::Failed && now.finished_at.is_some());
        let undone = |calls: &[String]| calls.iter().filter(|c| *c == "undo a").count();
        let calls = lab.calls(job).await;
        assert_eq!(undone(&calls), 3, "{calls:?}");
        assert!(!calls.iter().any(|c| c.starts_with("settled")), "nothing is settled while a part is left");

        queue::retry(&lab.registry, job).await.unwrap();
        assert_eq!(lab.job(job).await.status, JobStatus::Undoing);
        let e = lab.drive(job).await.unwrap_err();
        let ended = lab.job(job).await;
        let calls = lab.calls(job).await;
        if cancelled {
            assert_eq!((e.code(), ended.status), (ErrorCode::JobFailed, JobStatus::Cancelled), "{e:?}");
            assert_eq!(calls.last().map(String::as_str), Some("settled Cancelled"));
        } else {
            assert_eq!((e.code(), ended.status), (ErrorCode::SlugTaken, JobStatus::Failed), "{e:?}");
            assert_eq!(
                calls.iter().filter(|c| *c == "undo b").count(),
                1,
                "what is undone stays so: {calls:?}"
            );
            assert_eq!(calls.last().map(String::as_str), Some("settled Failed"));
        }
        queue::retry(&lab.registry, job).await.unwrap();
        assert_eq!(lab.drive(job).await.unwrap().status, JobStatus::Done, "and from the start");
    }
}

#[tokio::test]
async fn progress_tells_of_every_step() {
    let lab = Lab::new("progress").await;
    lab.fail("do c", ErrorCode::Database);
    let job = lab.queue().await;
    let told = Mutex::new(Vec::new());
    let tell = |p: tenantry_jobs::Progress| told.lock().unwrap().push((p.step, p.done, p.of, p.undoing));
    lab.worker().drive(job, &tell).await.unwrap_err();
    let told = told.into_inner().unwrap();
    let expected =
        [("a", 0, false), ("b", 1, false), ("c", 2, false), ("c", 2, true), ("b", 1, true), ("a", 0, true)];
    assert_eq!(told, expected.map(|(step, done, undoing)| (step.to_owned(), done, 3, undoing)));
}

#[tokio::test]
async fn who_waits_for_another_attempt_is_told_why() {
    let lab = Lab::new("trouble").await;
    lab.fail("do a", ErrorCode::ConnectionLost);
    lab.fail("undo a", ErrorCode::DiskFull);
    lab.fail("do b", ErrorCode::Database);
    let job = lab.queue().await;
    let troubles = Mutex::new(Vec::new());
    let tell = |p: tenantry_jobs::Progress| troubles.lock().unwrap().extend(p.trouble);
    lab.worker().drive(job, &tell).await.unwrap_err();
    let troubles = troubles.into_inner().unwrap();
    assert_eq!(troubles.first().map(String::as_str), Some("do a failed"));
    assert_eq!(troubles.last().map(String::as_str), Some("undo a failed"));
}

#[tokio::test]
async fn sweep_forgets_upkeep_and_what_is_old() {
    let lab = Lab::new("sweep").await;
    let fresh = lab.queue().await;
    lab.drive(fresh).await.unwrap();
    let old = lab.queue().await;
    lab.fail("do a", ErrorCode::Database);
    lab.drive(old).await.unwrap_err();
    lab.sql(&format!("UPDATE tenantry.jobs SET finished_at = now() - interval '31 days' WHERE id = {old}"))
        .await;
    let upkeep = lab.queue_for(None, true).await;
    lab.drive(upkeep).await.unwrap();
    let upkeep_failed = lab.queue_for(None, true).await;
    lab.fail("do a", ErrorCode::Database);
    lab.drive(upkeep_failed).await.unwrap_err();
    let waiting = lab.queue_for(None, true).await;
    assert_eq!(queue::sweep(&lab.registry, 30).await.unwrap(), 2);
    let left: Vec<_> = queue::list(&lab.registry, true, 10).await.unwrap().iter().map(|j| j.id).collect();
    assert_eq!(left, [waiting, upkeep_failed, fresh]);
    let shown: Vec<_> = queue::list(&lab.registry, false, 10).await.unwrap().iter().map(|j| j.id).collect();
    assert_eq!(shown, [fresh], "upkeep is listed only when asked for");
}

/// The commit that ends a job can succeed while its worker only sees the connection break: what is done is then neither
/// undone nor marked as failing.
#[tokio::test]
async fn what_is_done_is_not_undone_by_a_late_error() {
    let lab = Lab::new("late").await;
    let job = lab.queue().await;
    lab.drive(job).await.unwrap();
    let client = lab.registry.client().await.unwrap();
    let fence = 1_i64;
    let error = json!({ "code": "connection_lost" });
    let undo = include_str!("../../src/queue/begin_undo.sql");
    assert_eq!(client.execute(undo, &[&job.0, &fence, &error]).await.unwrap(), 0);
    let release = include_str!("../../src/queue/release.sql");
    assert_eq!(client.execute(release, &[&job.0, &fence, &error, &0.0_f64]).await.unwrap(), 0);
    let now = lab.job(job).await;
    assert_eq!((now.status, now.error), (JobStatus::Done, None));
}

#[tokio::test]
async fn a_step_that_takes_its_time_is_waited_for() {
    let lab = Lab::new("slow").await;
    lab.act("do b", Act::Sleep(Duration::from_millis(300)));
    let job = lab.queue().await;
    let (one, two) = (lab.worker(), lab.worker());
    let (one, two) = tokio::join!(one.drive(job, &|_| {}), two.drive(job, &|_| {}));
    assert_eq!((one.unwrap().status, two.unwrap().status), (JobStatus::Done, JobStatus::Done));
    assert_eq!(lab.calls(job).await, DONE, "two that wait for one job run it once");
}
