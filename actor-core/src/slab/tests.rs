//! The slab, with an owner that counts its pins.

use super::*;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use crate::sync::{Fences, leave_crew};

/// No thread keeps anything for itself.
fn alone() -> Crew {
    Crew::new(0, Fences::Equal)
}

const COUNTED: fn(&AtomicUsize) -> *const () = |pins| std::ptr::from_ref(pins).cast();

unsafe fn pin(owner: *const ()) {
    // SAFETY: the owner is a counter that outlives the test's cells.
    unsafe { &*owner.cast::<AtomicUsize>() }.fetch_add(1, Ordering::SeqCst);
}

unsafe fn unpin(owner: *const ()) {
    // SAFETY: as above.
    unsafe { &*owner.cast::<AtomicUsize>() }.fetch_sub(1, Ordering::SeqCst);
}

fn slab(shards: usize, pins: &AtomicUsize) -> Slab {
    // SAFETY: any thread may count, and each test outlives its cells.
    unsafe { Slab::new(shards, &alone(), false, COUNTED(pins), pin, unpin) }
}

/// Writes a mark behind a cell's first 64 bytes; returns what was there.
fn mark(cell: NonNull<u8>, value: u64) -> u64 {
    // SAFETY: the tests' cells are larger than that.
    let place = unsafe { cell.add(64) }.cast::<u64>();
    // SAFETY: the cell is the test's.
    unsafe { place.replace(value) }
}

fn give_back(cells: impl IntoIterator<Item = NonNull<u8>>) {
    for cell in cells {
        // SAFETY: each test frees its own cells, once, and writes nothing to their first bytes.
        unsafe { free(cell) };
    }
}

fn cells(slab: &Slab, size: usize, count: usize) -> Vec<NonNull<u8>> {
    (0..count).map(|_| slab.alloc(0, size).expect("memory")).collect()
}

/// More cells than a chunk holds, and fewer than two hold.
fn chunk_and_more(size: usize) -> usize {
    chunk::CHUNK / size + 1
}

/// The chunks that cells lie in.
fn chunks_of(cells: &[NonNull<u8>]) -> BTreeSet<usize> {
    cells.iter().map(|cell| cell.addr().get() / chunk::CHUNK).collect()
}

#[test]
fn cells_are_aligned_disjoint_and_of_their_owner() {
    let pins = AtomicUsize::new(0);
    let slab = slab(2, &pins);
    let mut taken = Vec::new();
    for size in [0, 1, 63, 64, 65, 128, 500, 1000, MAX_CELL] {
        for shard in 0..3 {
            let cell = slab.alloc(shard, size).expect("memory");
            assert!(cell.addr().get().is_multiple_of(STEP));
            // SAFETY: the cell is in use.
            assert_eq!(unsafe { owner_of(cell) }, COUNTED(&pins));
            taken.push((cell, size));
        }
    }
    let mut ranges: Vec<_> = taken.iter().map(|&(cell, size)| (cell.addr().get(), size)).collect();
    ranges.sort_unstable();
    assert!(ranges.windows(2).all(|pair| pair[0].0 + pair[0].1.max(1) <= pair[1].0));
    give_back(taken.into_iter().map(|(cell, _)| cell));
}

#[test]
fn a_cell_too_large_is_refused() {
    let pins = AtomicUsize::new(0);
    assert_eq!(slab(1, &pins).alloc(0, MAX_CELL + 1), None);
}

#[test]
fn the_cell_freed_last_is_the_next_one() {
    let pins = AtomicUsize::new(0);
    let slab = slab(1, &pins);
    let mut taken = cells(&slab, 128, 100);
    give_back([taken[70], taken[20]]);
    assert_eq!(slab.alloc(0, 128), Some(taken[20]));
    assert_eq!(slab.alloc(0, 128), Some(taken[70]));
    taken.extend(cells(&slab, 128, 1));
    give_back(taken);
}

#[test]
fn every_class_fills_its_chunk_to_the_end_and_takes_all_back() {
    let pins = AtomicUsize::new(0);
    let slab = slab(1, &pins);
    let classes = if cfg!(miri) { 1 } else { CLASSES };
    for class in (0..CLASSES).rev().take(classes) {
        let size = size_of_class(class);
        let mut taken = cells(&slab, size, chunk_and_more(size));
        assert_eq!(chunks_of(&taken).len(), 2, "class of {size}");
        let last = taken.iter().map(|cell| cell.addr().get() % chunk::CHUNK).max();
        assert!(last.is_some_and(|last| chunk::CHUNK - size - last < size));
        taken.sort_unstable();
        taken.dedup();
        assert_eq!(taken.len(), chunk_and_more(size), "a cell was given twice");
        // Holes, filled again: the same cells, no new ones.
        let holes: Vec<_> = taken.iter().copied().step_by(7).collect();
        give_back(holes.iter().copied());
        let mut again = cells(&slab, size, holes.len());
        again.sort_unstable();
        assert_eq!(again, holes);
        give_back(taken);
    }
    assert_eq!(pins.load(Ordering::SeqCst), 0);
}

#[test]
fn an_occupied_chunk_pins_the_owner_and_an_empty_one_does_not() {
    let pins = AtomicUsize::new(0);
    let slab = slab(1, &pins);
    let one = cells(&slab, 64, 2);
    assert_eq!(pins.load(Ordering::SeqCst), 1);
    let other = cells(&slab, 128, 1);
    assert_eq!(pins.load(Ordering::SeqCst), 2);
    give_back(other);
    give_back(one[..1].iter().copied());
    assert_eq!(pins.load(Ordering::SeqCst), 1);
    give_back(one[1..].iter().copied());
    assert_eq!(pins.load(Ordering::SeqCst), 0);
}

#[test]
fn a_second_empty_chunk_gives_its_pages_back_and_keeps_its_addresses() {
    let pins = AtomicUsize::new(0);
    let slab = slab(1, &pins);
    let taken = cells(&slab, 1024, chunk_and_more(1024));
    taken.iter().for_each(|&cell| assert_eq!(mark(cell, 1), 0));
    // The second chunk, with a few cells, is the first to be empty.
    give_back(taken.iter().rev().copied());
    assert_eq!(slab.listed(), 2);
    let again = cells(&slab, 1024, taken.len());
    let dirty = again.iter().filter(|&&cell| mark(cell, 2) != 0).count();
    // Those few stayed warm; of the other chunk, what shares a page with the header.
    assert!(dirty < 10, "{dirty} of {} cells kept their pages", taken.len());
    assert_eq!(chunks_of(&again), chunks_of(&taken));
    give_back(again);
}

#[test]
fn after_retirement_a_chunk_goes_with_its_last_cell() {
    let pins = AtomicUsize::new(0);
    let slab = slab(1, &pins);
    let taken = cells(&slab, 256, 3);
    give_back(cells(&slab, 512, 3));
    assert_eq!(slab.listed(), 2);
    slab.retire();
    assert_eq!(slab.listed(), 1);
    assert_eq!(slab.alloc(0, 256), None);
    give_back(taken[..2].iter().copied());
    assert_eq!(slab.listed(), 1);
    give_back(taken[2..].iter().copied());
    assert_eq!(slab.listed(), 0);
    assert_eq!(pins.load(Ordering::SeqCst), 0);
}

#[test]
fn a_cell_outlives_its_slab() {
    let pins = AtomicUsize::new(0);
    let slab = slab(1, &pins);
    let shared = Arc::downgrade(&slab.shared);
    let cell = slab.alloc(0, 128).expect("memory");
    drop(slab);
    assert_eq!(mark(cell, 9), 0);
    // SAFETY: the cell is in use.
    assert_eq!(unsafe { owner_of(cell) }, COUNTED(&pins));
    give_back([cell]);
    assert_eq!(pins.load(Ordering::SeqCst), 0);
    assert!(shared.upgrade().is_none(), "the bins are leaked");
}

#[test]
fn the_owner_may_hold_the_slab_and_go_with_the_last_cell() {
    struct Owner(Slab, mpsc::Sender<&'static str>);
    impl Drop for Owner {
        fn drop(&mut self) {
            self.1.send("the owner is gone").expect("the test waits");
        }
    }
    unsafe fn retain(owner: *const ()) {
        // SAFETY: from an `Arc` that lives while cells are asked for.
        unsafe { std::sync::Arc::increment_strong_count(owner.cast::<Owner>()) };
    }
    unsafe fn release(owner: *const ()) {
        // SAFETY: the count that `retain` took.
        unsafe { std::sync::Arc::decrement_strong_count(owner.cast::<Owner>()) };
    }
    let (send, gone) = mpsc::channel();
    let owner = std::sync::Arc::new_cyclic(|weak: &std::sync::Weak<Owner>| {
        // SAFETY: counts may be changed from any thread.
        Owner(unsafe { Slab::new(1, &alone(), false, weak.as_ptr().cast(), retain, release) }, send)
    });
    let taken = cells(&owner.0, 64, 2);
    drop(owner);
    give_back(taken[..1].iter().copied());
    assert!(gone.try_recv().is_err());
    give_back(taken[1..].iter().copied());
    assert_eq!(gone.try_recv(), Ok("the owner is gone"));
}

#[test]
fn what_the_next_slab_gets_is_clean() {
    for round in 0..20 {
        let pins = AtomicUsize::new(0);
        let slab = slab(1, &pins);
        // Some are cleared by hand, some by the system; sizes differ from round to round.
        let size = 128 + round % 5 * 64;
        let taken = cells(&slab, size, 1 + round * 20);
        for &cell in &taken {
            // SAFETY: the cell is the test's.
            let words =
                unsafe { NonNull::slice_from_raw_parts(cell.cast::<u64>(), size / 8).as_mut() };
            assert!(words.iter().all(|&word| word == 0));
            words[8..].fill(u64::MAX);
        }
        give_back(taken);
    }
}

#[test]
fn a_chunk_is_wholly_zero_once_it_is_cleared() {
    for (count, forget) in [(3, false), (3, true), (500, false), (500, true)] {
        let layout = chunk::LAYOUTS[4];
        let (owner, shared) = (std::ptr::null(), std::ptr::null());
        let chunk = Chunk::make(Fixed { owner, shared, bin: 0, layout, huge: false });
        let chunk = chunk.expect("memory");
        let fill = |count| {
            // SAFETY: the chunk is the test's, and not full.
            let taken: Vec<_> = (0..count).map(|_| unsafe { chunk.take() }.0).collect();
            for cell in taken {
                mark(cell, u64::MAX);
                // SAFETY: a cell that was just taken.
                unsafe { chunk.put(cell) };
            }
        };
        fill(count);
        if forget {
            // SAFETY: wholly free, and the test's.
            unsafe { chunk.forget_cells() };
            fill(1);
        }
        let base = chunk.base();
        // SAFETY: wholly free, in no list, and the test's.
        unsafe { chunk.clear() };
        let words = NonNull::slice_from_raw_parts(base.cast::<u64>(), chunk::CHUNK / 8);
        // SAFETY: the chunk is the test's, mapped, and nobody else's.
        let dirty = unsafe { words.as_ref() }.iter().position(|&word| word != 0);
        assert_eq!(dirty, None, "{count} cells, forgotten: {forget}");
        // SAFETY: it came from `page_alloc`, or was lent by a slab that had it from there.
        unsafe { crate::sys::page_free(base, chunk::CHUNK, chunk::CHUNK) };
    }
}

#[test]
fn many_short_lived_slabs_are_cheap() {
    let pins = AtomicUsize::new(0);
    for _ in 0..if cfg!(miri) { 3 } else { 10_000 } {
        let slab = slab(2, &pins);
        let taken = [64, 128, 192].map(|size| slab.alloc(1, size).expect("memory"));
        give_back(taken);
    }
    assert_eq!(pins.load(Ordering::SeqCst), 0);
}

#[test]
fn cells_may_be_freed_by_any_thread_even_after_the_slab() {
    let pins = AtomicUsize::new(0);
    let slab = slab(2, &pins);
    let (send, receive) = mpsc::channel::<usize>();
    let count = if cfg!(miri) { 50 } else { 20_000 };
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for address in receive {
                let cell = std::ptr::with_exposed_provenance_mut(address);
                give_back(NonNull::new(cell));
            }
        });
        for number in 0..count {
            let cell = slab.alloc(number, 64 + number % 3 * 64).expect("memory");
            send.send(cell.expose_provenance().get()).expect("the other thread listens");
        }
        drop((send, slab));
    });
    assert_eq!(pins.load(Ordering::SeqCst), 0);
}

/// A slab that keeps cells at hand.
fn keeping(shards: usize, crew: &Crew, pins: &AtomicUsize) -> Slab {
    // SAFETY: any thread may count, and each test outlives its cells.
    unsafe { Slab::new(shards, crew, true, COUNTED(pins), pin, unpin) }
}

/// Calls it on a thread of the crew.
fn aboard(crew: &Crew, act: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        scope.spawn(|| {
            crew.join();
            act();
            leave_crew();
        });
    });
}

/// Cells for other threads.
struct Goods(Vec<NonNull<u8>>);

// SAFETY: addresses of cells that nobody else has.
unsafe impl Send for Goods {}

#[test]
fn a_cell_freed_by_another_thread_is_taken_there_next() {
    let (pins, crew) = (AtomicUsize::new(0), Crew::new(1, Fences::Equal));
    let slab = keeping(2, &crew, &pins);
    let goods = Goods(vec![slab.alloc(0, 80).expect("memory")]);
    aboard(&crew, || {
        let Goods(one) = { goods };
        give_back(one.clone());
        assert_eq!(slab.alloc(1, 80), Some(one[0]));
        give_back(one);
    });
    slab.let_go();
    assert_eq!(pins.load(Ordering::SeqCst), 0);
}

#[test]
fn what_is_kept_is_bounded_and_goes_when_the_thread_rests() {
    let (pins, crew) = (AtomicUsize::new(0), Crew::new(1, Fences::Equal));
    let slab = keeping(2, &crew, &pins);
    let taken: Vec<_> = (0..10_000).map(|_| slab.alloc(0, 80).expect("memory")).collect();
    let distinct: BTreeSet<_> = taken.iter().collect();
    assert_eq!(distinct.len(), taken.len(), "a cell was given twice");
    let goods = Goods(taken);
    aboard(&crew, || {
        let Goods(taken) = { goods };
        give_back(taken);
        slab.shared.at_hand.visit_all(|cells| {
            assert!(cells.len() < 2 * cells::BATCH, "{} are kept", cells.len());
        });
        assert_eq!(pins.load(Ordering::SeqCst), 1);
        slab.tidy();
    });
    slab.tidy();
    assert_eq!(pins.load(Ordering::SeqCst), 0);
}

#[test]
fn a_slab_that_lets_go_keeps_nothing_afterwards() {
    let (pins, crew) = (AtomicUsize::new(0), alone());
    let slab = keeping(1, &crew, &pins);
    let taken = cells(&slab, 80, 50);
    slab.let_go();
    give_back(taken);
    assert_eq!(pins.load(Ordering::SeqCst), 0);
    give_back(cells(&slab, 80, 1));
    assert_eq!(pins.load(Ordering::SeqCst), 0);
}
