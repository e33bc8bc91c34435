//! What a full mailbox does, and how often it did it.

/// What happens to a cast when a mailbox holds as many messages as its option `mailbox` says: an
/// option at its start, or of its type (`#[process(mailbox = 64, overflow = reject)]`).
///
/// A call never holds its caller, which waits anyway: with `Hold` it goes in if it comes from a
/// process; with `Reject` and `DropNewest` it fails with
/// [`CallFailure::Full`](crate::CallFailure::Full). Signals and replies never need room.
/// Nothing goes in above the *hard mark*, [`limits::mailbox_hard`](crate::limits::mailbox_hard):
/// there every sender gets [`SendError::Full`](crate::SendError::Full).
///
/// ```
/// # use actor_core::prelude::*;
/// # use actor_core::{Overflow, SendError};
/// #[derive(Process, Default)]
/// #[process(mailbox = 1, overflow = drop_newest)]
/// struct Gauge { last: u64 }
/// #[handlers]
/// impl Gauge {
///     #[init] async fn begin(&mut self) { std::future::pending().await }
///     #[cast] fn set(&mut self, to: u64) { self.last = to }
/// }
/// # let rt = Runtime::new()?;
/// let gauge = rt.spawn(Gauge::default())?;
/// for value in 1..=3 {
///     gauge.set(value)?;
/// }
/// assert_eq!(gauge.mailbox_len(), 1);
/// assert_eq!(gauge.mailbox_stats().dropped, 2);
///
/// let gate = Gauge::default().with().overflow(Overflow::Reject).on(&rt).spawn()?;
/// gate.set(1)?;
/// assert_eq!(gate.set(2), Err(SendError::Full));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Overflow {
    /// The cast goes in, and the *process* that sent it gets no turn until the mailbox is down to
    /// half, for at most [`limits::HOLD`](crate::limits::HOLD): nothing is lost, and who floods is
    /// slowed down. It still acts on signals, and goes on at once when a call, a reply or a request
    /// to stop reaches it; supervisors, and processes above normal priority, are not held. Who
    /// casts or calls from outside of any process (and cannot be held) gets `Full`, and can wait
    /// with [`ready().await`](crate::Address::ready).
    #[default]
    Hold = 0,
    /// The sender, whoever it is, gets [`SendError::Full`](crate::SendError::Full).
    Reject = 1,
    /// The cast is dropped, and its sender hears nothing of that.
    DropNewest = 2,
    /// The cast goes in, and the process drops its oldest messages instead of handling them, as
    /// long as too many others wait; a call among them fails with
    /// [`CallFailure::Full`](crate::CallFailure::Full).
    DropOldest = 3,
}

/// How a process's mailbox is doing: the answer of
/// [`Address::mailbox_stats`](crate::Address::mailbox_stats). [`Overflow`] has the example.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MailboxStats {
    /// How many messages wait, roughly.
    pub waiting: usize,
    /// How often a process was held because of it.
    pub held: u64,
    /// How many messages were refused with `Full`.
    pub refused: u64,
    /// How many messages were dropped.
    pub dropped: u64,
}
