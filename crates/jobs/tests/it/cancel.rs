//! Cancelling jobs before they start, between their steps and too late.

use tenantry_domain::{ErrorCode, JobId};
use tenantry_jobs::{JobStatus, queue};

use crate::toy::Lab;

#[tokio::test]
async fn before_the_start() {
    let lab = Lab::new("cancel_queued").await;
    let job = lab.queue().await;
    queue::cancel(&lab.registry, job).await.unwrap();
    let e = lab.drive(job).await.unwrap_err();
    assert_eq!(e.code(), ErrorCode::JobFailed);
    assert!(e.message().contains("was cancelled"), "{e:?}");
    assert_eq!(lab.job(job).await.status, JobStatus::Cancelled);
    let calls = lab.calls(job).await;
    assert!(calls.iter().all(|c| !c.starts_with("do ")), "{calls:?}");
    queue::retry(&lab.registry, job).await.unwrap();
    lab.drive(job).await.unwrap();
    assert_eq!(lab.recorded(job).await, ["a", "b", "c"], "a cancelled job can be tried again");
}

/// However short the steps are: the one in hand ends, the next does not begin.
#[tokio::test]
async fn between_steps() {
    let lab = Lab::new("cancel_running").await;
    let gate = lab.hold("do a");
    let job = lab.queue().await;
    let worker = lab.worker();
    let cancelled = async {
        lab.reached(job, "do a").await;
        queue::cancel(&lab.registry, job).await.unwrap();
        gate.add_permits(1);
    };
    let (ended, ()) = tokio::join!(worker.drive(job, &|_| {}), cancelled);
    ended.unwrap_err();
    assert_eq!(lab.job(job).await.status, JobStatus::Cancelled);
    assert_eq!(lab.calls(job).await, ["do a", "undo b", "undo a", "settled Cancelled"]);
    assert_eq!(lab.recorded(job).await, [""; 0]);
}

/// A job that can't be undone goes on to its end.
#[tokio::test]
async fn not_what_is_never_undone() {
    let lab = Lab::forward_only("cancel_forward").await;
    let gate = lab.hold("do a");
    let job = lab.queue().await;
    let worker = lab.worker();
    let cancelled = async {
        lab.reached(job, "do a").await;
        queue::cancel(&lab.registry, job).await.unwrap();
        gate.add_permits(1);
    };
    let (ended, ()) = tokio::join!(worker.drive(job, &|_| {}), cancelled);
    assert_eq!(ended.unwrap().status, JobStatus::Done);
}

#[tokio::test]
async fn too_late() {
    let lab = Lab::new("cancel_late").await;
    let job = lab.queue().await;
    lab.drive(job).await.unwrap();
    assert_eq!(queue::cancel(&lab.registry, job).await.unwrap_err().code(), ErrorCode::JobState);
    assert_eq!(queue::cancel(&lab.registry, JobId(0)).await.unwrap_err().code(), ErrorCode::JobUnknown);
}
