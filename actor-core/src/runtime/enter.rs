//! Which runtime the free functions mean: the running process's, or the one that was entered on
//! this thread.

use std::{cell::RefCell, ops::Deref, sync::Arc};

use super::Core;
use crate::process::{self, Running};

thread_local! {
    static ENTERED: RefCell<Vec<Arc<Core>>> = const { RefCell::new(Vec::new()) };
}

/// While it lives, its runtime is this thread's; restored like a stack.
pub(crate) struct Entered(());

/// Enters a runtime on this thread.
pub(crate) fn enter(core: &Arc<Core>) -> Entered {
    ENTERED.with_borrow_mut(|entered| entered.push(core.clone()));
    Entered(())
}

impl Drop for Entered {
    fn drop(&mut self) {
        // The popped runtime is dropped outside of the borrow.
        let left = ENTERED.try_with(|entered| entered.borrow_mut().pop());
        drop(left);
    }
}

/// The running process's runtime, or else the one entered last.
pub(crate) fn current() -> Option<Arc<Core>> {
    here().map(|here| here.arc())
}

/// The same for use on the spot: inside a process nothing is counted, so that cores do not meet at
/// the count.
pub(crate) fn here() -> Option<Here> {
    match process::current::running() {
        Some(running) => Some(Here::Inside(running)),
        None => {
            let entered = ENTERED.try_with(|entered| entered.borrow().last().cloned());
            entered.ok().flatten().map(Here::Entered)
        }
    }
}

/// A runtime, by the process of it that runs, or by a count.
pub(crate) enum Here {
    Inside(Running),
    Entered(Arc<Core>),
}

impl Deref for Here {
    type Target = Core;

    fn deref(&self) -> &Core {
        match self {
            Self::Inside(running) => running.machine_as(),
            Self::Entered(core) => core,
        }
    }
}
