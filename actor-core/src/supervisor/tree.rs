//! The stable part of a supervisor: its children's seats.
//!
//! A *seat* is what a supervised ref points to: the child's slot, whose occupant changes with each
//! restart. Seats belong to a [`Tree`], and the tree belongs to the supervisor's *own* slot, not to
//! its process: when a nested supervisor is restarted, its next incarnation finds the same tree, so
//! refs to its children stay good across it.
//!
//! Who may do what:
//! 1. Seats are made by the running supervisor (from its spec, or as children are added) and, for
//!    refs that are asked for before it ran for the first time, on demand.
//! 2. Only the supervisor's process moves a seat between *running*, *gap* and *gone*. When that
//!    process ends (however it ends: its state's destructor does it) the tree is moved as a whole:
//!    to *gap* if a parent may restart it, else to *gone*.
//! 3. A parent that will not restart a child supervisor moves that seat to *gone*, and with it,
//!    recursively, every seat of the trees below. So does a parent that ends for good; a child
//!    supervisor that outlives it for a moment (it is stopping its children) ends with *gone* too.
//!
//! A seat knows the type of its process: a ref of another type is never made for it.

use std::{
    any::{Any, TypeId},
    collections::BTreeMap,
    fmt,
    sync::Arc,
};

use super::{child::ChildSpec, ids::Ids, spec::SupervisorSpec};
use crate::{
    actor::{ChildKind, Home, Process, Slot, Start},
    pid::Pid,
    sync::{AtomicBool, Mutex, MutexGuard, Ordering},
};

/// One child's place.
pub(crate) struct Seat {
    slot: Arc<Slot>,
    process: TypeId,
    supervisor: bool,
    /// It chose not to start. A hint for optional refs: Relaxed, since whoever must see it (a later
    /// sibling, the caller of a start) is ordered after it by the message that told it to go on.
    ignored: AtomicBool,
}

impl Seat {
    fn new(process: TypeId, kind: ChildKind, mailbox: usize, home: Home) -> Arc<Self> {
        let supervisor = matches!(kind, ChildKind::Supervisor);
        let slot = Slot::new(true, mailbox, home);
        Arc::new(Self { slot, process, supervisor, ignored: AtomicBool::new(false) })
    }

    fn of<S: Start>(home: Home) -> Arc<Self> {
        let mailbox = <S::Process as Process>::options().mailbox;
        Self::new(TypeId::of::<S::Process>(), S::KIND, mailbox, home)
    }

    fn for_child(child: &ChildSpec, home: Home) -> Arc<Self> {
        Self::new(child.process, child.kind(), child.mailbox, home)
    }

    /// A seat where nobody ever sat: the answer to an id that does not exist.
    fn nobody<S: Start>() -> Arc<Self> {
        let seat = Self::of::<S>(Home::default());
        seat.gone();
        seat
    }

    /// The slot behind the refs.
    pub(crate) fn slot(&self) -> &Arc<Slot> {
        &self.slot
    }

    /// The child's children, if it is a supervisor.
    pub(crate) fn tree(&self) -> Option<Arc<Tree>> {
        self.supervisor.then(|| Tree::of(&self.slot))
    }

    /// `pid` sits here now; what was kept in the gap goes to it.
    pub(crate) fn running(&self, pid: Pid) {
        self.ignored.store(false, Ordering::Relaxed);
        self.slot.running(pid);
    }

    /// Nobody now, somebody soon: calls wait, casts are kept.
    pub(crate) fn gap(&self) {
        if let Some(tree) = self.tree() {
            *tree.expected.lock() = true;
        }
        self.slot.gap();
    }

    /// Nobody any more: calls and casts end in noproc, for the trees below as well.
    pub(crate) fn gone(&self) {
        self.slot.gone();
        if let Some(tree) = self.tree() {
            tree.abandon();
        }
    }

    /// It chose not to start.
    pub(crate) fn ignored(&self) {
        self.ignored.store(true, Ordering::Relaxed);
        self.gone();
    }

    pub(crate) fn is_ignored(&self) -> bool {
        self.ignored.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seat({:?})", self.slot.pid())
    }
}

/// What becomes of all seats of a tree when its supervisor ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Vacancy {
    /// The parent may restart the supervisor, and it its children.
    Gap,
    /// Nobody will.
    Gone,
}

/// The seats of one supervisor.
pub(crate) struct Tree {
    /// Whether a parent may start this supervisor (again). Held while all seats are moved: a
    /// parent that gives up and a supervisor that ends at the same time leave them gone, whoever
    /// comes last.
    expected: Mutex<bool>,
    places: Mutex<Places>,
    /// The arguments of the running supervisor's spec.
    arguments: Mutex<Option<Arc<dyn Any + Send + Sync>>>,
    /// The runtime, if it is known: calls to a child that never ran need its clock.
    home: Home,
}

#[derive(Default)]
struct Places {
    /// Whether a supervisor has said which children there are: before that, unknown ids may come
    /// to exist.
    declared: bool,
    by_id: Ids<Place>,
    /// The last number given to each kind of dynamic child. Kept here, so that a number is not
    /// given twice as long as somebody may hold a ref to it.
    numbers: BTreeMap<Arc<str>, u64>,
}

/// The seats of one id: a single one, or numbered ones.
#[derive(Default)]
struct Place {
    one: Option<Arc<Seat>>,
    many: BTreeMap<usize, Arc<Seat>>,
    /// Added to the running supervisor: not part of its spec, forgotten when it ends.
    added: bool,
}

impl Place {
    fn seats(&self) -> impl Iterator<Item = &Arc<Seat>> {
        self.one.iter().chain(self.many.values())
    }

    fn take(&mut self, index: Option<usize>) -> Option<Arc<Seat>> {
        match index {
            None => self.one.take(),
            Some(index) => self.many.remove(&index),
        }
    }

    fn seat_mut(
        &mut self,
        index: Option<usize>,
        make: impl FnOnce() -> Arc<Seat>,
    ) -> &mut Arc<Seat> {
        match index {
            None => self.one.get_or_insert_with(make),
            Some(index) => self.many.entry(index).or_insert_with(make),
        }
    }
}

impl Tree {
    pub(crate) fn new() -> Self {
        Self::in_runtime(Home::here())
    }

    fn in_runtime(home: Home) -> Self {
        Self {
            expected: Mutex::new(false),
            places: Mutex::new(Places::default()),
            arguments: Mutex::new(None),
            home,
        }
    }

    /// The tree of the supervisor in this slot.
    pub(crate) fn of(slot: &Slot) -> Arc<Self> {
        slot.annex(|| Self::in_runtime(slot.home()))
    }

    /// The tree of an address without a seat: no child can be known through it.
    pub(crate) fn unseated() -> Self {
        let places = Places { declared: true, ..Places::default() };
        Self {
            expected: Mutex::new(false),
            places: Mutex::new(places),
            arguments: Mutex::new(None),
            home: Home::default(),
        }
    }

    /// A supervisor begins, with these arguments.
    pub(crate) fn set_arguments(&self, arguments: Option<Arc<dyn Any + Send + Sync>>) {
        let old = std::mem::replace(&mut *self.arguments.lock(), arguments);
        drop(old);
    }

    /// What it was given.
    pub(crate) fn arguments(&self) -> Option<Arc<dyn Any + Send + Sync>> {
        self.arguments.lock().clone()
    }

    /// What is to become of a seat whose child is stopped because the supervisor ends.
    pub(crate) fn vacancy(&self) -> Vacancy {
        if *self.expected.lock() { Vacancy::Gap } else { Vacancy::Gone }
    }

    /// Takes over a spec, at the start of an incarnation: all its seats are in their gap, in the
    /// order of the spec and of the numbers; seats that are not in it are gone.
    pub(crate) fn declare(&self, spec: &SupervisorSpec) {
        // Seats are moved after the lock is released: mail that a slot drops is the user's code.
        let (mut kept, mut left) = (Vec::new(), Vec::new());
        let mut places = self.lock_places();
        let mut before = std::mem::take(&mut places.by_id);
        places.declared = true;
        for child in spec.children.iter().filter(|child| !child.dynamic) {
            let mut old = before.remove(child.id()).unwrap_or_default();
            let mut place = Place::default();
            for index in child.indices() {
                let seat = self.fitting(old.take(index), child, &mut left);
                kept.push(Arc::clone(&seat));
                place.seat_mut(index, || seat);
            }
            left.extend(old.seats().cloned());
            places.by_id.insert(&child.shared_id(), place);
        }
        left.extend(before.values().flat_map(Place::seats).cloned());
        drop(places);
        kept.iter().for_each(|seat| seat.gap());
        left.iter().for_each(|seat| seat.gone());
    }

    /// The seat of a child that is about to start: the one that refs already point to, or a new
    /// one for a child that is added.
    pub(crate) fn seat_for(&self, child: &ChildSpec, index: Option<usize>) -> Arc<Seat> {
        let mut places = self.lock_places();
        let added = || Place { added: true, ..Place::default() };
        let place = places.by_id.get_or_insert_with(&child.shared_id(), added);
        let new = || Seat::for_child(child, self.home.clone());
        let seat = place.seat_mut(index, new);
        if seat.process == child.process {
            return Arc::clone(seat);
        }
        let fresh = new();
        let misfit = std::mem::replace(seat, Arc::clone(&fresh));
        drop(places);
        misfit.gone();
        fresh
    }

    /// An unused id for one more child of a dynamic kind.
    pub(crate) fn next_id(&self, kind: &str) -> Arc<str> {
        let mut places = self.lock_places();
        loop {
            let number = match places.numbers.get_mut(kind) {
                Some(number) => number,
                None => places.numbers.entry(kind.into()).or_default(),
            };
            *number += 1;
            let id = Arc::<str>::from(format!("{kind}#{number}"));
            if places.by_id.get(&id).is_none() {
                return id;
            }
        }
    }

    /// Forgets an added child; a child of the spec keeps its seat, for the next incarnation.
    pub(crate) fn forget(&self, id: &str) {
        // Dropped under no lock.
        let _forgotten = self.lock_places().by_id.remove_if(id, |place| place.added);
    }

    /// The supervisor's process has ended.
    pub(crate) fn close(&self) {
        let expected = self.expected.lock();
        self.vacate(if *expected { Vacancy::Gap } else { Vacancy::Gone });
    }

    /// Nobody will start the supervisor again.
    fn abandon(&self) {
        let mut expected = self.expected.lock();
        *expected = false;
        self.vacate(Vacancy::Gone);
    }

    /// Moves all seats, and forgets the added ones, which the next incarnation will not know.
    fn vacate(&self, vacancy: Vacancy) {
        let (mut kept, mut left) = (Vec::new(), Vec::new());
        self.lock_places().by_id.retain(|place| {
            let stays = vacancy == Vacancy::Gap && !place.added;
            if stays { &mut kept } else { &mut left }.extend(place.seats().cloned());
            !place.added
        });
        kept.iter().for_each(|seat| seat.gap());
        left.iter().for_each(|seat| seat.gone());
    }

    /// The seat that a ref of type `S` is to point to.
    ///
    /// # Panics
    /// If the child is of another type.
    pub(crate) fn find<S: Start>(&self, id: &str, index: Option<usize>) -> Option<Arc<Seat>> {
        let found = |seat: &Arc<Seat>| {
            assert!(
                seat.process == TypeId::of::<S::Process>(),
                "child {id:?} is of another type than {}",
                std::any::type_name::<S>(),
            );
            Arc::clone(seat)
        };
        {
            let places = self.lock_places();
            let place = places.by_id.get(id);
            let seat = place.and_then(|place| match index {
                None => place.one.as_ref(),
                Some(index) => place.many.get(&index),
            });
            if seat.is_some() || places.declared {
                return seat.map(found);
            }
        }
        let mut places = self.lock_places();
        // Declared in between: look again, and make nothing up.
        if places.declared {
            drop(places);
            return self.find::<S>(id, index);
        }
        let place = places.by_id.get_or_insert_with(&id.into(), Place::default);
        Some(found(place.seat_mut(index, || Seat::of::<S>(self.home.clone()))))
    }

    /// As [`find`](Self::find), but an id that does not exist gets a seat that is gone.
    pub(crate) fn find_or_nobody<S: Start>(&self, id: &str) -> Arc<Seat> {
        self.find::<S>(id, None).unwrap_or_else(Seat::nobody::<S>)
    }

    /// How many numbered seats an id has.
    pub(crate) fn count(&self, id: &str) -> usize {
        self.lock_places().by_id.get(id).map_or(0, |place| place.many.len())
    }

    /// `seat` if it fits the child, else a new one; the other is then left.
    fn fitting(
        &self,
        seat: Option<Arc<Seat>>,
        child: &ChildSpec,
        left: &mut Vec<Arc<Seat>>,
    ) -> Arc<Seat> {
        match seat {
            Some(seat) if seat.process == child.process => seat,
            other => {
                left.extend(other);
                Seat::for_child(child, self.home.clone())
            }
        }
    }

    // A panic while the lock is held leaves whole entries behind: every change is one insert,
    // remove or replace.
    fn lock_places(&self) -> MutexGuard<'_, Places> {
        self.places.lock()
    }
}
