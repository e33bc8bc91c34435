//! What a process gives back when it hibernates.
//!
//! It is one allocation, which stays; its stack is the thread's, its mail and its futures lie in
//! blocks of its threads' pools, and go back there by themselves. What is left is what the extras
//! have grown to, and the extras themselves, if nothing is in them any more. The state is its own
//! matter: its hook shrinks it.

use super::{
    extras::{Activity, Extras, Rare},
    header::Running,
};

impl Rare {
    fn is_blank(&self) -> bool {
        let Self { label, handled, heir, last, ignores, traced, callers } = self;
        let is_one = label.is_some() || heir.is_some() || last.is_some();
        !is_one && callers.is_none() && *handled == 0 && !ignores && traced.is_blank()
    }
}

impl Extras {
    /// Forgets what is over, and gives back the room of what is not there.
    fn shrink(&mut self) {
        self.links.shrink();
        self.watches.shrink();
        self.owed.retain(|owed| owed.is_open());
        self.owed.shrink_to_fit();
        self.intervals.retain(|timer| timer.is_armed());
        self.intervals.shrink_to_fit();
        self.timers.shrink_to_fit();
        self.rare.take_if(|rare| rare.is_blank());
        self.hold.take_if(|hold| hold.is_blank());
    }

    /// Whether nothing is in them but the place of one timer.
    pub(super) fn is_blank(&self) -> bool {
        let is_new = !self.is_hollow && self.make.is_none() && self.starter.is_none();
        let is_nobodys = self.parent.is_none() && self.name.is_none() && self.slot.is_none();
        let ends = self.stop.is_some() || self.exit.is_some();
        let lists = self.watches.len() + self.owed.len() + self.intervals.len();
        let parts = self.hold.is_some() || self.rare.is_some() || self.urgent.is_some();
        matches!(self.activity, Activity::Idle)
            && is_new
            && is_nobodys
            && !ends
            && !parts
            && self.links.is_blank()
            && lists == 0
            && self.timers.len() <= 1
            && self.letters.is_none()
    }
}

impl Running {
    /// Gives back what it can. With nothing pending.
    pub(super) fn give_back(&self) {
        self.extras_if_any(Extras::shrink);
        drop(self.take_blank());
    }
}
