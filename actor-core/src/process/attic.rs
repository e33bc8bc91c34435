//! The header's one word for what only some processes have: the way to the [`Extras`], or, for a
//! process that has nothing but one timer, that timer's place, or, for one that is dead, why.
//!
//! Most processes with a timer have one and nothing else, and extras are several times the size of
//! the process. So the word says by its lowest bits what it is: clear, a box of extras, or nothing
//! if it is null; the lowest set, a place in the bits above; the next one set, an exit reason, in a
//! box of its own or, if it is one of those that most processes are ended by, as a number: a
//! supervisor that stops a million children has a million of these, with nobody to read them.
//! Extras that are made later take the place over.
#![allow(unsafe_code, reason = "a box behind a word that may be something else")]

use std::ptr::{self, NonNull};

use super::{
    current,
    extras::{Extras, TimerPlace, TimerPlaces},
    header::Running,
};
use crate::{exit::ExitReason, pool::Pooled};

/// See the module. Owns what it points to; who forgets it leaks that.
pub(super) struct Attic(*mut Extras);

const PLACE: usize = 1;
const REASON: usize = 2;
/// Of a reason: one without a box.
const PLAIN: usize = 4;
const SHUTDOWN: usize = 8 | PLAIN | REASON;
const KILLED: usize = 16 | PLAIN | REASON;
const INDEX_BITS: u32 = u32::BITS;

const _: () = assert!(align_of::<Extras>() > REASON && usize::BITS == 64);
const _: () = assert!(align_of::<ExitReason>() > PLAIN);

impl Attic {
    /// With nothing in it; all bits are zero.
    pub(super) const fn new() -> Self {
        Self(ptr::null_mut())
    }

    fn of_place(place: TimerPlace) -> Option<Self> {
        let seat = (place.seat as usize) << (INDEX_BITS + 1);
        let fits = seat >> (INDEX_BITS + 1) == place.seat as usize;
        let word = seat | (place.index as usize) << 1 | PLACE;
        fits.then(|| Self(ptr::without_provenance_mut(word)))
    }

    fn place(&self) -> Option<TimerPlace> {
        let word = self.0.addr();
        let place =
            || TimerPlace { seat: (word >> (INDEX_BITS + 1)) as u32, index: (word >> 1) as u32 };
        (word & PLACE != 0).then(place)
    }

    /// Whether there is neither.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_null()
    }

    /// The extras, if there are any.
    pub(super) fn get(&self) -> Option<&Extras> {
        if self.0.is_null() || self.0.addr() & (PLACE | REASON) != 0 {
            return None;
        }
        // SAFETY: not null and not tagged: from `put`, ours, and borrowed as we are.
        Some(unsafe { &*self.0 })
    }

    /// The same, to be changed.
    pub(super) fn get_mut(&mut self) -> Option<&mut Extras> {
        if self.0.is_null() || self.0.addr() & (PLACE | REASON) != 0 {
            return None;
        }
        // SAFETY: as for `get`.
        Some(unsafe { &mut *self.0 })
    }

    /// The extras, made if need be.
    pub(super) fn get_or_make(&mut self) -> &mut Extras {
        if self.get().is_none() {
            let mut extras = Pooled::with(Extras::new);
            extras.timers.extend(self.place());
            self.put(extras);
        }
        // SAFETY: not null and not tagged: there were extras, or the lines above put them there.
        unsafe { &mut *self.0 }
    }

    /// Puts extras in the place of what is there, which is nothing or a place.
    pub(super) fn put(&mut self, extras: Pooled<Extras>) {
        debug_assert!(self.get().is_none(), "extras would be lost");
        self.0 = extras.into_raw().as_ptr();
    }

    /// Takes the extras out if nothing is in them; the place of one timer stays.
    fn take_blank(&mut self) -> Option<Pooled<Extras>> {
        let extras = self.get().filter(|extras| extras.is_blank())?;
        let word = match extras.timers.first() {
            Some(place) => Self::of_place(*place)?,
            None => Self::new(),
        };
        let extras = self.take();
        *self = word;
        extras
    }

    /// Takes everything out.
    pub(super) fn take(&mut self) -> Option<Pooled<Extras>> {
        let is_extras = self.get().is_some();
        let boxed = self.boxed_reason();
        let word = NonNull::new(std::mem::replace(&mut self.0, ptr::null_mut()))?;
        if let Some(boxed) = boxed {
            // SAFETY: from `leave_reason`, and nobody else's: the word is gone.
            drop(unsafe { Box::from_raw(boxed) });
        }
        // SAFETY: not null and not tagged: from `put`, and nobody else's.
        is_extras.then(|| unsafe { Pooled::from_raw(word) })
    }

    /// Leaves a dead process's reason where nothing is.
    fn leave_reason(&mut self, reason: ExitReason) {
        debug_assert!(self.is_empty(), "what is there would be lost");
        self.0 = match reason {
            ExitReason::Normal => ptr::null_mut(),
            ExitReason::Shutdown => ptr::without_provenance_mut(SHUTDOWN),
            ExitReason::Killed => ptr::without_provenance_mut(KILLED),
            other => {
                let boxed = Box::into_raw(Box::new(other)).cast::<Extras>();
                boxed.map_addr(|address| address | REASON)
            }
        };
    }

    fn boxed_reason(&self) -> Option<*mut ExitReason> {
        let is_boxed = self.0.addr() & (PLACE | REASON | PLAIN) == REASON;
        is_boxed.then(|| self.0.map_addr(|address| address & !REASON).cast())
    }

    /// Why the process has ended, unless it is `Normal`.
    pub(super) fn reason(&self) -> Option<ExitReason> {
        if let Some(boxed) = self.boxed_reason() {
            // SAFETY: from `leave_reason`, ours, and borrowed as we are.
            return Some(unsafe { &*boxed }.clone());
        }
        match self.0.addr() {
            SHUTDOWN => Some(ExitReason::Shutdown),
            KILLED => Some(ExitReason::Killed),
            _ => self.get()?.exit.clone(),
        }
    }

    /// Remembers where a timer of the process is; forgets those that `is_armed` denies, each time
    /// the list has doubled.
    pub(super) fn add_timer(&mut self, place: TimerPlace, is_armed: impl Fn(TimerPlace) -> bool) {
        if self.get().is_none() {
            let forgotten = self.place().is_none_or(|old| old == place || !is_armed(old));
            if forgotten && let Some(word) = Self::of_place(place) {
                *self = word;
                return;
            }
        }
        let timers = &mut self.get_or_make().timers;
        // Places are used again at once, so who arms and cancels in turn has one.
        if timers.last() == Some(&place) {
            return;
        }
        if timers.len() == timers.capacity() {
            timers.retain(|old| *old != place && is_armed(*old));
        }
        timers.push(place);
    }

    /// Where its timers are, or were; forgets them.
    pub(super) fn take_timers(&mut self) -> TimerPlaces {
        match (self.place(), self.get_mut()) {
            (Some(place), _) => {
                *self = Self::new();
                TimerPlaces::one(place)
            }
            (None, Some(extras)) => TimerPlaces::many(std::mem::take(&mut extras.timers)),
            (None, None) => TimerPlaces::default(),
        }
    }
}

impl Running {
    /// The extras, if nothing is in them: it goes without from now on.
    pub(super) fn take_blank(&self) -> Option<Pooled<Extras>> {
        let _acting = current::act(self.raw())?;
        // SAFETY: the header's rule 2; the reference ends here.
        unsafe { &mut *self.attic() }.take_blank()
    }

    /// Remembers where a timer is that is aimed at the process. `is_armed`: whether one is so
    /// still; it calls nothing of the process's own code. False: the process was taken from this
    /// thread, and nobody would disarm it.
    #[must_use]
    pub(crate) fn add_timer(
        &self,
        place: TimerPlace,
        is_armed: impl Fn(TimerPlace) -> bool,
    ) -> bool {
        let Some(_acting) = current::act(self.raw()) else { return false };
        // SAFETY: the header's rule 2; the reference ends here, `is_armed` does not come back.
        unsafe { &mut *self.attic() }.add_timer(place, is_armed);
        true
    }

    /// Where its timers are, or were; forgets them. For the exit.
    pub(crate) fn take_timers(&self) -> TimerPlaces {
        // SAFETY: the header's rule 2; the reference ends here.
        unsafe { &mut *self.attic() }.take_timers()
    }

    /// Takes everything out of the extras but what a dead process must still tell; the caller drops
    /// it outside of any borrow.
    pub(crate) fn strip(&self, reason: &ExitReason) -> Option<Pooled<Extras>> {
        // SAFETY: the header's rule 2; nothing is called while the reference lives.
        let slot = unsafe { &mut *self.attic() };
        let mut old = slot.take();
        // It is among the extras, as a rule: then it moves.
        let known = old.as_mut().and_then(|extras| extras.exit.take());
        slot.leave_reason(known.filter(|known| known == reason).unwrap_or_else(|| reason.clone()));
        old
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(seat: u32, index: u32) -> TimerPlace {
        TimerPlace { seat, index }
    }

    #[test]
    fn one_timer_needs_no_extras_and_moves_there_when_they_are_made() {
        let mut attic = Attic::new();
        attic.add_timer(place(1023, u32::MAX - 1), |_| true);
        assert!(attic.get().is_none() && attic.get_mut().is_none());
        attic.get_or_make().is_hollow = true;
        let timers = attic.take_timers();
        assert_eq!(timers.collect::<Vec<_>>(), [place(1023, u32::MAX - 1)]);
        assert!(attic.take().is_some_and(|extras| extras.is_hollow));
    }

    #[test]
    fn a_dead_process_keeps_its_reason_and_no_extras() {
        let other = ExitReason::other("bored");
        for reason in [ExitReason::Shutdown, ExitReason::Killed, ExitReason::NoProc, other] {
            let mut attic = Attic::new();
            attic.leave_reason(reason.clone());
            assert_eq!(attic.reason(), Some(reason));
            assert!(attic.get().is_none() && attic.get_mut().is_none() && !attic.is_empty());
            assert!(attic.place().is_none() && attic.take().is_none() && attic.is_empty());
        }
        let mut attic = Attic::new();
        attic.leave_reason(ExitReason::Normal);
        assert!(attic.is_empty() && attic.reason().is_none());
        attic.get_or_make().exit = Some(ExitReason::Kill);
        assert_eq!(attic.reason(), Some(ExitReason::Kill));
        drop(attic.take());
    }

    #[test]
    fn a_timer_that_is_armed_is_not_forgotten_for_another() {
        let mut attic = Attic::new();
        attic.add_timer(place(0, 0), |_| true);
        attic.add_timer(place(0, 0), |_| true);
        assert!(attic.get().is_none(), "a place is kept once");
        attic.add_timer(place(0, 7), |_| true);
        attic.add_timer(place(2, 7), |_| true);
        let timers: Vec<_> = attic.take_timers().collect();
        assert_eq!(timers, [place(0, 0), place(0, 7), place(2, 7)]);
        assert_eq!(attic.take_timers().count(), 0);
        drop(attic.take());
    }

    #[test]
    fn timers_that_fired_take_no_room() {
        let mut attic = Attic::new();
        for index in 0..1000 {
            attic.add_timer(place(0, index), |_| false);
        }
        assert!(attic.get().is_none(), "the last one is known by its place");
        for index in 0..1000 {
            attic.add_timer(place(0, index), |old| old.index == 0);
        }
        let timers: Vec<_> = attic.take_timers().collect();
        assert!(timers.contains(&place(0, 0)) && timers.len() < 20, "{}", timers.len());
        drop(attic.take());
    }
}
