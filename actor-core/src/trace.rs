//! What is told of a process that is traced, and to whom.
//!
//! Vocabulary only: which flags there are, what an event is, what a tracer must do. A process tells
//! in its own turn, in the order in which things happen to it, and knows nothing of who listens but
//! this trait. Nothing here may change what the process does.

use std::{fmt, ops::BitOr, sync::Arc, time::Instant};

use crate::{exit::ExitReason, pid::Pid};

/// What is traced: the flags of OTP's `trace`, to be joined by `|`.
/// [`RuntimeHandle::trace`](crate::RuntimeHandle::trace) has the example.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Trace(u16);

impl Trace {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// Messages that it sends: [`TraceKind::Send`]. Replies go to a slot and are no messages.
    pub const SEND: Self = Self(1 << 0);
    /// Messages that it receives: [`TraceKind::Receive`].
    pub const RECEIVE: Self = Self(1 << 1);
    /// Handlers and hooks that begin and end: [`TraceKind::Call`], [`TraceKind::Return`].
    pub const CALL: Self = Self(1 << 2);
    /// What happens to it as a process: it is spawned or spawns, ends, links, has a name.
    pub const PROCS: Self = Self(1 << 3);
    /// Turns: [`TraceKind::In`], [`TraceKind::Out`].
    pub const RUNNING: Self = Self(1 << 4);
    /// Not an event: what it spawns is traced as it is itself, this flag included.
    pub const SET_ON_SPAWN: Self = Self(1 << 5);
    /// The same of the first process that it spawns, once: neither has this flag then.
    pub const SET_ON_FIRST_SPAWN: Self = Self(1 << 6);
    /// Not an event: what it links itself to is traced as it is itself, this flag included, and so
    /// is what it spawns with a link.
    pub const SET_ON_LINK: Self = Self(1 << 7);
    /// The same of the first process that it links itself to, once: neither has this flag then.
    pub const SET_ON_FIRST_LINK: Self = Self(1 << 8);

    const NAMES: [(Self, &'static str); 9] = [
        (Self::SEND, "SEND"),
        (Self::RECEIVE, "RECEIVE"),
        (Self::CALL, "CALL"),
        (Self::PROCS, "PROCS"),
        (Self::RUNNING, "RUNNING"),
        (Self::SET_ON_SPAWN, "SET_ON_SPAWN"),
        (Self::SET_ON_FIRST_SPAWN, "SET_ON_FIRST_SPAWN"),
        (Self::SET_ON_LINK, "SET_ON_LINK"),
        (Self::SET_ON_FIRST_LINK, "SET_ON_FIRST_LINK"),
    ];

    /// Whether all of these are among the flags.
    ///
    /// ```
    /// use actor_core::Trace;
    /// let flags = Trace::SEND | Trace::CALL;
    /// assert!(flags.contains(Trace::SEND) && !flags.contains(Trace::RUNNING));
    /// ```
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// The others.
    pub(crate) const fn without(self, flags: Self) -> Self {
        Self(self.0 & !flags.0)
    }

    /// Whether there are none. The [type's example](Self::contains) is of the opposite.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Trace {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Self::NAMES.iter().filter(|(flag, _)| self.contains(*flag));
        f.write_str("Trace(")?;
        for (number, (_, name)) in names.enumerate() {
            write!(f, "{}{name}", if number > 0 { " | " } else { "" })?;
        }
        f.write_str(")")
    }
}

/// Something that happened to a process that is traced.
/// [`RuntimeHandle::trace`](crate::RuntimeHandle::trace) has the example.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TraceEvent {
    /// To whom.
    pub pid: Pid,
    /// When; virtual in a simulation.
    pub at: Instant,
    /// What.
    pub what: TraceKind,
}

impl TraceEvent {
    pub(crate) fn new(pid: Pid, at: Instant, what: TraceKind) -> Self {
        Self { pid, at, what }
    }
}

/// What happened: OTP's names. Messages are told by their names, `Message::name`: what they hold is
/// the process's own. [`RuntimeHandle::trace`](crate::RuntimeHandle::trace) has the example.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TraceKind {
    /// It is about to send a message.
    Send {
        /// To whom.
        to: Pid,
        /// The message's name.
        message: &'static str,
    },
    /// It is about to send a message to one that has ended.
    SendToNonExisting {
        /// To whom.
        to: Pid,
        /// The message's name.
        message: &'static str,
    },
    /// A message has arrived and waits for its turn: a request of a ref, an interval's tick, or the
    /// `exit`, `down` or `stop` that a signal has become.
    Receive {
        /// The message's name.
        message: &'static str,
    },
    /// A handler or hook begins.
    Call {
        /// The name of the message that it handles.
        message: &'static str,
    },
    /// It has come to its end; not told of one that panics.
    Return {
        /// The name of the message that it handled.
        message: &'static str,
    },
    /// It has spawned a process.
    Spawn {
        /// Which.
        pid: Pid,
        /// That one's type.
        type_name: &'static str,
    },
    /// It has been spawned.
    Spawned {
        /// By whom; `None`: from outside of any process.
        by: Option<Pid>,
    },
    /// It ends: no handler runs any more, and its name is free.
    Exit {
        /// Why.
        reason: ExitReason,
    },
    /// It has linked itself.
    Link {
        /// To whom.
        to: Pid,
    },
    /// It has removed a link.
    Unlink {
        /// With whom.
        from: Pid,
    },
    /// Another has linked itself to it.
    GettingLinked {
        /// Who.
        by: Pid,
    },
    /// Another has removed its link with it.
    GettingUnlinked {
        /// Who.
        by: Pid,
    },
    /// It has got a name.
    Register {
        /// Which.
        name: Arc<str>,
    },
    /// Its name is free.
    Unregister {
        /// Which.
        name: Arc<str>,
    },
    /// A turn of it begins.
    In,
    /// A turn of it ends.
    Out,
}

/// To whom it is told. Called in the turn of the process that is traced: short, and of no effect on
/// it.
pub(crate) trait Tracer: Send + Sync {
    /// It happened to this process.
    fn tell(&self, pid: Pid, what: TraceKind);
    /// Nobody listens any more.
    fn is_over(&self) -> bool;
}

/// What a tracer wants of a process, to be done when that acts on signals.
pub(crate) struct TraceOrder {
    /// Trace it so for this tracer from now on; nothing: as before.
    pub(crate) set: Option<(Arc<dyn Tracer>, Trace)>,
    /// All that happened before has been told. False: it is dead, and was asked for nothing else.
    pub(crate) done: Box<dyn FnOnce(bool) + Send>,
}
