//! A process's own code is run here, and nowhere else: what it may do to its thread ends here.

use std::{
    mem,
    panic::{self, AssertUnwindSafe},
    sync::Arc,
};

use super::{current, header::Running};
use crate::exit::{ExitReason, PanicReport};

/// Runs a process's own code; a panic becomes an exit reason. So does a kill that takes the process
/// from this thread meanwhile: nothing of it is touched after that.
pub(crate) fn contain<T>(running: &Running, code: impl FnOnce() -> T) -> Result<T, ExitReason> {
    let outside = current::leave();
    let mut kept = true;
    let code = || {
        let answer = code();
        // Here, before the answer is wrapped: to move it once more would cost more than this.
        kept = outside.come_back(running.raw());
        answer
    };
    let done = caught(code, running.table().name).map_err(|report| {
        kept = outside.come_back(running.raw());
        ExitReason::Panic(Arc::new(report))
    });
    if kept { done } else { Err(too_late(running, done)) }
}

/// What a process's code answered after the process was taken from this thread.
#[cold]
fn too_late<T>(running: &Running, answer: T) -> ExitReason {
    // It is the program's too.
    let _ = caught(|| drop(answer), running.table().name);
    ExitReason::Killed
}

/// Runs a program's own code and answers its panic. The payload is dropped contained as well: if
/// that panics too, the second payload is leaked, since its drop cannot be trusted either.
pub(crate) fn caught<T>(code: impl FnOnce() -> T, process: &str) -> Result<T, PanicReport> {
    match panic::catch_unwind(AssertUnwindSafe(code)) {
        Ok(value) => Ok(value),
        Err(payload) => {
            let seen = current::take_panic().unwrap_or_default();
            let text = payload.downcast_ref::<&str>().copied();
            let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            let text = text.unwrap_or_default();
            // `resume_unwind` passes the hook by: what that saw may be of an earlier panic, which
            // was caught.
            let (message, location) = match seen.message == text {
                true => (seen.message, seen.location),
                false => (text.to_owned(), None),
            };
            if let Err(second) = panic::catch_unwind(AssertUnwindSafe(|| drop(payload))) {
                mem::forget(second);
                drop(current::take_panic());
            }
            Err(PanicReport { message, location, process: process.to_owned() })
        }
    }
}
