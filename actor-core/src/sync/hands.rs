//! What the threads of a crew keep at hand each, and all other threads together.
//!
//! A worker takes from what it has at hand with every process that it starts or ends; others look
//! there hardly ever (at a limit, or when all is to be given back). So the worker pays no exchange:
//!
//! - **The owner** says that it is inside, passes a light fence, and looks whether somebody asks.
//!   If so, it goes out again and does without.
//! - **A visitor** asks, by an exchange, so that there is one at a time; passes a heavy fence, and
//!   looks whether the owner is inside. If so, it takes back the asking and has not been there.
//!
//! One of the two sees the other, by the fences; so the two are never there together. What the one
//! did the other sees, because each leaves by a release that the other reads with acquire.

#![allow(unsafe_code, reason = "a cell that a thread's number, or a flag, says who may touch")]

use std::{cell::Cell, ptr, sync::Arc};

use crossbeam_utils::CachePadded;

use super::{
    AtomicBool, AtomicUsize, Fences, MODELLED, Ordering, StaticMutex, TryLock, UnsafeCell,
};

/// The threads that have places of their own: so many at a time, each with a number.
#[derive(Clone)]
pub(crate) struct Crew(Arc<Members>);

struct Members {
    size: usize,
    fences: Fences,
    free: StaticMutex<Vec<usize>>,
}

thread_local! {
    /// The crew that this thread is of, which is kept for it, and its number there.
    static HERE: Cell<(*const Members, usize)> = const { Cell::new((ptr::null(), 0)) };
}

impl Crew {
    pub(crate) fn new(size: usize, fences: Fences) -> Self {
        let free = StaticMutex::new((0..size).rev().collect());
        Self(Arc::new(Members { size, fences, free }))
    }

    /// How many there may be at a time.
    pub(crate) fn size(&self) -> usize {
        self.0.size
    }

    /// The calling thread is of this crew, until it [leaves](leave); unless all numbers are given,
    /// or it is of another crew.
    pub(crate) fn join(&self) {
        HERE.with(|here| {
            if here.get().0.is_null()
                && let Some(number) = self.0.free.lock().pop()
            {
                here.set((Arc::into_raw(Arc::clone(&self.0)), number));
            }
        });
    }

    /// The calling thread's number: no other thread of this crew has it.
    #[inline]
    fn here(&self) -> Option<usize> {
        // The threads of a model are one thread of the system.
        if MODELLED {
            return None;
        }
        let (crew, number) = HERE.with(Cell::get);
        ptr::eq(crew, Arc::as_ptr(&self.0)).then_some(number)
    }
}

/// The calling thread is of no crew any more, and another may have its number.
pub(crate) fn leave() {
    let (crew, number) = HERE.with(|here| here.replace((ptr::null(), 0)));
    if !crew.is_null() {
        // SAFETY: from `into_raw` in `join`, and taken back once.
        let crew = unsafe { Arc::from_raw(crew) };
        // The lock orders what was done by this number before what the next one does.
        crew.free.lock().push(number);
    }
}

/// A place for each of a crew, and one for all others.
pub(crate) struct Hands<T> {
    crew: Crew,
    own: Box<[CachePadded<Biased<T>>]>,
    rest: CachePadded<TryLock<T>>,
}

impl<T> Hands<T> {
    pub(crate) fn new(crew: &Crew, make: impl Fn() -> T) -> Self {
        let place = |_| CachePadded::new(Biased::new(make()));
        let rest = CachePadded::new(TryLock::new(make()));
        Self { crew: crew.clone(), own: (0..crew.size()).map(place).collect(), rest }
    }

    /// Uses the caller's place, unless somebody else does so now. `act` must not come back here.
    #[inline]
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut T) -> R) -> Option<R> {
        match self.crew.here().and_then(|number| self.own.get(number)) {
            // SAFETY: the number, and the place with it, is this thread's alone.
            Some(place) => unsafe { place.own(self.crew.0.fences, act) },
            None => self.rest.try_with(act),
        }
    }

    /// Uses each place in which nobody is now, one after the other, until `act` answers something.
    pub(crate) fn visit<R>(&self, mut act: impl FnMut(&mut T) -> Option<R>) -> Option<R> {
        let fences = self.crew.0.fences;
        let rest = self.rest.try_with(&mut act).flatten();
        rest.or_else(|| self.own.iter().find_map(|place| place.visit(fences, &mut act).flatten()))
    }

    /// Uses every place, and waits for who is there now: that is over in a moment, once it runs.
    pub(crate) fn visit_all(&self, mut act: impl FnMut(&mut T)) {
        while self.rest.try_with(&mut act).is_none() {
            super::thread::yield_now();
        }
        for place in &self.own {
            while place.visit(self.crew.0.fences, &mut act).is_none() {
                super::thread::yield_now();
            }
        }
    }
}

/// What is one thread's, and may be visited. The module's text has the protocol.
struct Biased<T> {
    inside: AtomicBool,
    asked: AtomicBool,
    value: UnsafeCell<T>,
}

// SAFETY: the protocol lets one thread at a time to the value, so it only moves between threads.
unsafe impl<T: Send> Sync for Biased<T> {}

/// Clears a flag, also when what was done in between panics. Release: who reads it so sees that.
struct Clear<'a>(&'a AtomicBool);

impl Drop for Clear<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl<T> Biased<T> {
    fn new(value: T) -> Self {
        let [inside, asked] = [(); 2].map(|()| AtomicBool::new(false));
        Self { inside, asked, value: UnsafeCell::new(value) }
    }

    /// # Safety
    /// The caller is the owner: no other thread calls this, or one does after it, in an order that
    /// both know.
    #[inline]
    unsafe fn own<R>(&self, fences: Fences, act: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.inside.store(true, Ordering::Relaxed);
        let _inside = Clear(&self.inside);
        fences.light();
        // Acquire: pairs with a visitor's `Clear`.
        if self.asked.load(Ordering::Acquire) {
            return None;
        }
        // SAFETY: who asks from here on sees us inside, as the module's text says.
        Some(self.value.with_mut(|value| act(unsafe { &mut *value })))
    }

    fn visit<R>(&self, fences: Fences, act: impl FnOnce(&mut T) -> R) -> Option<R> {
        // Acquire: pairs with `Clear` of the visitor before.
        self.asked.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).ok()?;
        let _asked = Clear(&self.asked);
        fences.heavy();
        // Acquire: pairs with the owner's `Clear`.
        if self.inside.load(Ordering::Acquire) {
            return None;
        }
        // SAFETY: the owner sees us from here on, and other visitors do, as the text says.
        Some(self.value.with_mut(|value| act(unsafe { &mut *value })))
    }
}

/// A count that many threads add to and hardly anybody reads: the sum of one for each of a crew,
/// and one for all others.
pub(crate) struct Counts {
    crew: Crew,
    own: Box<[CachePadded<AtomicUsize>]>,
    rest: CachePadded<AtomicUsize>,
}

impl Counts {
    pub(crate) fn new(crew: &Crew) -> Self {
        let zero = || CachePadded::new(AtomicUsize::new(0));
        let own = (0..crew.size()).map(|_| zero()).collect();
        Self { crew: crew.clone(), own, rest: zero() }
    }

    /// Adds one. Release: who reads the new count sees what came before it.
    #[inline]
    pub(crate) fn count(&self) {
        match self.crew.here().and_then(|number| self.own.get(number)) {
            // A store is enough: nobody else writes it.
            Some(count) => {
                count.store(count.load(Ordering::Relaxed).wrapping_add(1), Ordering::Release);
            }
            None => _ = self.rest.fetch_add(1, Ordering::Release),
        }
    }

    /// The sum. While others add, it is one that there was.
    pub(crate) fn sum(&self) -> usize {
        // Acquire: see `count`. What the caller reads next is as new as any of these.
        let own = self.own.iter().map(|count| count.load(Ordering::Acquire));
        own.fold(self.rest.load(Ordering::Acquire), usize::wrapping_add)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::thread;

    use super::*;

    /// Calls it on a thread of the crew.
    fn aboard(crew: &Crew, act: impl FnOnce() + Send) {
        thread::scope(|scope| {
            scope.spawn(|| {
                crew.join();
                act();
                leave();
            });
        });
    }

    #[test]
    fn each_has_a_place_of_its_own_and_a_visitor_finds_all() {
        let crew = Crew::new(2, Fences::Equal);
        let hands = Hands::new(&crew, || 0);
        let add = |much: u32| hands.with(|here| *here += much).expect("nobody else is there");
        aboard(&crew, || {
            add(1);
            aboard(&crew, || {
                add(2);
                aboard(&crew, || add(4));
            });
        });
        add(8);
        let mut seen = Vec::new();
        hands.visit_all(|here| seen.push(*here));
        assert_eq!(seen, [8 + 4, 1, 2], "the third of two is one of the others");
        assert_eq!(hands.visit(|here| (*here == 2).then_some("found")), Some("found"));
        assert_eq!(hands.visit(|_| None::<()>), None);
    }

    #[test]
    fn a_number_is_given_again_and_a_thread_is_of_one_crew() {
        let [one, other] = [(); 2].map(|()| Crew::new(1, Fences::Equal));
        for _ in 0..2 {
            aboard(&one, || {
                other.join();
                assert_eq!((one.here(), other.here()), (Some(0), None));
            });
        }
        assert_eq!((one.here(), Arc::strong_count(&one.0)), (None, 1));
    }

    #[test]
    fn a_count_is_the_sum_of_all() {
        let crew = Crew::new(1, Fences::Equal);
        let counts = Counts::new(&crew);
        aboard(&crew, || (0..5).for_each(|_| counts.count()));
        counts.count();
        assert_eq!(counts.sum(), 5 + 1);
    }
}

/// The model: one at a time, and each sees what the one before it did.
#[cfg(all(test, loom))]
mod model_tests {
    use super::*;
    use crate::sync::{Arc, explore_all, thread};

    fn count((one, two): &mut (u32, u32)) -> u32 {
        assert_eq!(one, two);
        *one += 1;
        *two += 1;
        1
    }

    #[test]
    fn an_owner_and_two_visitors_are_never_there_together() {
        explore_all(|| {
            let place = Arc::new(Biased::new((0, 0)));
            let visitors = [(); 2].map(|()| {
                let place = Arc::clone(&place);
                thread::spawn(move || place.visit(Fences::Unequal, count).unwrap_or(0))
            });
            let mut counted = 0;
            for _ in 0..2 {
                // SAFETY: this thread alone is the owner.
                counted += unsafe { place.own(Fences::Unequal, count) }.unwrap_or(0);
            }
            for visitor in visitors {
                counted += visitor.join().expect("no panic");
            }
            assert_eq!(place.visit(Fences::Unequal, |(one, _)| *one), Some(counted));
        });
    }

    /// More of them than can be tried wholly: what a worker has at hand of cells and keys, while
    /// others look for some.
    #[cfg(shuttle)]
    #[test]
    fn an_owner_and_many_visitors_lose_nothing() {
        explore_all(|| {
            let place = Arc::new(Biased::new((0..8).collect::<Vec<u32>>()));
            let take = |there: &mut Vec<u32>| there.pop();
            let visitors = [(); 4].map(|()| {
                let place = Arc::clone(&place);
                thread::spawn(move || {
                    let some = (0..3).filter_map(|_| place.visit(Fences::Unequal, take).flatten());
                    some.collect::<Vec<_>>()
                })
            });
            let mut all = Vec::new();
            for new in 8..16 {
                // SAFETY: this thread alone is the owner.
                let taken = unsafe { place.own(Fences::Unequal, take) };
                all.extend(taken.flatten());
                // SAFETY: as above.
                if unsafe { place.own(Fences::Unequal, |there| there.push(new)) }.is_none() {
                    all.push(new);
                }
            }
            for visitor in visitors {
                all.extend(visitor.join().expect("no panic"));
            }
            all.extend(place.visit(Fences::Unequal, std::mem::take).expect("nobody is there"));
            all.sort_unstable();
            assert_eq!(all, (0..16).collect::<Vec<_>>());
        });
    }
}
