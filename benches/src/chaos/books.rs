//! What was begun, and what came of it.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

/// A number that only grows.
#[derive(Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn one(&self) {
        self.add(1);
    }

    pub(super) fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::AcqRel);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// Defines the books and the sum of several.
macro_rules! books {
    ($($(#[$doc:meta])* $name:ident)*) => {
        /// One round's.
        #[derive(Default)]
        pub(super) struct Books { $($(#[$doc])* pub(super) $name: Count,)* }

        /// Read when nobody writes any more.
        #[derive(Default)]
        pub(super) struct Totals { $($name: u64,)* }

        impl Books {
            pub(super) fn totals(&self) -> Totals {
                Totals { $($name: self.$name.get(),)* }
            }
        }

        impl Totals {
            pub(super) fn add(&mut self, other: &Self) {
                $(self.$name += other.$name;)*
            }
        }

        impl fmt::Display for Totals {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("counts:")?;
                $(write!(f, concat!(" ", stringify!($name), "={}"), self.$name)?;)*
                Ok(())
            }
        }
    };
}

books! {
    /// Processes with a state that is counted.
    born
    dropped
    kills
    /// Monitors of those that live to hear of it, none taken back.
    monitors
    downs
    exits
    calls
    answers
    failures
    /// Timers; those whose process ended first neither rang nor were cancelled.
    armed
    rang
    cancelled
    /// Holdings: names, memberships, keys and tables.
    held
    /// Turns that computed or blocked for long.
    hogged
    blocked
    tasks
    functions
    /// Casts into a small mailbox that were accepted, and handled.
    poured
    drained
    /// Crashes and kills in the tree.
    felled
    /// Plain threads that came for one call, and runtimes that came for one round.
    visitors
    runtimes
}

impl Books {
    /// What must be equal at the ebb, pair by pair, and what must not have been left out.
    pub(super) fn check(&self) -> Result<(), String> {
        let ended = self.answers.get() + self.failures.get();
        for (what, begun, ended) in [
            ("born and dropped", self.born.get(), self.dropped.get()),
            ("monitors and DOWNs", self.monitors.get(), self.downs.get()),
            ("calls and their ends", self.calls.get(), ended),
            ("casts accepted and handled", self.poured.get(), self.drained.get()),
        ] {
            if begun != ended {
                return Err(format!("{what}: {begun} and {ended}"));
            }
        }
        if self.armed.get() < self.rang.get() + self.cancelled.get() {
            return Err("a timer rang twice, or was cancelled and rang".into());
        }
        Ok(())
    }

    /// Whether what must be equal is.
    pub(super) fn balance(&self) -> bool {
        self.check().is_ok()
    }
}
