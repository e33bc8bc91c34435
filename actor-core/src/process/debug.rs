//! What a debugged process keeps of its own traffic: counts, the last events, and the functions
//! that hear of each. OTP's debug options; `Sys` switches them on and off.

use std::{collections::VecDeque, time::Instant};

use super::reply::Owed;
use crate::{limits, pid::Pid};

/// What a process under debug has done: OTP's system event, what the functions of
/// [`Sys::install`](crate::Sys::install) hear, which has the example, and what
/// [`Sys::get_log`](crate::Sys::get_log) answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SysEvent {
    /// It is about to handle this: a message, a trapped exit, or a DOWN.
    In {
        /// The message's name: for a generated enum, its variant.
        message: &'static str,
        /// Whether somebody waits for an answer.
        call: bool,
        /// The calling process; none for a cast, and for a caller outside of any process.
        from: Option<Pid>,
    },
    /// The handler of a call is done, and has answered it. An answer that comes later, by a
    /// [`Reply`](crate::Reply) that was kept, is no event, as in OTP.
    Out {
        /// The name of the message that was answered.
        message: &'static str,
        /// The calling process, if it is one.
        to: Option<Pid>,
    },
}

/// What a process has done since statistics were switched on: what
/// [`Sys::get_statistics`](crate::Sys::get_statistics) answers, which has the example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// When they were switched on.
    pub start_time: Instant,
    /// When they were asked for.
    pub current_time: Instant,
    /// How much work it did, roughly: one for each piece of mail, and one for each check that its
    /// handlers passed before they first waited.
    pub reductions: u64,
    /// How many messages it began to handle, trapped exits and DOWNs among them.
    pub messages_in: u64,
    /// How many calls its handlers have answered.
    pub messages_out: u64,
}

/// A function that hears of each event.
pub(crate) type Listener = Box<dyn FnMut(&SysEvent) + Send>;

/// The call that is being handled.
pub(super) struct InHand {
    pub(super) message: &'static str,
    pub(super) owed: Box<dyn Owed>,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Debug {
    pub(crate) statistics: Option<Statistics>,
    /// How many events are kept, and those.
    log: Option<(usize, VecDeque<SysEvent>)>,
    functions: Vec<(String, Listener)>,
    pub(super) in_hand: Option<InHand>,
}

impl Debug {
    /// Whether it is switched off altogether.
    pub(super) fn is_off(&self) -> bool {
        self.statistics.is_none() && self.log.is_none() && self.functions.is_empty()
    }

    /// Keeps the last so many events from now on, at most [`limits::SYS_LOG`]; none: no longer.
    pub(crate) fn keep_log(&mut self, events: usize) {
        self.log = match (events.min(limits::SYS_LOG), self.log.take()) {
            (0, _) => None,
            (most, None) => Some((most, VecDeque::new())),
            (most, Some((_, mut kept))) => {
                kept.drain(..kept.len().saturating_sub(most));
                Some((most, kept))
            }
        };
    }

    /// The events that are kept, oldest first.
    pub(crate) fn log(&self) -> Vec<SysEvent> {
        self.log.iter().flat_map(|(_, kept)| kept).cloned().collect()
    }

    /// Has a function hear of all events, unless there is one of that name already; false: there
    /// are too many.
    pub(crate) fn install(&mut self, id: String, listener: Listener) -> bool {
        if self.functions.iter().any(|(known, _)| *known == id) {
            return true;
        }
        if self.functions.len() == limits::SYS_FUNCTIONS {
            return false;
        }
        self.functions.push((id, listener));
        true
    }

    /// The function of that name, which hears no more.
    #[must_use]
    pub(crate) fn remove(&mut self, id: &str) -> Option<Listener> {
        let at = self.functions.iter().position(|(known, _)| known == id)?;
        Some(self.functions.remove(at).1)
    }

    /// What is switched on.
    pub(crate) fn options(&self) -> Vec<String> {
        let statistics = self.statistics.iter().map(|_| "statistics".to_owned());
        let log = self.log.iter().map(|(most, _)| format!("log {most}"));
        let functions = self.functions.iter().map(|(id, _)| format!("function {id}"));
        statistics.chain(log).chain(functions).collect()
    }

    /// Counts and keeps an event.
    pub(super) fn note(&mut self, event: &SysEvent) {
        if let Some(statistics) = &mut self.statistics {
            match event {
                SysEvent::In { .. } => statistics.messages_in += 1,
                SysEvent::Out { .. } => statistics.messages_out += 1,
            }
        }
        if let Some((most, kept)) = &mut self.log {
            if kept.len() == *most {
                kept.pop_front();
            }
            kept.push_back(event.clone());
        }
    }

    /// Counts work.
    pub(super) fn spent(&mut self, reductions: u64) {
        if let Some(statistics) = &mut self.statistics {
            statistics.reductions += reductions;
        }
    }

    /// The functions, for as long as they hear of an event.
    pub(super) fn take_functions(&mut self) -> Vec<(String, Listener)> {
        std::mem::take(&mut self.functions)
    }

    /// Puts them back.
    pub(super) fn put_functions(&mut self, functions: Vec<(String, Listener)>) {
        self.functions = functions;
    }
}
