//! A stack for walks over deep trees.

use crate::refuse::ShapeError;

/// The stack for the walks over a file's trees, in bytes. The parser refuses what nests more deeply than some
/// 700 levels; a level takes below 20 kB in a build without optimisation. Only what is touched is ever used.
const STACK_BYTES: usize = 64 << 20;

/// Runs this on a stack that the trees of a file fit on.
pub(crate) fn deep<R: Send>(run: impl FnOnce() -> Result<R, ShapeError> + Send) -> Result<R, ShapeError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
        match thread.spawn_scoped(scope, run) {
            Ok(handle) => handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Err(e) => Err(ShapeError::Thread(e.to_string())),
        }
    })
}
