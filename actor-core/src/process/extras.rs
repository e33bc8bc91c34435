//! What only some processes need, allocated when the first of it is needed.

use std::{any::Any, sync::Arc, vec};

use super::{
    alias::Urgent,
    cell::Next,
    function::{FunctionBody, Letters},
    header::RawCell,
    hold::Hold,
    links::Links,
    node::Mail,
    reply::{Owed, ReplySlot},
    traced::Traced,
    watches::Watches,
};
use crate::{
    exit::ExitReason,
    pid::Pid,
    pool::{Counted, PooledFuture},
    signal::Watch,
};

/// A handler, hook or start function in mid-await. It borrows the cell's state and context, which
/// stay where they are for as long as it exists.
pub(crate) type Pending = PooledFuture<'static, Next>;

/// Puts a finished state into its cell.
pub(crate) type Install = Box<dyn FnOnce(RawCell) + Send>;

/// A start function: makes the state inside the new process; `None` is OTP's ignore.
pub(crate) type Making = PooledFuture<'static, Result<Option<Install>, ExitReason>>;

/// Makes the start function's future, inside the new process.
pub(crate) type Make = Box<dyn FnOnce() -> Making + Send>;

/// How a start ended, told once to who asked for it.
pub(crate) type Started = Result<(), StartFailure>;

/// Why a start came to nothing.
pub(crate) enum StartFailure {
    /// It chose to.
    Ignored,
    /// It ended first.
    Ended(ExitReason),
}

/// Who waits for a start.
pub(crate) enum Starter {
    /// Somebody at this slot.
    Slot(Counted<ReplySlot<Started>>),
    /// Whoever this tells.
    Told(Box<dyn FnOnce(Started) + Send>),
}

impl Starter {
    /// Tells it.
    pub(crate) fn tell(self, started: Started) {
        match self {
            Self::Slot(slot) => slot.complete(Ok(started)),
            Self::Told(tell) => tell(started),
        }
    }
}

/// Where a timer is that sends one message to the process: a seat's wheel, and the place in it.
/// There it is the process's own as long as it is armed, and afterwards perhaps another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimerPlace {
    pub(crate) seat: u32,
    pub(crate) index: u32,
}

/// Where the timers of a process that ends are, or were.
#[derive(Debug, Default)]
pub(crate) struct TimerPlaces {
    one: Option<TimerPlace>,
    many: vec::IntoIter<TimerPlace>,
}

impl TimerPlaces {
    pub(super) fn one(place: TimerPlace) -> Self {
        Self { one: Some(place), many: Vec::new().into_iter() }
    }

    pub(super) fn many(places: Vec<TimerPlace>) -> Self {
        Self { one: None, many: places.into_iter() }
    }

    /// How many are left.
    pub(crate) fn len(&self) -> usize {
        usize::from(self.one.is_some()) + self.many.len()
    }
}

impl Iterator for TimerPlaces {
    type Item = TimerPlace;

    fn next(&mut self) -> Option<TimerPlace> {
        self.one.take().or_else(|| self.many.next())
    }
}

/// A timer that is aimed at the process over and over.
pub(crate) trait Armed: Send + Sync {
    /// Disarms it; false if it was no longer armed.
    fn disarm(&self) -> bool;
    /// Whether it will fire.
    fn is_armed(&self) -> bool;
}

/// Who gets the messages that a process leaves behind.
pub(crate) trait Heir: Send + Sync {
    /// It ends for this reason, and has left these, the oldest first. Nobody has heard of its end
    /// yet.
    fn inherit(&self, mail: Vec<Mail>, reason: &ExitReason);
}

/// What the process is doing across turns.
// A word says which: a smaller tag is moved with what lies beside it, in pieces.
#[repr(usize)]
pub(crate) enum Activity {
    /// Waiting for mail.
    Idle,
    /// Making its state.
    Making(Making),
    /// In a handler or hook.
    Handler(Pending),
    /// In `init`.
    Init(Pending),
    /// In `terminate`.
    Terminate(Pending),
    /// In the one function that it is.
    Function(FunctionBody),
}

/// See the module. Touched only by the thread that runs the process, and by the spawner before the
/// process can run.
pub(crate) struct Extras {
    /// What it is in the middle of.
    pub(crate) activity: Activity,
    /// Its state is not there yet.
    pub(crate) is_hollow: bool,
    /// How to make its state, before the first turn.
    pub(crate) make: Option<Make>,
    /// Who waits for its start.
    pub(crate) starter: Option<Starter>,
    /// Who started it.
    pub(crate) parent: Option<Pid>,
    /// Links and monitors, both ways.
    pub(crate) links: Links,
    /// Who, outside of any process, waits for its end.
    pub(crate) watches: Watches,
    /// Its registered name.
    pub(crate) name: Option<Arc<str>>,
    /// The reason of `cx.stop(reason)`, to be acted on after the handler; none is `Normal`.
    pub(crate) stop: Option<ExitReason>,
    /// Why it ends or has ended.
    pub(crate) exit: Option<ExitReason>,
    /// The replies it owes: calls whose handler kept the `Reply` or panicked.
    pub(crate) owed: Vec<Box<dyn Owed>>,
    /// Timers that die with it: where those are that send one message, or were.
    pub(crate) timers: Vec<TimerPlace>,
    /// And those that send many.
    pub(crate) intervals: Vec<Arc<dyn Armed>>,
    /// What it must know to be held; none if it never overfilled a mailbox.
    pub(crate) hold: Option<Box<Hold>>,
    /// Its stable identity under a supervisor, known to the layers above.
    pub(crate) slot: Option<Arc<dyn Any + Send + Sync>>,
    /// Of a function process: the mail that was handed to it and that it has not received.
    pub(crate) letters: Option<Arc<dyn Letters>>,
    /// What next to no process has.
    pub(crate) rare: Option<Box<Rare>>,
    /// What goes before ordinary mail; none if it asked for nothing of the kind.
    pub(crate) urgent: Option<Box<Urgent>>,
}

/// What next to no process has.
#[derive(Default)]
pub(crate) struct Rare {
    /// What it calls itself.
    pub(crate) label: Option<Arc<str>>,
    /// Handlers run that the state word's count has forgotten.
    pub(crate) handled: u64,
    /// Who traces it.
    pub(crate) traced: Traced,
    /// Who gets the messages that it has not handled, when it ends.
    pub(crate) heir: Option<Arc<dyn Heir>>,
    /// The answer of the handler that told it to stop.
    pub(crate) last: Option<LastReply>,
    /// Its `init` has chosen not to start.
    pub(crate) ignores: bool,
    /// For whom it works, the nearest first, if it is a task (Elixir's `$callers`).
    pub(crate) callers: Option<Arc<[Pid]>>,
}

/// An answer that the end of the process gives, or drops.
pub(crate) struct LastReply {
    /// `terminate` is over, or was none.
    pub(crate) is_due: bool,
    /// Gives it.
    pub(crate) give: Box<dyn FnOnce() + Send>,
}

impl Extras {
    pub(crate) fn new() -> Self {
        Self {
            activity: Activity::Idle,
            is_hollow: false,
            make: None,
            starter: None,
            parent: None,
            links: Links::default(),
            watches: Watches::default(),
            name: None,
            stop: None,
            exit: None,
            owed: Vec::new(),
            timers: Vec::new(),
            intervals: Vec::new(),
            hold: None,
            slot: None,
            letters: None,
            rare: None,
            urgent: None,
        }
    }

    /// What next to no process has, made if need be.
    pub(crate) fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Whether something is pending, it may be held, and urgent mail may wait.
    #[inline]
    pub(super) fn at_a_glance(&mut self) -> (bool, bool, bool) {
        (self.is_pending(), self.hold.is_some(), self.urgent.is_some())
    }

    /// Remembers a timer that sends many messages; forgets those that are over, each time the list
    /// has doubled.
    pub(crate) fn add_interval(&mut self, timer: Arc<dyn Armed>) {
        if self.intervals.len() == self.intervals.capacity() {
            self.intervals.retain(|timer| timer.is_armed());
        }
        self.intervals.push(timer);
    }

    /// Why it ends.
    pub(crate) fn ends_with(&mut self, reason: &ExitReason) {
        if self.exit.as_ref() != Some(reason) {
            self.exit = Some(reason.clone());
        }
    }

    /// Remembers who waits for the end.
    pub(crate) fn add_watch(&mut self, watch: Arc<dyn Watch>) {
        self.watches.add(watch);
    }

    /// Whether links and watches, no more than so many, are all that there is to be told of its
    /// end, and nothing of it is left elsewhere.
    pub(crate) fn are_few(&self, at_most: usize) -> bool {
        let is_known = self.name.is_some() || self.starter.is_some() || self.letters.is_some();
        let lists = self.owed.len() + self.timers.len() + self.intervals.len();
        let parts = self.rare.is_some() || self.urgent.is_some();
        !is_known && lists == 0 && !parts && self.links.len() + self.watches.len() <= at_most
    }

    /// Remembers a reply that is owed; forgets those given since, each time the list has doubled.
    pub(crate) fn owe(&mut self, reply: Box<dyn Owed>) {
        if self.owed.len() == self.owed.capacity() {
            self.owed.retain(|owed| owed.is_open());
        }
        self.owed.push(reply);
    }
}
