//! The inbox of a function process: its mail, and the process as its own function sees it.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    FnProcess,
    letters::Letterbox,
    receive::{Items, Messages, Pick, Receive},
};
use crate::{
    actor::{Address, Alias, AliasOptions, AnyRef, Context, Sleep, Timer},
    exit::ExitReason,
    pid::{MonitorRef, Pid},
    process::{CellRef, Message, ReplyPort, Running, current},
    runtime::Core,
    signal::Down,
};

/// A message that was received, with the way back of its reply.
///
/// ```
/// # use actor_core::{Message, Received};
/// # struct Ask(u32);
/// # impl Message for Ask { type Reply = u32; }
/// fn answer(received: Received<Ask>) {
///     let Received { message: Ask(number), reply } = received;
///     reply.send(2 * number);
/// }
/// # let _ = answer;
/// ```
pub struct Received<M: Message> {
    /// What was sent.
    pub message: M,
    /// The way back, if it was a call; of a cast it leads nowhere. Dropping it unanswered fails the
    /// call with `NoReply`.
    pub reply: ReplyPort<M::Reply>,
}

/// What can be in the inbox of a function process, in the order in which it came.
///
/// ```
/// use actor_core::{FnProcess, Inbox, Item, Message, prelude::*};
/// struct Word;
/// impl Message for Word { type Reply = (); }
/// # let rt = Runtime::new()?;
/// let parent = rt.spawn_fn(async |mut inbox: Inbox<Word>| {
///     inbox.trap_exit(true);
///     let child = FnProcess::new(async |mut inbox: Inbox<Word>| {
///         inbox.receive().await;
///         ExitReason::other("tired")
///     });
///     let child = inbox.spawn_link(child)?;
///     let monitor = inbox.monitor(&child);
///     child.send(Word)?;
///     for _ in 0..2 {
///         match inbox.receive_any().await {
///             Item::Exit { from, reason } => {
///                 assert_eq!((Some(from), reason), (child.pid(), ExitReason::other("tired")));
///             }
///             Item::Down(down) => assert_eq!(down.monitor, monitor),
///             Item::Message(word) => word.reply.send(()),
///         }
///     }
///     Ok::<_, ExitReason>(())
/// })?;
/// assert_eq!(parent.closed().blocking(), ExitReason::Normal);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub enum Item<M: Message> {
    /// A message.
    Message(Received<M>),
    /// A linked process has ended, and this one traps exits; or it was sent an exit signal.
    Exit {
        /// Who ended, or sent it.
        from: Pid,
        /// Why.
        reason: ExitReason,
    },
    /// A monitored process has ended.
    Down(Down),
}

/// The mail of a function process, and the process as its own function sees it.
///
/// The `receive*` take mail out of it, oldest first; what they do not want stays, in order. All
/// else is done to the running process, as by a [`Context`]; what is not here is reached by
/// [`with`](Self::with).
///
/// What is in it counts as the mailbox ([`limits::MAILBOX`](crate::limits::MAILBOX)) until it is
/// received. A request to stop ([`Address::stop`](crate::Address::stop)) waits its turn like a
/// message: the receive that comes to it ends the process. A function that never receives is ended
/// by exit signals alone. A call that the function makes is awaited directly: its reply passes by
/// the inbox, so it costs the same however much waits there.
///
/// [`FnProcess`] has an example.
///
/// # Panics
/// All that acts as the process (everything but [`pid`](Self::pid) and [`me`](Self::me)) panics
/// outside of it: an inbox that was moved to another process or thread is of no use there.
pub struct Inbox<M: Message> {
    cell: CellRef,
    letters: Arc<Letterbox<M>>,
}

impl<M: Message> Inbox<M> {
    pub(super) fn new(cell: CellRef, letters: Arc<Letterbox<M>>) -> Self {
        Self { cell, letters }
    }

    pub(super) fn letters(&self) -> &Letterbox<M> {
        &self.letters
    }

    /// The right to act as the process, where it runs.
    pub(super) fn running(&self) -> Running {
        let here = current::running().filter(|running| running.raw() == self.cell.raw());
        here.expect("an inbox acts for its own process: use it in the function that was given it")
    }

    /// The process's own pid. [`Address::pid`](crate::Address::pid) has the like as an example.
    pub fn pid(&self) -> Pid {
        self.cell.pid()
    }

    /// The address of this very process, to be handed to others. A call on it from inside would
    /// wait for itself: it fails with `CallingSelf`.
    ///
    /// ```
    /// # use actor_core::{Inbox, Message, prelude::*};
    /// # struct Word(&'static str);
    /// # impl Message for Word { type Reply = (); }
    /// # let rt = Runtime::new()?;
    /// let soliloquy = rt.spawn_fn(async |mut inbox: Inbox<Word>| {
    ///     inbox.me().send(Word("to be"))?;
    ///     assert_eq!(inbox.receive().await.message.0, "to be");
    ///     Ok::<_, ExitReason>(())
    /// })?;
    /// assert_eq!(soliloquy.closed().blocking(), ExitReason::Normal);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn me(&self) -> Address<M> {
        Address::plain::<FnProcess<M>>(self.cell.clone())
    }

    /// Receives the oldest message; exits and downs stay where they are. [`FnProcess`] has an
    /// example.
    pub fn receive(&mut self) -> Receive<'_, M, impl Pick<M, Output = Received<M>>> {
        self.receive_match(|_| true)
    }

    /// Receives the oldest message that matches, and leaves all others as they are, in order
    /// (selective receive). Each message is shown to `wants` once; a new receive begins with the
    /// oldest again.
    ///
    /// ```
    /// # use actor_core::{Inbox, Message, prelude::*};
    /// struct Word(&'static str);
    /// # impl Message for Word { type Reply = (); }
    /// # let rt = Runtime::new()?;
    /// let reader = rt.spawn_fn(async |mut inbox: Inbox<Word>| {
    ///     let long = inbox.receive_match(|word| word.0.len() > 3).await;
    ///     let first = inbox.receive().await;
    ///     ExitReason::other(format!("{} before {}", long.message.0, first.message.0))
    /// })?;
    /// let closed = reader.closed();
    /// ["to", "be", "never", "or"].map(|word| reader.send(Word(word)));
    /// assert_eq!(closed.blocking(), ExitReason::other("never before to"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn receive_match<F: FnMut(&M) -> bool + Send>(
        &mut self,
        wants: F,
    ) -> Receive<'_, M, impl Pick<M, Output = Received<M>> + use<M, F>> {
        Receive::new(self, Messages(wants))
    }

    /// Receives whatever is oldest. [`Item`] has the example.
    pub fn receive_any(&mut self) -> Receive<'_, M, impl Pick<M, Output = Item<M>>> {
        self.receive_any_match(|_| true)
    }

    /// Receives the oldest of whatever matches.
    ///
    /// ```
    /// # use actor_core::{Inbox, Item, Message, prelude::*};
    /// # struct Word;
    /// # impl Message for Word { type Reply = (); }
    /// # let rt = Runtime::new()?;
    /// # let other = rt.spawn_fn(async |mut inbox: Inbox<Word>| { inbox.receive().await; })?;
    /// let undertaker = rt.spawn_fn(async move |mut inbox: Inbox<Word>| {
    ///     let monitor = inbox.monitor(&other);
    ///     other.send(Word)?;
    ///     let is_it = |item: &Item<Word>| matches!(item, Item::Down(it) if it.monitor == monitor);
    ///     inbox.receive_any_match(is_it).await;
    ///     Ok::<_, ExitReason>(())
    /// })?;
    /// assert_eq!(undertaker.closed().blocking(), ExitReason::Normal);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn receive_any_match<F: FnMut(&Item<M>) -> bool + Send>(
        &mut self,
        wants: F,
    ) -> Receive<'_, M, impl Pick<M, Output = Item<M>> + use<M, F>> {
        Receive::new(self, Items(wants))
    }

    /// Does something with the process's [`Context`]: for all that is not here.
    ///
    /// ```
    /// # use actor_core::{Inbox, Message, prelude::*};
    /// # struct Word;
    /// # impl Message for Word { type Reply = (); }
    /// # let rt = Runtime::new()?;
    /// let child = rt.spawn_fn(async |mut inbox: Inbox<Word>| {
    ///     let parent = inbox.with(|cx| cx.parent());
    ///     assert_eq!(parent, None);
    /// })?;
    /// assert_eq!(child.closed().blocking(), ExitReason::Normal);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with<R>(&mut self, act: impl FnOnce(&mut Context<FnProcess<M>>) -> R) -> R {
        act(&mut Context::new(self.running()))
    }

    /// [`Context::link`], which has the example.
    pub fn link(&mut self, to: &impl AnyRef) {
        self.with(|cx| cx.link(to));
    }

    /// [`Context::unlink`], which has the example. An exit that has come already stays.
    pub fn unlink(&mut self, to: &impl AnyRef) {
        self.with(|cx| cx.unlink(to));
    }

    /// [`Context::monitor`]: an [`Item::Down`] will tell its end. [`Item`] has the example.
    pub fn monitor(&mut self, target: &impl AnyRef) -> MonitorRef {
        self.with(|cx| cx.monitor(target))
    }

    /// [`Context::demonitor`], which has the example. A down that has come already stays.
    pub fn demonitor(&mut self, monitor: MonitorRef) {
        self.with(|cx| cx.demonitor(monitor));
    }

    /// [`Context::demonitor_flush`]: a down that has come already, and was not received, is taken
    /// out. Whether the monitor was still there.
    ///
    /// ```
    /// # use actor_core::{Inbox, Item, Message, prelude::*};
    /// # struct Word;
    /// # impl Message for Word { type Reply = (); }
    /// # let rt = Runtime::new()?;
    /// let watcher = rt.spawn_fn(async |mut inbox: Inbox<Word>| {
    ///     let dead = inbox.spawn_link(actor_core::FnProcess::new(async |_: Inbox<Word>| ()))?;
    ///     dead.closed().await;
    ///     let monitor = inbox.monitor(&dead);
    ///     inbox.demonitor_flush(monitor);
    ///     let soon = std::time::Duration::from_millis(5);
    ///     assert!(inbox.receive_any().after(soon).await.is_none(), "it hears of it no more");
    ///     Ok::<_, ExitReason>(())
    /// })?;
    /// assert_eq!(watcher.closed().blocking(), ExitReason::Normal);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn demonitor_flush(&mut self, monitor: MonitorRef) -> bool {
        self.with(|cx| cx.demonitor_flush(monitor))
    }

    /// [`Context::alias`]: a way to this process that it can close.
    ///
    /// ```
    /// # use actor_core::{Inbox, Message, prelude::*};
    /// struct Answer(u32);
    /// impl Message for Answer { type Reply = (); }
    ///
    /// # let rt = Runtime::new()?;
    /// let seeker = rt.spawn_fn(async |mut inbox: Inbox<Answer>| {
    ///     let alias = inbox.alias();
    ///     alias.send(Answer(42))?;
    ///     let Answer(first) = inbox.receive().await.message;
    ///     assert!(inbox.unalias(&alias) && first == 42);
    ///     alias.send(Answer(43))?; // is sent, and received by nobody
    ///     assert!(inbox.receive().after(std::time::Duration::ZERO).await.is_none());
    ///     Ok::<_, ExitReason>(())
    /// })?;
    /// assert_eq!(seeker.closed().blocking(), ExitReason::Normal);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn alias(&mut self) -> Alias<M> {
        self.with(Context::alias)
    }

    /// [`Context::alias_with`]: one that a reply closes, or that takes priority messages.
    /// [`alias`](Self::alias) has an example.
    pub fn alias_with(&mut self, options: AliasOptions) -> Alias<M> {
        self.with(|cx| cx.alias_with(options))
    }

    /// [`Context::unalias`]: what comes by it from here on is dropped; false if it was closed
    /// before. [`alias`](Self::alias) has the example.
    pub fn unalias(&mut self, alias: &Alias<M>) -> bool {
        self.with(|cx| cx.unalias(alias))
    }

    /// [`Context::exit`], which has the example.
    pub fn exit(&mut self, to: &impl AnyRef, reason: ExitReason) {
        self.with(|cx| cx.exit(to, reason));
    }

    /// Whether exit signals become an [`Item::Exit`] instead of ending the process. `Kill` is never
    /// trapped. [`Item`] has the example.
    pub fn trap_exit(&mut self, on: bool) {
        self.with(|cx| cx.trap_exit(on));
    }

    /// [`Context::spawn_link`] with a process that is not started yet. [`Item`] has the example.
    ///
    /// # Errors
    /// See [`StartError`](crate::StartError).
    pub fn spawn_link<S: crate::actor::Start>(
        &mut self,
        what: S,
    ) -> Result<S::Ref, crate::error::StartError> {
        self.with(|cx| cx.spawn_link(what))
    }

    /// Sends a message to this process after `delay`: [`Context::send_after`], which has the
    /// example.
    pub fn send_after(&mut self, delay: Duration, message: M) -> Timer {
        self.with(|cx| cx.send_after(delay, message))
    }

    /// Resolves after some time, never early; mail waits meanwhile. [`Context::sleep`] has the
    /// example.
    pub fn sleep(&self, delay: Duration) -> Sleep {
        Sleep::new(Core::of(&self.cell), delay)
    }
}

impl<M: Message> fmt::Debug for Inbox<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Inbox({})", self.pid())
    }
}

impl<M: Message> fmt::Debug for Received<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Received").field(&self.message.name()).finish()
    }
}

impl<M: Message> fmt::Debug for Item<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(received) => received.fmt(f),
            Self::Exit { from, reason } => write!(f, "Exit({from}, {reason})"),
            Self::Down(down) => down.fmt(f),
        }
    }
}
