//! The state of one schedule: mail on its way, who can run, the clock, and what happened so far.
//!
//! Mail is kept in one channel for each sender and receiver, first in, first out: no schedule
//! reorders what one process sent to another, whatever kind it is. What a process's timers send is
//! a channel of its own, and so is what comes from outside of all processes.
//!
//! The things that can happen are listed in an order that depends on nothing but the schedule so
//! far: the oldest first (so that index 0 is fair), the others by the receiver's path and then the
//! sender's. No order of a hash map, no address and no pid takes part.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::task::Waker;
use std::time::Duration;

use actor_core::Pid;
use actor_core::sim::{Envelope, EnvelopeKind, Runnable};

use crate::choice::Chooser;
use crate::identity::Identities;
use crate::path::SpawnPath;
use crate::rng::{self, Rng};
use crate::supervision::Record;
use crate::trace::{Action, Sender, Step, Trace};
use crate::wait::Waits;

/// Mail on its way, by receiver and sender, with its age.
type Channels = BTreeMap<(SpawnPath, Sender), VecDeque<(u64, Envelope)>>;

/// Who can run, and since when.
type Ready = BTreeMap<SpawnPath, (u64, Runnable)>;

/// The state of one schedule.
pub(crate) struct World {
    /// Since the start of the test.
    pub(crate) clock: Duration,
    pub(crate) identities: Identities,
    pub(crate) waits: Waits,
    pub(crate) trace: Trace,
    pub(crate) records: Vec<Record>,
    pub(crate) chooser: Chooser,
    /// The last failed expectation of the testkit's own: its message and its place in the test.
    pub(crate) blame: Option<(String, String)>,
    /// Those who wait for the end of some process.
    pub(crate) watchers: Vec<Waker>,
    /// Whether a process ended since the watchers were last woken.
    pub(crate) exits_unseen: bool,
    /// Set at the end: from here on everything is thrown away.
    pub(crate) closed: bool,
    /// Whether the clock moves by itself when nothing else can happen.
    pub(crate) auto_time: bool,
    /// Whether anybody drew a random number.
    pub(crate) drawn: bool,
    channels: Channels,
    ready: Ready,
    /// Looked up by path, never walked.
    streams: HashMap<Option<SpawnPath>, Rng>,
    streams_seed: u64,
    age: u64,
}

/// What is to be done next.
pub(crate) enum Todo {
    /// Hand this to its receiver, which then takes a turn.
    Deliver(Envelope),
    /// Let this process take a turn.
    Run(Runnable),
    /// Nothing can happen now.
    Nothing,
}

/// A thing that can happen.
#[derive(Clone, Copy)]
struct Enabled<'a> {
    age: u64,
    to: &'a SpawnPath,
    /// `None`: the process itself goes on.
    from: Option<&'a Sender>,
}

impl Enabled<'_> {
    /// A name of the channel for strategies that treat channels differently.
    fn lane(&self) -> u64 {
        let to = rng::hash(1, self.to.words());
        match self.from {
            None => to,
            Some(Sender::Timer) => rng::hash(to, [1]),
            Some(Sender::Outside) => rng::hash(to, [2]),
            Some(Sender::Process(path)) => rng::hash(to, path.words().chain([3])),
        }
    }
}

/// Everything that can happen: the oldest first, the rest in the order of the paths.
fn enabled<'a>(channels: &'a Channels, ready: &'a Ready) -> Vec<Enabled<'a>> {
    let ready = ready.iter().map(|(to, (age, _))| Enabled { age: *age, to, from: None });
    let mail = channels.iter().map(|((to, from), queue)| {
        let age = queue.front().map_or(u64::MAX, |(age, _)| *age);
        Enabled { age, to, from: Some(from) }
    });
    let mut enabled: Vec<Enabled<'a>> = ready.chain(mail).collect();
    // Both halves are in order already, which the sort notices.
    enabled.sort_by_key(|thing| (thing.to, thing.from));
    let oldest = enabled.iter().enumerate().min_by_key(|(_, thing)| thing.age);
    if let Some((oldest, _)) = oldest {
        enabled[..=oldest].rotate_right(1);
    }
    enabled
}

impl World {
    /// A world in which nothing has happened.
    pub(crate) fn new(chooser: Chooser, streams_seed: u64, auto_time: bool) -> Self {
        Self {
            clock: Duration::ZERO,
            identities: Identities::default(),
            waits: Waits::default(),
            trace: Trace::default(),
            records: Vec::new(),
            chooser,
            blame: None,
            watchers: Vec::new(),
            exits_unseen: false,
            closed: false,
            auto_time,
            drawn: false,
            channels: BTreeMap::new(),
            ready: BTreeMap::new(),
            streams: HashMap::new(),
            streams_seed,
            age: 0,
        }
    }

    /// Puts an envelope at the end of its channel; gives it back if the schedule is over.
    pub(crate) fn stage(&mut self, envelope: Envelope) -> Option<Envelope> {
        if self.closed {
            return Some(envelope);
        }
        let from = match envelope.source() {
            Some(pid) => Sender::Process(self.identities.path(pid)),
            None if envelope.kind() == EnvelopeKind::Timer => Sender::Timer,
            None => Sender::Outside,
        };
        let to = self.identities.path(envelope.destination());
        self.age += 1;
        self.channels.entry((to, from)).or_default().push_back((self.age, envelope));
        None
    }

    /// Notes that a process can run; gives the runnable back if the schedule is over.
    pub(crate) fn ready(&mut self, runnable: Runnable) -> Option<Runnable> {
        if self.closed {
            return Some(runnable);
        }
        let path = self.identities.path(runnable.pid());
        self.age += 1;
        let before = self.ready.insert(path, (self.age, runnable));
        before.map(|(_, runnable)| runnable)
    }

    /// The runnable of a process, if it is ready: it is taken out.
    pub(crate) fn take_ready(&mut self, pid: Pid) -> Option<Runnable> {
        let path = self.identities.path(pid);
        self.ready.remove(&path).map(|(_, runnable)| runnable)
    }

    /// Picks what happens next, and writes it down.
    pub(crate) fn next(&mut self) -> Todo {
        let enabled = enabled(&self.channels, &self.ready);
        let pick = match enabled.len() {
            0 => return Todo::Nothing,
            // One thing alone is no choice: the lanes need not be named.
            1 => 0,
            _ => {
                let lanes: Vec<u64> = enabled.iter().map(Enabled::lane).collect();
                self.chooser.pick(&lanes)
            }
        };
        let Enabled { to, from, .. } = enabled[pick];
        let (to, from) = (to.clone(), from.cloned());
        let (action, todo) = match from {
            None => {
                let Some((_, runnable)) = self.ready.remove(&to) else { return Todo::Nothing };
                (Action::Run { process: to }, Todo::Run(runnable))
            }
            Some(from) => {
                let Some(envelope) = self.pop(&to, &from) else { return Todo::Nothing };
                let label = envelope.label();
                (Action::Deliver { from, to, label }, Todo::Deliver(envelope))
            }
        };
        self.write(action, pick != 0);
        todo
    }

    /// Takes the first envelope of a channel; a channel that is empty is forgotten.
    fn pop(&mut self, to: &SpawnPath, from: &Sender) -> Option<Envelope> {
        let key = (to.clone(), from.clone());
        let queue = self.channels.get_mut(&key)?;
        let envelope = queue.pop_front();
        if queue.is_empty() {
            self.channels.remove(&key);
        }
        envelope.map(|(_, envelope)| envelope)
    }

    /// Takes the messages on their way to a process out of their channels, by their age.
    pub(crate) fn recall(&mut self, to: Pid) -> Vec<Envelope> {
        let to = self.identities.path(to);
        let mut taken = Vec::new();
        for ((receiver, _), queue) in &mut self.channels {
            if *receiver != to {
                continue;
            }
            let is_message = |envelope: &Envelope| {
                matches!(envelope.kind(), EnvelopeKind::Message | EnvelopeKind::Timer)
            };
            for (age, envelope) in std::mem::take(queue) {
                if is_message(&envelope) {
                    taken.push((age, envelope));
                } else {
                    queue.push_back((age, envelope));
                }
            }
        }
        self.channels.retain(|_, queue| !queue.is_empty());
        taken.sort_by_key(|(age, _)| *age);
        taken.into_iter().map(|(_, envelope)| envelope).collect()
    }

    /// Writes a step down.
    pub(crate) fn write(&mut self, action: Action, overtakes: bool) {
        self.trace.steps.push(Step { action, at: self.clock, overtakes });
    }

    /// The next number of a process's random stream, or of the test's own.
    pub(crate) fn random(&mut self, process: Option<Pid>) -> u64 {
        self.drawn = true;
        let path = process.map(|pid| self.identities.path(pid));
        let seed = match &path {
            Some(path) => rng::hash(self.streams_seed, path.words()),
            None => self.streams_seed,
        };
        self.streams.entry(path).or_insert_with(|| Rng::new(seed)).next()
    }

    /// Ends the schedule: everything on its way is given back, to be dropped outside of any lock.
    pub(crate) fn close(&mut self) -> impl Sized + use<> {
        self.closed = true;
        let wakers = (std::mem::take(&mut self.waits), std::mem::take(&mut self.watchers));
        (std::mem::take(&mut self.channels), std::mem::take(&mut self.ready), wakers)
    }
}
