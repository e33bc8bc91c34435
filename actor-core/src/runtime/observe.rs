//! What a runtime says of itself: events for an environment, crash reports for everybody.
//!
//! A process that ends abnormally leaves one report, by `tracing` (target `actor_core::crash`) if
//! the program has a subscriber, else as one line on stderr: a crash is not silent. Normal ends,
//! and processes that are killed or follow a link, leave none. Of a burst, [`limits::REPORTS`] a
//! second are said, and how many were left out: what is written may go to a slow place, and a
//! process that ends must not wait for that.

use std::{fmt, io::Write};

use super::{Core, env::Event, throttle::Admitted};
use crate::{
    exit::ExitReason,
    limits,
    process::{self, Running},
};

/// A process has ended; `follows`: for another's reason, which that one has reported.
pub(super) fn exited(core: &Core, running: &Running, reason: &ExitReason, follows: bool) {
    let (pid, name) = (running.pid(), running.table().name);
    if core.environment().is_some() {
        // A simulation shows crashes in its own report.
        return core.observe(&Event::Exited { pid, name, reason: reason.clone() });
    }
    if matches!(reason, ExitReason::Panic(_) | ExitReason::Error(_)) && !follows {
        // A panic's report names the type itself.
        match reason {
            ExitReason::Panic(_) => {
                core.say(format_args!("process {pid} crashed: {reason}"));
            }
            _ => core.say(format_args!("process {pid} ({name}) crashed: {reason}")),
        }
    }
}

impl Core {
    /// Says it once, unless too much is said already.
    fn say(&self, text: fmt::Arguments<'_>) {
        match self.reports.admit(self.now()) {
            Admitted::Yes { left_out } => {
                if left_out > 0 {
                    report(format_args!("{left_out} reports were left out"));
                }
                report(text);
            }
            Admitted::First => report(format_args!(
                "more than {} reports a second: the rest of this second's are left out",
                limits::REPORTS
            )),
            Admitted::No => {}
        }
    }
}

/// A panic that could change nothing any more.
pub(super) fn contained(core: &Core, process: &Running, during: &str, panic: &ExitReason) {
    let (pid, name) = (process.pid(), process.table().name);
    core.say(format_args!("process {pid} ({name}), already ending, panicked in {during}: {panic}"));
}

/// Runs a program's own code where no process answers for it: a destructor of mail that found no
/// receiver, the maker of a timer's messages. A panic is reported, and goes no further.
pub(crate) fn guarded(during: &str, code: impl FnOnce()) {
    if let Err(panic) = process::caught(code, during) {
        match super::enter::here() {
            Some(here) => here.say(format_args!("{panic}")),
            None => report(format_args!("{panic}")),
        }
    }
}

/// Says it once, where somebody will see it. The text is made only if somebody will.
pub(crate) fn report(text: fmt::Arguments<'_>) {
    if tracing::dispatcher::has_been_set() {
        tracing::error!(target: "actor_core::crash", "{text}");
    } else {
        // Nothing can be done for who has closed stderr.
        let _ = writeln!(std::io::stderr(), "{text}");
    }
}
