//! Function processes: a process that is one function, and receives its mail itself.
//!
//! An ordinary process is handed its mail one piece at a time, and while a handler is pending the
//! rest waits. A function process is always in mid-await: its body is one future, begun at the
//! first turn, that lives until the process ends. So its mail must reach it while it is pending.
//! Who does what, in each turn:
//!
//! 1. **The turn** takes what has arrived, as of any process: signals are acted on at once, and
//!    messages, trapped exits, fired monitors and requests to stop go to the private queue.
//! 2. **It hands over** what is in that queue, oldest first, to the process's *letters*: a message
//!    by the body's own `receive`, as a handler would get it, everything else by
//!    [`Letters::hear`]. Each piece counts as a message of the turn; what is beyond the budget
//!    stays in the private queue.
//! 3. **It polls the body**, once, if a waker fired or something was handed over. A turn that
//!    brought neither (a link was made, say) does not.
//! 4. **The body** takes from its letters what it wants, and leaves the rest where it is. Each
//!    receive is a reduction, so a long queue does not make a long turn.
//! 5. **The end of the turn** is that of every process. It goes idle if nothing has come; if
//!    something has, or is left in the private queue, there is another turn.
//!
//! What follows:
//!
//! - *What is urgent* (`alias`) is handed over first, and lies before all letters that are not: a
//!   receive that waits looks at it as at any that is new.
//! - *The mailbox is both queues.* A message is counted until it is received, so the marks, `hold`
//!   and `reject` mean what they mean elsewhere. `drop_oldest` drops the oldest letter.
//! - *Letters belong to the owner of the process*, though behind a lock: the body may be moved
//!   where it does not belong, and then finds nothing to break. The lock is never held over a
//!   program's code.
//! - *The body borrows nothing of the cell.* So the state, which holds no more than the way to the
//!   letters, may be used while the body is pending.
//! - *Requests of `sys`* are served at step 2, in their turn, and are no letters. Suspended, the
//!   body is not polled, whatever is handed over and whoever wakes it. A request to stop and the
//!   end of the parent end it then.
//! - *A request to stop* waits in the letters for its turn; the receive that comes to it ends the
//!   process.
//! - *A process that has overfilled another's mailbox* is held before step 2, unless a letter is
//!   pressing (`HOLD.md`). A waker that fires meanwhile is kept for the next poll.
//! - *The exit* takes the letters from the extras, and drops them as it drops a backlog: step by
//!   step, after the body and the state. If its mailbox is kept, messages go where that goes.
//! - Handlers that [block](crate::Message::blocks) are no matter of a function process, which has
//!   none.

use super::{extras::Pending, header::Running, node::Mail};
use crate::{pid::MonitorRef, signal::Signal};

/// The body of a function process, begun.
#[doc(hidden)]
#[derive(Debug)]
pub struct FunctionBody {
    pub(super) future: Pending,
    /// It is to be polled, though nothing may come.
    pub(super) due: bool,
}

impl FunctionBody {
    /// A body that borrows nothing.
    pub(crate) fn new(future: Pending) -> Self {
        Self { future, due: true }
    }

    /// How many bytes it has.
    pub(super) fn size(&self) -> usize {
        self.future.size()
    }
}

/// The mail that was handed to a function process and that it has not received.
pub(crate) trait Letters: Send + Sync {
    /// A signal that waits its turn.
    fn hear(&self, signal: Signal);
    /// How many messages there are.
    fn kept(&self) -> usize;
    /// Whether no hold may delay the process.
    fn is_pressed(&self) -> bool;
    /// Whether the body waits for a letter, and not for something else.
    fn is_awaited(&self) -> bool;
    /// How many bytes they have, what they point to left out.
    fn size(&self) -> usize;
    /// What is handed over next is urgent: it goes before all that is not.
    fn next_is_urgent(&self);
    /// Takes the DOWN of this monitor out; false if it is not there.
    fn flush_down(&self, monitor: MonitorRef) -> bool;
    /// Fails the oldest message as one that found no room; false if there is none.
    fn shed(&self) -> bool;
    /// Drops the oldest letter; false if there is none.
    fn discard(&self) -> bool;
    /// Takes the oldest letter back, for who comes after this process.
    fn reclaim(&self) -> Reclaimed;
}

/// A letter that was taken back.
pub(crate) enum Reclaimed {
    /// A message, as the mail that it was.
    Message(Mail),
    /// A signal that waited, which ends with the process.
    Signal,
    /// There is none.
    Nothing,
}

impl Running {
    /// The letters of a function process.
    pub(crate) fn letters(&self) -> Option<std::sync::Arc<dyn Letters>> {
        self.extras_if_any(|extras| extras.letters.clone()).flatten()
    }
}
