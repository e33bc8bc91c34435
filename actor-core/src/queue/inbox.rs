//! The inbox word and the lists of nodes around it. The protocol is in `README.md`.
//!
//! The word, from its lowest bit:
//!
//! | bits | content |
//! |---|---|
//! | 0 | `IDLE`: nobody runs the process, whoever clears this bit must schedule it |
//! | 1 | `CLOSED`: the process is gone, nothing enters any more |
//! | 2 | `WOKEN`: run although there may be no mail |
//! | 3 | `SIM`: the process belongs to a simulation; constant for a life |
//! | 4–47 | the newest node (16-aligned, so its own low bits are the tags' place), or none |
//! | 48 | `AWAITED`: somebody waits until this mailbox has drained |
//! | 49–63 | how many counted nodes are queued, saturating |

#![allow(unsafe_code, reason = "intrusive nodes: the lists are pointers to memory of others")]

use std::ptr::{NonNull, with_exposed_provenance_mut};

use crate::sync::{AtomicU64, MODELLED, Ordering, UnsafeCell};
use crate::sys::ADDRESS_LIMIT;

const IDLE: u64 = 1 << 0;
const CLOSED: u64 = 1 << 1;
const WOKEN: u64 = 1 << 2;
const SIM: u64 = 1 << 3;
const AWAITED: u64 = 1 << 48;
const COUNT_SHIFT: u32 = 49;
/// The largest count that the word holds.
pub(crate) const MOST_COUNTED: u16 = u16::MAX >> 1;
const COUNTED: u64 = 1 << COUNT_SHIFT;
/// The bits of a node's address, also the only bits an address may have.
const HEAD: u64 = (ADDRESS_LIMIT as u64 - 1) & !0xF;

const _: () = assert!(ADDRESS_LIMIT as u64 == AWAITED && AWAITED << 1 == COUNTED);
const _: () = assert!(MODELLED || size_of::<Inbox>() == 8);
const _: () = assert!(size_of::<Fifo>() == 16);
const _: () = assert!(MODELLED || size_of::<Link>() == 16);
const _: () = assert!(align_of::<Link>() == 16);

/// The first field of every node that can be queued.
///
/// It belongs to whoever holds the node: the sender until its push succeeds, the queue's owner from
/// then on. The alignment frees the four bits of an address that hold the tags.
#[derive(Debug)]
#[repr(C, align(16))]
pub(crate) struct Link {
    next: UnsafeCell<Option<NonNull<Self>>>,
}

impl Link {
    /// The link of a node that is in no queue.
    pub(crate) fn new() -> Self {
        Self { next: UnsafeCell::new(None) }
    }
}

/// # Safety
///
/// The caller holds the node (see [`Link`]).
unsafe fn next_of(node: NonNull<Link>) -> Option<NonNull<Link>> {
    // SAFETY: the node is alive, as its holder says.
    let link = unsafe { node.as_ref() };
    // SAFETY: the holder is the only one that touches the link.
    link.next.with(|next| unsafe { *next })
}

/// # Safety
///
/// The caller holds the node (see [`Link`]).
unsafe fn set_next(node: NonNull<Link>, to: Option<NonNull<Link>>) {
    // SAFETY: the node is alive, as its holder says.
    let link = unsafe { node.as_ref() };
    // SAFETY: the holder is the only one that touches the link.
    link.next.with_mut(|next| unsafe { *next = to });
}

fn head_of(word: u64) -> Option<NonNull<Link>> {
    // The address was exposed by the push that put it here.
    NonNull::new(with_exposed_provenance_mut((word & HEAD) as usize))
}

/// What a push that succeeded leaves to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a process that was idle must be scheduled by the pusher"]
pub(crate) enum Pushed {
    /// The process is scheduled or running already: it will find the node.
    Queued,
    /// The process was idle: the pusher, and nobody else, must schedule it.
    WasIdle,
    /// As `Queued`, and the node was to be counted but the word's count is at its largest: the
    /// pusher must count it elsewhere.
    Saturated,
}

/// Why a push changed nothing. The node is still the caller's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The process has closed its inbox for ever.
    Closed,
    /// There is no room for a counted node.
    Full,
}

/// What the owner found.
#[derive(Debug)]
pub(crate) struct Taken {
    /// The mail, oldest first.
    pub(crate) chain: Chain,
    /// How many of it were counted; the largest count stands for that many or more.
    pub(crate) counted: u16,
    /// Whether somebody asked for a turn since the last take.
    pub(crate) woken: bool,
    /// Whether somebody waits until this mailbox has drained.
    pub(crate) awaited: bool,
}

/// The word that senders push to and the owner takes from.
///
/// *The owner* is whoever runs the process: between the moment it was scheduled and the moment it
/// went idle or closed there is exactly one, and the methods that say "owner" are its alone.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Inbox {
    word: AtomicU64,
}

impl Inbox {
    #[cfg(test)]
    /// An empty inbox, of a process that sleeps (`idle`) or that its maker will schedule.
    pub(crate) fn new(idle: bool, sim: bool) -> Self {
        Self { word: AtomicU64::new(fresh(idle, sim)) }
    }

    /// Adds a node, in one compare-and-swap. With `room`, the node is counted, and refused as
    /// [`Full`](Refused::Full) if that many are queued already (a `room` beyond the largest count
    /// refuses nothing: the caller counts on); without, it needs no room and is not counted.
    ///
    /// # Safety
    ///
    /// The node starts with a [`Link`], nobody else touches it, its address was given by an
    /// allocator with `ADDRESS_LIMIT` (others are refused as full), and it lives until the owner
    /// has taken it. After a refusal it is the caller's as before.
    pub(crate) unsafe fn push(
        &self,
        node: NonNull<Link>,
        room: Option<u32>,
    ) -> Result<Pushed, Refused> {
        let address = node.as_ptr().expose_provenance() as u64;
        if address & !HEAD != 0 {
            debug_assert!(false, "a node at {address:#x} does not fit the inbox word");
            return Err(Refused::Full);
        }
        // Acquire: who is refused as closed sees what the owner did before it closed.
        let mut word = self.word.load(Ordering::Acquire);
        loop {
            if word & CLOSED != 0 {
                return Err(Refused::Closed);
            }
            let mut above = word & !(HEAD | IDLE);
            let mut pushed = if word & IDLE != 0 { Pushed::WasIdle } else { Pushed::Queued };
            if let Some(room) = room {
                let count = count_of(word);
                if u32::from(count) >= room {
                    return Err(Refused::Full);
                }
                if count < MOST_COUNTED {
                    above += COUNTED;
                } else {
                    // So much mail is never found by an idle process.
                    pushed = Pushed::Saturated;
                }
            }
            // SAFETY: until the exchange below succeeds, the node is the caller's.
            unsafe { set_next(node, head_of(word)) };
            // Release: the owner that takes the node sees its content and its link. Acquire: who
            // finds the process idle sees what its last turn did, and hands that to the next.
            match self.word.compare_exchange_weak(
                word,
                above | address,
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return Ok(pushed),
                Err(now) => word = now,
            }
        }
    }

    /// Asks for a turn without sending anything. True: the process was idle, and the caller must
    /// schedule it. On a closed inbox it does nothing.
    #[must_use = "a process that was idle must be scheduled by the waker"]
    pub(crate) fn wake(&self) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            if word & CLOSED != 0 {
                return false;
            }
            // Exchanged even when WOKEN is set already: the Release half shows the owner what this
            // waker did before, which another waker's bit does not. Acquire as in `push`.
            match self.word.compare_exchange_weak(
                word,
                (word | WOKEN) & !IDLE,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return word & IDLE != 0,
                Err(now) => word = now,
            }
        }
    }

    /// Anyone: becomes the owner of an idle process without being scheduled to run it; false if it
    /// is not idle, or belongs to a simulation. The caller gives it back by
    /// [`try_idle`](Self::try_idle), at once, and must schedule it if that fails.
    #[must_use = "who visits has a process to give back"]
    pub(crate) fn visit(&self) -> bool {
        let word = self.word.load(Ordering::Relaxed);
        // Acquire as in `push`: what the last turn did is seen. Once: a failure means that mail has
        // come, or somebody waits, and then there is a turn to come or somebody to be told.
        word & (IDLE | SIM) == IDLE
            && self
                .word
                .compare_exchange(word, word & !IDLE, Ordering::Acquire, Ordering::Relaxed)
                .is_ok()
    }

    /// Owner: takes everything that is queued, in the order in which it was pushed, and the wish to
    /// be woken. Takes time in proportion to what is queued, and next to none when nothing is.
    pub(crate) fn take(&self) -> Taken {
        // Relaxed: what is missed here is found by the next take, or by `try_idle`.
        let word = self.word.load(Ordering::Relaxed);
        if !has_mail(word) {
            let awaited = word & AWAITED != 0;
            return Taken { chain: Chain::EMPTY, counted: 0, woken: false, awaited };
        }
        // Acquire: pairs with the Release of each push and wake whose effect is taken. All changes
        // in between are read-modify-writes, so each of them is seen and not the last alone.
        let word = self.word.fetch_and(IDLE | CLOSED | SIM | AWAITED, Ordering::Acquire);
        Self::taken(word)
    }

    /// What a word held that holds it no more.
    fn taken(word: u64) -> Taken {
        // SAFETY: the nodes were in the word, and the word holds them no more.
        let chain = unsafe { Chain::reversed(head_of(word)) };
        let (woken, awaited) = (word & WOKEN != 0, word & AWAITED != 0);
        Taken { chain, counted: count_of(word), woken, awaited }
    }

    /// Owner: goes idle, if there is no mail, nobody asked for a turn, and, if the mailbox has
    /// drained, nobody waits for that. After `true` the caller is the owner no more and must not
    /// touch the process; after `false` it must run on.
    #[must_use = "a process that could not go idle must run on"]
    pub(crate) fn try_idle(&self, drained: impl FnOnce() -> bool) -> bool {
        let word = self.word.load(Ordering::Relaxed);
        // Release: whoever ends this idle period, and so the next turn, sees what this turn did; so
        // does who begins to wait for this mailbox to drain. A failed exchange means that something
        // came in just now, or somebody began to wait.
        let tells = word & AWAITED != 0 && drained();
        !(has_mail(word) || tells)
            && self
                .word
                .compare_exchange(word, word | IDLE, Ordering::Release, Ordering::Relaxed)
                .is_ok()
    }

    /// Owner: closes the inbox for ever and returns what was still queued, and whether somebody
    /// waited for it to drain.
    pub(crate) fn close(&self) -> (Pile, bool) {
        // The simulation tag never changes while the process lives.
        let sim = self.word.load(Ordering::Relaxed) & SIM;
        // Acquire as in `take`; Release: who is refused sees what the owner did before.
        let word = self.word.swap(CLOSED | sim, Ordering::AcqRel);
        (Pile { last: head_of(word), rest: head_of(word), ordered: None }, word & AWAITED != 0)
    }

    /// Says that somebody waits until this mailbox has drained; false if it has closed. Afterwards
    /// the caller must look whether it has drained already (`process/HOLD.md`).
    #[must_use = "nobody drains a closed mailbox"]
    pub(crate) fn await_drain(&self) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            if word & CLOSED != 0 {
                return false;
            }
            // Acquire: if the process is idle, what its last turn left is seen. Release: the owner
            // that sees the tag sees what was written before.
            match self.word.compare_exchange_weak(
                word,
                word | AWAITED,
                Ordering::AcqRel,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
    }

    /// Whether somebody waits until this mailbox has drained.
    pub(crate) fn is_drain_awaited(&self) -> bool {
        self.word.load(Ordering::Relaxed) & AWAITED != 0
    }

    /// Changes nothing, in the order of all changes; false if it has closed. What the caller did
    /// before is then seen by the owner when it has closed.
    #[must_use = "what is closed sees nothing any more"]
    pub(crate) fn touch(&self) -> bool {
        // Release: the close, a later change of this word, acquires it.
        self.word.fetch_or(0, Ordering::AcqRel) & CLOSED == 0
    }

    /// Owner: those who waited are told, all of them.
    pub(crate) fn drain_told(&self) {
        // AcqRel: a link in the chain of exchanges, like all steps.
        self.word.fetch_and(!AWAITED, Ordering::AcqRel);
    }

    /// Makes the inbox that of a new process in the same cell. Only while nobody else can reach it.
    pub(crate) fn reset(&self, idle: bool, sim: bool) {
        debug_assert!(self.word.load(Ordering::Relaxed) & HEAD == 0, "mail of an earlier life");
        // Relaxed: the cell's publication, a Release, comes after.
        self.word.store(fresh(idle, sim), Ordering::Relaxed);
    }

    /// Whether the process is gone. Acquire: then what it did before it closed is seen.
    pub(crate) fn is_closed(&self) -> bool {
        self.word.load(Ordering::Acquire) & CLOSED != 0
    }

    /// Whether the process belongs to a simulation.
    pub(crate) fn is_sim(&self) -> bool {
        self.word.load(Ordering::Relaxed) & SIM != 0
    }

    /// Whether the process sleeps. True only for an instant, except to who holds back all pushes.
    pub(crate) fn is_idle(&self) -> bool {
        self.word.load(Ordering::Relaxed) & IDLE != 0
    }

    /// How many counted nodes wait to be taken; the largest count stands for that many or more.
    pub(crate) fn count(&self) -> u16 {
        count_of(self.word.load(Ordering::Relaxed))
    }

    #[cfg(test)]
    /// Whether a take would find anything.
    pub(crate) fn has_mail(&self) -> bool {
        has_mail(self.word.load(Ordering::Relaxed))
    }
}

fn fresh(idle: bool, sim: bool) -> u64 {
    (if idle { IDLE } else { 0 }) | (if sim { SIM } else { 0 })
}

fn count_of(word: u64) -> u16 {
    (word >> COUNT_SHIFT) as u16
}

fn has_mail(word: u64) -> bool {
    word & (HEAD | WOKEN) != 0
}

/// Nodes that left an inbox, oldest first. Whoever holds it must drain it: it owns the nodes, but
/// knows not how to free them.
#[derive(Debug)]
#[must_use = "the nodes are lost unless someone takes them"]
pub(crate) struct Chain {
    head: Option<NonNull<Link>>,
}

impl Chain {
    const EMPTY: Self = Self { head: None };

    /// Turns the list as the word held it, newest first, around.
    ///
    /// # Safety
    ///
    /// The caller holds every node of the list.
    unsafe fn reversed(newest: Option<NonNull<Link>>) -> Self {
        let mut chain = Self { head: None };
        let mut rest = newest;
        while let Some(node) = rest {
            // SAFETY: held, as the caller says.
            rest = unsafe { next_of(node) };
            // SAFETY: as above.
            unsafe { set_next(node, chain.head) };
            chain.head = Some(node);
        }
        chain
    }

    /// Whether no node is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_none()
    }
}

impl Iterator for Chain {
    type Item = NonNull<Link>;

    fn next(&mut self) -> Option<NonNull<Link>> {
        let node = self.head?;
        // SAFETY: the chain holds its nodes.
        self.head = unsafe { next_of(node) };
        Some(node)
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        debug_assert!(self.is_empty() || std::thread::panicking(), "nodes of a chain are lost");
    }
}

/// Nodes as an inbox held them, newest first, that are turned around bit by bit. Like a chain, it
/// owns its nodes and cannot free them.
#[derive(Debug)]
#[must_use = "the nodes are lost unless someone takes them"]
pub(crate) struct Pile {
    /// The newest of all, which will be the last.
    last: Option<NonNull<Link>>,
    /// What is left to be turned around, newest first.
    rest: Option<NonNull<Link>>,
    /// What was turned around, oldest first.
    ordered: Option<NonNull<Link>>,
}

// SAFETY: the nodes came through an inbox, which takes them from any thread to its owner's: what
// hangs on them may go to another, and the pile alone holds them.
unsafe impl Send for Pile {}

impl Pile {
    /// Whether no node is in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_none() && self.ordered.is_none()
    }

    /// Turns so many nodes around at most; answers whether it is done.
    pub(crate) fn order(&mut self, at_most: usize) -> bool {
        for _ in 0..at_most {
            let Some(node) = self.rest else { return true };
            // SAFETY: the pile holds its nodes.
            self.rest = unsafe { next_of(node) };
            // SAFETY: as above.
            unsafe { set_next(node, self.ordered) };
            self.ordered = Some(node);
        }
        self.rest.is_none()
    }
}

/// The owner's private queue. Like a chain, it owns its nodes and cannot free them: the owner
/// empties it before it lets it go. All zero bytes are an empty queue.
#[derive(Debug, Default)]
#[repr(C)]
pub(crate) struct Fifo {
    head: Option<NonNull<Link>>,
    /// Meaningful only while `head` is something.
    tail: Option<NonNull<Link>>,
}

impl Fifo {
    /// An empty queue.
    pub(crate) const fn new() -> Self {
        Self { head: None, tail: None }
    }

    /// Adds a node at the end.
    ///
    /// # Safety
    ///
    /// The caller holds the node, and gives it to the queue until it is popped.
    pub(crate) unsafe fn push_back(&mut self, node: NonNull<Link>) {
        // SAFETY: the node is the caller's.
        unsafe { set_next(node, None) };
        match (self.head, self.tail) {
            // SAFETY: the queue holds its last node.
            (Some(_), Some(tail)) => unsafe { set_next(tail, Some(node)) },
            _ => self.head = Some(node),
        }
        self.tail = Some(node);
    }

    /// Adds a node before all others.
    ///
    /// # Safety
    ///
    /// As for [`push_back`](Self::push_back).
    pub(crate) unsafe fn push_front(&mut self, node: NonNull<Link>) {
        // SAFETY: the node is the caller's.
        unsafe { set_next(node, self.head) };
        if self.head.is_none() {
            self.tail = Some(node);
        }
        self.head = Some(node);
    }

    /// Adds a pile, which is in order, at the end.
    pub(crate) fn append(&mut self, pile: &mut Pile) {
        debug_assert!(pile.rest.is_none(), "a pile that is not in order");
        let Some(first) = pile.ordered.take() else { return };
        match (self.head, self.tail) {
            // SAFETY: the queue holds its last node.
            (Some(_), Some(tail)) => unsafe { set_next(tail, Some(first)) },
            _ => self.head = Some(first),
        }
        self.tail = pile.last.take();
    }

    /// Adds all of another queue before all others.
    pub(crate) fn prepend(&mut self, front: &mut Self) {
        let (Some(first), Some(last)) = (front.head.take(), front.tail) else { return };
        match self.head {
            // SAFETY: the queue in front held its last node.
            Some(next) => unsafe { set_next(last, Some(next)) },
            None => self.tail = Some(last),
        }
        self.head = Some(first);
    }

    /// Whether no node is in it.
    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_none()
    }

    /// Shows every node, which stays the queue's.
    pub(crate) fn iter(&self) -> impl Iterator<Item = NonNull<Link>> {
        // SAFETY: the queue holds its nodes.
        std::iter::successors(self.head, |node| unsafe { next_of(*node) })
    }

    /// The node at the front, which stays the queue's.
    pub(crate) fn front(&self) -> Option<NonNull<Link>> {
        self.head
    }

    /// Removes the first node that is wanted, which is the caller's from now on. Looks at those
    /// before it, one by one.
    pub(crate) fn remove(
        &mut self,
        mut wanted: impl FnMut(NonNull<Link>) -> bool,
    ) -> Option<NonNull<Link>> {
        let (mut before, mut at) = (None, self.head);
        while let Some(node) = at {
            // SAFETY: the queue holds its nodes.
            let next = unsafe { next_of(node) };
            if !wanted(node) {
                (before, at) = (at, next);
                continue;
            }
            match before {
                // SAFETY: the queue holds its nodes.
                Some(before) => unsafe { set_next(before, next) },
                None => self.head = next,
            }
            if next.is_none() {
                self.tail = before;
            }
            return Some(node);
        }
        None
    }

    /// Removes the node at the front, which is the caller's from now on.
    pub(crate) fn pop_front(&mut self) -> Option<NonNull<Link>> {
        let node = self.head?;
        // SAFETY: the queue holds its nodes.
        self.head = unsafe { next_of(node) };
        Some(node)
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
