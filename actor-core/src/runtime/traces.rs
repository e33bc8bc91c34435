//! Trace sessions: who traces what, and the events on their way to them.
//!
//! A session is a queue of events with a bound, and a rate: what does not fit is dropped and
//! counted, so that a tracer that is slow, or traces too much, costs a traced process the time of a
//! lock and no more, and the node a bounded piece of memory. Sessions know nothing of each other. A
//! session that is over takes no events; the processes it traced are told to forget it, and one
//! that is missed (it was just being spawned) forgets it with the next event.
//!
//! A process hears of a session by a signal, a newborn from its spawner: by the rules of the
//! sessions that there are, or by inheritance. Where there is no session a spawn looks at one
//! counter for all that.

use std::{
    any::TypeId,
    collections::VecDeque,
    sync::{Arc, Weak},
    task::{Poll, Waker},
    time::{Duration, Instant},
};

use super::{Core, guarded, route};
use crate::{
    limits,
    pid::Pid,
    process::{CellRef, Mail, Running},
    signal::Signal,
    sync::{AtomicBool, AtomicUsize, Mutex, Ordering},
    trace::{Trace, TraceEvent, TraceKind, TraceOrder, Tracer},
};

/// How long a session counts for its rate.
const WINDOW: Duration = Duration::from_secs(1);

/// What the sessions of a runtime have in common.
pub(super) struct Traces {
    /// How many sessions there are.
    count: AtomicUsize,
    rules: Mutex<Vec<Rule>>,
}

/// Processes that will be spawned, and who traces them how.
struct Rule {
    tracer: Arc<Session>,
    flags: Trace,
    /// All, or those of one type.
    type_id: Option<TypeId>,
}

impl Traces {
    pub(super) fn new() -> Self {
        Self { count: AtomicUsize::new(0), rules: Mutex::new(Vec::new()) }
    }

    /// Whether a newborn may be traced.
    #[inline]
    pub(super) fn exist(&self) -> bool {
        // Relaxed: who is told of a session by its starter sees the count, others may be early.
        self.count.load(Ordering::Relaxed) != 0
    }
}

/// One tracer's session.
pub(crate) struct Session {
    core: Weak<Core>,
    over: AtomicBool,
    book: Mutex<Book>,
}

struct Book {
    events: VecDeque<TraceEvent>,
    /// How many were dropped.
    lost: u64,
    /// How many a second are taken.
    rate: u32,
    /// Since when they are counted, and how many came.
    since: Option<Instant>,
    came: u32,
    waiting: Option<Waker>,
}

impl Book {
    /// Takes an event, or drops it; answers who waits for it.
    fn enter(&mut self, event: TraceEvent) -> Option<Waker> {
        if self.since.is_none_or(|since| event.at.saturating_duration_since(since) >= WINDOW) {
            self.since = Some(event.at);
            self.came = 0;
        }
        if self.came >= self.rate || self.events.len() >= limits::TRACE_EVENTS {
            self.lost += 1;
            return None;
        }
        self.came += 1;
        self.events.push_back(event);
        self.waiting.take()
    }
}

impl Tracer for Session {
    fn tell(&self, pid: Pid, what: TraceKind) {
        let Some(core) = self.core.upgrade().filter(|_| !self.is_over()) else { return };
        let event = TraceEvent::new(pid, core.instant_now(), what);
        let waiting = self.book.lock().enter(event);
        if let Some(waker) = waiting {
            // It may be of another executor, and is not to be trusted in a process's turn.
            guarded("a tracer's waker", || waker.wake());
        }
    }

    fn is_over(&self) -> bool {
        // Relaxed: a hint; who acts on it acts on its own.
        self.over.load(Ordering::Relaxed)
    }
}

impl Session {
    pub(crate) fn begin(core: &Core) -> Arc<Self> {
        core.traces.count.fetch_add(1, Ordering::Relaxed);
        let book = Book {
            events: VecDeque::new(),
            lost: 0,
            rate: limits::TRACE_RATE,
            since: None,
            came: 0,
            waiting: None,
        };
        let (core, over) = (core.me.clone(), AtomicBool::new(false));
        Arc::new(Self { core, over, book: Mutex::new(book) })
    }

    /// How many events a second are taken.
    pub(crate) fn set_rate(&self, rate: u32) {
        self.book.lock().rate = rate;
    }

    /// How many events were dropped.
    pub(crate) fn lost(&self) -> u64 {
        self.book.lock().lost
    }

    /// The next event, if it is there.
    pub(crate) fn try_next(&self) -> Option<TraceEvent> {
        self.book.lock().events.pop_front()
    }

    /// The next event, or a promise to wake.
    pub(crate) fn poll_next(&self, waker: &Waker) -> Poll<TraceEvent> {
        let mut book = self.book.lock();
        if let Some(event) = book.events.pop_front() {
            return Poll::Ready(event);
        }
        let before = book.waiting.replace(waker.clone());
        drop(book);
        // It may be the last pin of a cell.
        drop(before);
        Poll::Pending
    }

    /// Traces processes that will be spawned: all, or those of one type.
    pub(crate) fn add_rule(self: &Arc<Self>, flags: Trace, type_id: Option<TypeId>) {
        let Some(core) = self.core.upgrade() else { return };
        let mut rules = core.traces.rules.lock();
        rules.retain(|rule| rule.type_id != type_id || !Arc::ptr_eq(&rule.tracer, self));
        rules.push(Rule { tracer: self.clone(), flags, type_id });
    }

    /// Tells all living processes of a type that they are traced.
    pub(crate) fn add_living(self: &Arc<Self>, flags: Trace, type_id: TypeId) {
        let Some(core) = self.core.upgrade() else { return };
        let pins = core.pins().into_iter();
        pins.filter(|pin| (pin.table().type_id)() == type_id).for_each(|pin| self.set(&pin, flags));
    }

    fn set(self: &Arc<Self>, process: &CellRef, flags: Trace) {
        let set = Some((self.clone() as Arc<dyn Tracer>, flags));
        let order = TraceOrder { set, done: Box::new(|_| ()) };
        route::signal_cell(process, Mail::signal(Signal::Trace(Box::new(order))));
    }

    /// The tracer is gone: nothing is told any more, and everybody forgets it.
    pub(crate) fn end(self: &Arc<Self>) {
        self.over.store(true, Ordering::Relaxed);
        let unread = std::mem::take(&mut self.book.lock().events);
        drop(unread);
        let Some(core) = self.core.upgrade() else { return };
        core.traces.count.fetch_sub(1, Ordering::Relaxed);
        core.traces.rules.lock().retain(|rule| !Arc::ptr_eq(&rule.tracer, self));
        let traced = core.pins().into_iter().filter(|pin| pin.state().is_traced());
        traced.for_each(|pin| self.set(&pin, Trace::NONE));
    }
}

impl Core {
    /// A process is being born, and somebody traces: perhaps it, or who spawns it.
    #[cold]
    pub(super) fn trace_birth(&self, newborn: &Running, parent: Option<&Running>, linked: bool) {
        let (pid, table) = (newborn.pid(), newborn.table());
        for rule in self.traces.rules.lock().iter() {
            if rule.type_id.is_none_or(|type_id| type_id == (table.type_id)()) {
                newborn.set_trace(&(rule.tracer.clone() as Arc<dyn Tracer>), rule.flags);
            }
        }
        let traced = |of: &&Running| of.state().is_traced();
        let parent_traced = parent.filter(traced);
        if let Some(parent) = parent_traced {
            let mut heirs = parent.heirs_of_trace(Trace::SET_ON_SPAWN, Trace::SET_ON_FIRST_SPAWN);
            if linked {
                heirs.extend(parent.heirs_of_trace(Trace::SET_ON_LINK, Trace::SET_ON_FIRST_LINK));
            }
            for (tracer, flags) in heirs {
                newborn.set_trace(&tracer, flags);
            }
        }
        let by = parent.map(Running::pid);
        let both = [parent_traced, Some(newborn).filter(traced)];
        if let [Some(parent), _] = both {
            let type_name = table.name;
            parent.tell(Trace::PROCS, || TraceKind::Spawn { pid, type_name });
            if linked {
                parent.tell(Trace::PROCS, || TraceKind::Link { to: pid });
            }
        }
        if let [_, Some(newborn)] = both {
            newborn.tell(Trace::PROCS, || TraceKind::Spawned { by });
            if let (Some(by), true) = (by, linked) {
                newborn.tell(Trace::PROCS, || TraceKind::GettingLinked { by });
            }
            let name = newborn.extras_if_any(|extras| extras.name.clone()).flatten();
            if let Some(name) = name {
                newborn.tell(Trace::PROCS, || TraceKind::Register { name: name.clone() });
            }
        }
    }
}
