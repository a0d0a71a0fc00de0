//! Named points at which a test stops a process for good, to see what the next one makes of what is left.
//!
//! Without the feature `failpoints` there is nothing here: the call compiles to nothing.

/// Stops here for ever if the environment names this point (`TENANTRY_FAILPOINT=create/roles/after`); whoever waits for
/// the file `TENANTRY_FAILPOINT_FILE` then kills the process.
#[cfg(feature = "failpoints")]
pub async fn hit(kind: &str, step: &str, moment: &str) {
    let here = format!("{kind}/{step}/{moment}");
    if std::env::var("TENANTRY_FAILPOINT").is_ok_and(|name| name == here) {
        if let Ok(file) = std::env::var("TENANTRY_FAILPOINT_FILE") {
            let _ = std::fs::write(file, &here);
        }
        std::future::pending::<()>().await;
    }
}

/// Nothing.
#[cfg(not(feature = "failpoints"))]
#[expect(clippy::unused_async, reason = "the same call with and without the feature")]
pub async fn hit(_kind: &str, _step: &str, _moment: &str) {}
