//! Which runtime the free functions mean: the running process's, or the one that was entered on
//! this thread.

use std::{cell::RefCell, sync::Arc};

use super::Core;
use crate::process;

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
    match process::current::running() {
        Some(running) => Some(Core::behind(running.machine()).arc()),
        None => ENTERED.try_with(|entered| entered.borrow().last().cloned()).ok().flatten(),
    }
}

/// The same for as long as `act` takes: inside a process it counts nothing, so that cores do not
/// meet at the count.
pub(crate) fn with_current<R>(act: impl FnOnce(&Core) -> R) -> Option<R> {
    match process::current::running() {
        Some(running) => Some(act(Core::behind(running.machine()))),
        None => Some(act(&*current()?)),
    }
}
