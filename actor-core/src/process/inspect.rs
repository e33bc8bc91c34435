//! What a process tells of itself: at a glance, to anybody who holds a pin; in full, in its turn.

use super::{
    extras::{Activity, Extras, Rare},
    header::{CellRef, Running},
    state::{MOST_HANDLED, Phase},
};
use crate::{
    inspection::{Inspection, Peers, Status, Vitals},
    limits,
};

impl CellRef {
    /// What anybody can see; `None` if it is dead. `runs`: whether a thread runs it.
    pub(crate) fn vitals(&self, runs: impl FnOnce() -> bool) -> Option<Vitals> {
        let status = match self.phase() {
            Phase::Dead => return None,
            Phase::Exiting => Status::Exiting,
            _ if self.is_idle() => Status::Waiting,
            _ if runs() => Status::Running,
            _ => Status::Runnable,
        };
        let state = self.state();
        Some(Vitals {
            pid: self.pid(),
            type_name: self.table().name,
            status,
            message_queue_len: self.mailbox_len(),
            trap_exit: state.traps_exit(),
            priority: state.priority(),
            mailbox: state.mailbox() as usize,
            overflow: state.overflow(),
        })
    }
}

impl Running {
    /// It has handled something without a handler.
    pub(super) fn count_handled(&self) {
        if self.state().count_handled() {
            self.remember_handled();
        }
    }

    /// A handler has come to its end: if the state word's count begins anew, that is remembered.
    pub(super) fn remember_handled(&self) {
        if self.state().handled() == 0 {
            self.extras(|extras| extras.rare().handled += MOST_HANDLED);
        }
    }

    /// What it tells of itself, while it acts on signals. It runs, but that is because it was
    /// asked: what is told is what it does otherwise.
    pub(super) fn inspection(&self) -> Inspection {
        let pin = self.pin();
        let looked = self.extras_if_any(Extras::inspected).unwrap_or_default();
        let status = match (looked.held, looked.in_handler || !self.has_queued()) {
            (true, _) => Status::Held,
            (false, true) => Status::Waiting,
            (false, false) => Status::Runnable,
        };
        let state = self.state();
        let vitals = pin.vitals(|| true);
        let vitals = vitals.map(|vitals| Vitals { status, ..vitals });
        Inspection {
            vitals: vitals.expect("a process that runs is not dead"),
            registered_name: looked.name,
            label: looked.label,
            parent: looked.parent,
            callers: looked.callers,
            links: looked.links,
            monitors: looked.monitors,
            monitored_by: looked.monitored_by,
            in_handler: looked.in_handler,
            handling: looked.handling,
            reductions: looked.handled + state.handled(),
            memory: pin.size() + self.table().boxed + looked.memory + self.queue_size(),
        }
    }

    /// About how many bytes the messages have that wait.
    fn queue_size(&self) -> usize {
        let (mut count, mut size) = (0, 0);
        self.first_queued(limits::TURN_MESSAGES as usize, |mail| {
            count += 1;
            size += mail.size();
        });
        let all = self.pin().mailbox_len().max(count);
        (size * all).checked_div(count).unwrap_or(0)
    }
}

/// What the extras tell.
#[derive(Default)]
struct Looked {
    held: bool,
    in_handler: bool,
    handling: Option<&'static str>,
    name: Option<String>,
    label: Option<String>,
    parent: Option<crate::pid::Pid>,
    callers: Vec<crate::pid::Pid>,
    links: Peers,
    monitors: Peers,
    monitored_by: Peers,
    handled: u64,
    memory: usize,
}

impl Extras {
    fn inspected(&mut self) -> Looked {
        let ([links, monitors, monitored_by], related) = self.links.peers(limits::INSPECTED);
        let rare = self.rare.as_deref();
        Looked {
            held: self.hold.as_ref().is_some_and(|hold| hold.is_held()),
            in_handler: !self.waits_for_mail(),
            handling: rare.and_then(|rare| rare.traced.handling()),
            name: self.name.as_ref().map(ToString::to_string),
            label: rare.and_then(|rare| rare.label.as_ref()).map(ToString::to_string),
            parent: self.parent,
            callers: rare.and_then(|rare| rare.callers.as_deref()).unwrap_or_default().to_vec(),
            links,
            monitors,
            monitored_by,
            handled: rare.map_or(0, |rare| rare.handled),
            memory: related + self.size(),
        }
    }

    /// About how many bytes it has, relations left out.
    fn size(&self) -> usize {
        fn list<T>(list: &Vec<T>) -> usize {
            list.capacity() * size_of::<T>()
        }
        let pending = match &self.activity {
            Activity::Idle => 0,
            Activity::Making(making) => making.size(),
            Activity::Handler(pending) | Activity::Init(pending) | Activity::Terminate(pending) => {
                pending.size()
            }
            Activity::Function(body) => body.size(),
        };
        let letters = self.letters.as_ref().map_or(0, |letters| letters.size());
        let rare = self.rare.as_ref().map_or(0, |rare| {
            let label = rare.label.as_ref().map_or(0, |label| label.len());
            let callers = rare.callers.as_deref().map_or(0, size_of_val);
            size_of::<Rare>() + label + callers + rare.traced.size()
        });
        let lists = self.watches.size() + list(&self.owed) + list(&self.timers);
        let hold = self.hold.as_deref().map_or(0, size_of_val);
        size_of::<Self>() + pending + letters + rare + lists + list(&self.intervals) + hold
    }
}
