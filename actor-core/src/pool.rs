//! Small blocks that come and go at the rate of messages: the nodes of mail, the futures of
//! handlers, the slots of calls.
//!
//! An allocator serves these well on one thread. But a message is made on one core and used up on
//! another, and what a thread frees that it did not allocate costs a general allocator a lock or
//! worse. So each thread keeps a *magazine* a size class, a stack of blocks that it takes from and
//! gives to at the price of a few loads and stores; full ones move between threads by the batch,
//! through a *depot* that all share. A producer and a consumer on two cores thus meet once in
//! [`BATCH`] messages.
//!
//! What is kept is bounded: two batches a class and thread, [`DEPOT`] bytes a class for all. The
//! rest goes back to where every block came from, [chunks](chunk) of pages that are of the OS
//! process: so a block may be taken on one thread and given on any other, with or without a
//! runtime, and a thread that ends gives back what it has. A chunk goes back to the system when all
//! its blocks have come back, but for a few that are kept; blocks that are in use or in the depot
//! keep theirs. So after a burst of messages at worst as much stays as it took, for the next one of
//! messages of that size; and mostly little, since mail is used up in about the order in which it
//! came.
//!
//! A block that is larger than [`LARGEST`] or aligned beyond [`STEP`] is the global allocator's
//! alone, and so are all in a build for the model checker.

#![allow(unsafe_code, reason = "raw blocks; a box over them")]

use std::{
    alloc::{self, Layout, handle_alloc_error},
    cell::Cell,
    fmt,
    future::Future,
    mem::ManuallyDrop,
    ops::{Deref, DerefMut},
    pin::Pin,
    ptr::{self, NonNull},
    task::{Context, Poll},
};

use crossbeam_utils::CachePadded;

use self::chunk::{Chunks, Empty};
use crate::sync::{MODELLED, StaticMutex};

/// Sizes are rounded up to multiples of this, which is also every block's alignment.
const STEP: usize = 16;
/// The largest block that is kept.
const LARGEST: usize = CLASSES * STEP;
const CLASSES: usize = 32;
/// How many blocks move between a magazine and the depot at once.
const BATCH: u32 = 32;
/// How many bytes of one class the depot keeps at most.
const DEPOT: usize = 1 << 20;

/// A free block: the next one below it, and, in a batch's first block, the next batch.
struct Free {
    below: *mut Self,
    batch: *mut Self,
}

const _: () = assert!(size_of::<Free>() <= STEP && align_of::<Free>() <= STEP);

/// The free blocks of one class that a thread has.
struct Magazine {
    top: Cell<*mut Free>,
    len: Cell<u32>,
}

struct Magazines([Magazine; CLASSES]);

impl Magazine {
    #[allow(clippy::declare_interior_mutable_const, reason = "a pattern: each use is a new one")]
    const EMPTY: Self = Self { top: Cell::new(ptr::null_mut()), len: Cell::new(0) };
}

thread_local! {
    static MINE: Magazines = const { Magazines([Magazine::EMPTY; CLASSES]) };
}

/// The batches of one class that no thread has, and where new ones come from.
struct Depot {
    top: *mut Free,
    batches: usize,
    chunks: Chunks,
}

impl Depot {
    #[allow(clippy::declare_interior_mutable_const, reason = "a pattern: each use is a new one")]
    const EMPTY: Self = Self { top: ptr::null_mut(), batches: 0, chunks: Chunks::new() };
}

// SAFETY: the depot owns what it points to.
unsafe impl Send for Depot {}

static DEPOTS: [CachePadded<StaticMutex<Depot>>; CLASSES] =
    [const { CachePadded::new(StaticMutex::new(Depot::EMPTY)) }; CLASSES];

/// The class of a layout, if blocks of it are kept.
const fn class_of(layout: Layout) -> Option<usize> {
    let size = layout.size();
    if MODELLED || size == 0 || size > LARGEST || layout.align() > STEP {
        return None;
    }
    Some((size - 1) / STEP)
}

/// The layout of a whole block of a class.
const fn layout_of(class: usize) -> Layout {
    match Layout::from_size_align((class + 1) * STEP, STEP) {
        Ok(layout) => layout,
        Err(_) => panic!("a class has a size"),
    }
}

/// A block for a layout whose size is not zero. Out of memory ends as it does for `Box`.
#[inline]
fn take(layout: Layout) -> NonNull<u8> {
    let Some(class) = class_of(layout) else { return take_global(layout) };
    let kept = MINE.try_with(|mine| mine.0[class].pop(class)).ok().flatten();
    kept.unwrap_or_else(|| take_one(class))
}

/// Gives a block back.
///
/// # Safety
/// It came from [`take`] with the same layout, and nobody uses it any more.
#[inline]
unsafe fn give(block: NonNull<u8>, layout: Layout) {
    let Some(class) = class_of(layout) else {
        // SAFETY: the caller's promise; `take` used this layout.
        return unsafe { alloc::dealloc(block.as_ptr(), layout) };
    };
    if cfg!(debug_assertions) {
        // Who uses it all the same finds nonsense.
        // SAFETY: the block is ours, and as large as its class says.
        unsafe { block.write_bytes(0xA5, layout_of(class).size()) };
    }
    let free = block.cast::<Free>();
    if MINE.try_with(|mine| mine.0[class].push(class, free)).is_err() {
        // SAFETY: the block is ours.
        unsafe { free.write(Free { below: ptr::null_mut(), batch: ptr::null_mut() }) };
        give_back(free.as_ptr(), class);
    }
}

/// A block for a thread that keeps none: its locals are being destroyed; or else there is no
/// memory.
#[cold]
fn take_one(class: usize) -> NonNull<u8> {
    let (block, _) = take_new(class, 1);
    NonNull::new(block).map_or_else(|| handle_alloc_error(layout_of(class)), NonNull::cast)
}

#[cold]
fn take_global(layout: Layout) -> NonNull<u8> {
    // SAFETY: the size is not zero: zero-sized values never come here.
    let block = unsafe { alloc::alloc(layout) };
    NonNull::new(block).unwrap_or_else(|| handle_alloc_error(layout))
}

impl Magazine {
    #[inline]
    fn pop(&self, class: usize) -> Option<NonNull<u8>> {
        let top = match NonNull::new(self.top.get()) {
            Some(top) => top,
            None => self.refill(class)?,
        };
        // SAFETY: the magazine holds its blocks, and each free block begins with a `Free`.
        self.top.set(unsafe { top.as_ref() }.below);
        self.len.set(self.len.get() - 1);
        Some(top.cast())
    }

    #[inline]
    fn push(&self, class: usize, block: NonNull<Free>) {
        // SAFETY: the block is ours from here on, and large enough.
        unsafe { block.write(Free { below: self.top.get(), batch: ptr::null_mut() }) };
        self.top.set(block.as_ptr());
        self.len.set(self.len.get() + 1);
        if self.len.get() >= 2 * BATCH {
            self.spill(class);
        }
    }

    /// Fetches a batch from the depot; answers its first block.
    #[cold]
    fn refill(&self, class: usize) -> Option<NonNull<Free>> {
        let (batch, len) = take_batch(class);
        self.top.set(batch);
        self.len.set(len);
        NonNull::new(batch)
    }

    /// Brings the upper batch to the depot, or to the allocator if the depot is full.
    #[cold]
    fn spill(&self, class: usize) {
        let Some(mut batch) = NonNull::new(self.top.get()) else { return };
        let mut last = batch;
        for _ in 1..BATCH {
            // SAFETY: the magazine holds at least a batch of blocks.
            last = unsafe { NonNull::new_unchecked(last.as_ref().below) };
        }
        // SAFETY: as above; the block is the magazine's.
        let last = unsafe { last.as_mut() };
        self.top.set(std::mem::replace(&mut last.below, ptr::null_mut()));
        self.len.set(self.len.get() - BATCH);
        {
            let mut depot = DEPOTS[class].lock();
            if depot.batches * BATCH as usize * layout_of(class).size() < DEPOT {
                // SAFETY: the batch is ours until the depot has it.
                unsafe { batch.as_mut() }.batch = depot.top;
                depot.top = batch.as_ptr();
                depot.batches += 1;
                return;
            }
        }
        give_back(batch.as_ptr(), class);
    }
}

/// A stack of blocks, and how many are in it: from the depot, or new ones. None: out of memory.
fn take_batch(class: usize) -> (*mut Free, u32) {
    {
        let mut depot = DEPOTS[class].lock();
        if let Some(batch) = NonNull::new(depot.top) {
            // SAFETY: the depot holds its batches, and the lock is ours.
            depot.top = unsafe { batch.as_ref() }.batch;
            depot.batches -= 1;
            return (batch.as_ptr(), BATCH);
        }
    }
    take_new(class, BATCH)
}

/// Up to so many blocks from the chunks. None: out of memory.
fn take_new(class: usize, most: u32) -> (*mut Free, u32) {
    loop {
        let taken = DEPOTS[class].lock().chunks.take(class, most);
        if taken.1 > 0 {
            return taken;
        }
        // Mapping takes its time: the lock is free meanwhile.
        let Some(chunk) = Empty::make() else { return (ptr::null_mut(), 0) };
        DEPOTS[class].lock().chunks.add(chunk);
    }
}

/// Gives a stack of blocks, which the caller has, back to their chunks.
fn give_back(mut top: *mut Free, class: usize) {
    while !top.is_null() {
        let emptied = put_home(&mut top, class);
        // Unmapping takes its time: the lock is free meanwhile.
        emptied.into_iter().for_each(Empty::unmake);
    }
}

/// Gives blocks of a stack, which the caller has, to their chunks; stops at one whose last block it
/// was, which is the caller's then.
fn put_home(top: &mut *mut Free, class: usize) -> Option<Empty> {
    let mut depot = DEPOTS[class].lock();
    while let Some(block) = NonNull::new(*top) {
        // SAFETY: the caller has the stack.
        *top = unsafe { block.as_ref() }.below;
        // SAFETY: as above; all blocks that are kept came from chunks of their class.
        let emptied = unsafe { depot.chunks.put(class, block) };
        if emptied.is_some() {
            return emptied;
        }
    }
    None
}

impl Drop for Magazines {
    fn drop(&mut self) {
        for (class, magazine) in self.0.iter().enumerate() {
            give_back(magazine.top.replace(ptr::null_mut()), class);
        }
    }
}

/// A `Box` whose block comes from a magazine.
pub(crate) struct Pooled<T: ?Sized>(NonNull<T>);

// SAFETY: it owns its value, as `Box` does.
unsafe impl<T: ?Sized + Send> Send for Pooled<T> {}
// SAFETY: as above.
unsafe impl<T: ?Sized + Sync> Sync for Pooled<T> {}

impl<T> Pooled<T> {
    /// Puts a value into a block.
    #[inline]
    pub(crate) fn new(value: T) -> Self {
        Self::with(|| value)
    }

    /// Makes a value, if possible in its block: what is written in parts and then moved as a whole
    /// waits for the parts. If `make` panics, the block is lost.
    #[inline(always)]
    pub(crate) fn with(make: impl FnOnce() -> T) -> Self {
        let layout = const { Layout::new::<T>() };
        let block = if layout.size() == 0 { NonNull::dangling() } else { take(layout).cast::<T>() };
        // SAFETY: the block is ours, large enough and aligned.
        unsafe { block.write(make()) };
        Self(block)
    }

    /// Takes the value out; the block goes back at once.
    #[inline]
    pub(crate) fn into_inner(self) -> T {
        let block = ManuallyDrop::new(self).0;
        // SAFETY: it owned the value, which moves out here.
        let value = unsafe { block.read() };
        if size_of::<T>() > 0 {
            // SAFETY: `new` took it with this layout.
            unsafe { give(block.cast(), const { Layout::new::<T>() }) };
        }
        value
    }
}

impl<T: ?Sized> Pooled<T> {
    /// Lets go of it; the pointer owns the value.
    #[inline]
    pub(crate) fn into_raw(self) -> NonNull<T> {
        ManuallyDrop::new(self).0
    }

    /// Takes it back.
    ///
    /// # Safety
    /// The pointer came from [`into_raw`](Self::into_raw), with the same value's type behind it,
    /// and owns the value.
    #[inline]
    pub(crate) unsafe fn from_raw(raw: NonNull<T>) -> Self {
        Self(raw)
    }
}

impl<T: ?Sized> Drop for Pooled<T> {
    fn drop(&mut self) {
        /// Gives the block back though the value's drop panics.
        struct Give(NonNull<u8>, Layout);
        impl Drop for Give {
            fn drop(&mut self) {
                if self.1.size() > 0 {
                    // SAFETY: `new` took it with the layout of the value in it.
                    unsafe { give(self.0, self.1) };
                }
            }
        }
        // SAFETY: it owns the value, which is alive.
        let layout = Layout::for_value(unsafe { self.0.as_ref() });
        let _give = Give(self.0.cast(), layout);
        // SAFETY: as above; nobody uses the value afterwards.
        unsafe { self.0.drop_in_place() };
    }
}

impl<T: ?Sized> Deref for Pooled<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: it owns the value.
        unsafe { self.0.as_ref() }
    }
}

impl<T: ?Sized> DerefMut for Pooled<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: it owns the value.
        unsafe { self.0.as_mut() }
    }
}

/// A future of unknown type in a block, pinned there.
pub(crate) struct PooledFuture<'a, T>(Pooled<dyn Future<Output = T> + Send + 'a>);

impl<'a, T> PooledFuture<'a, T> {
    /// Puts a future into a block.
    #[inline]
    pub(crate) fn new(future: impl Future<Output = T> + Send + 'a) -> Self {
        Self::of(Pooled::new(future))
    }

    /// One that is in its block already, and may have been polled there.
    #[inline]
    pub(crate) fn of(future: Pooled<impl Future<Output = T> + Send + 'a>) -> Self {
        let raw: NonNull<dyn Future<Output = T> + Send + 'a> = future.into_raw();
        // SAFETY: let go of in the line before; the type is forgotten, the value is the same.
        Self(unsafe { Pooled::from_raw(raw) })
    }

    /// How many bytes the future has.
    pub(crate) fn size(&self) -> usize {
        size_of_val(&*self.0)
    }

    /// Forgets what the future borrows.
    ///
    /// # Safety
    /// What it borrows stays in place, untouched by others, until it is dropped.
    pub(crate) unsafe fn forget_lifetime(self) -> PooledFuture<'static, T>
    where
        T: 'static,
    {
        // SAFETY: the same type but for the lifetime, for which the caller vouches.
        unsafe { std::mem::transmute(self) }
    }
}

impl<T> Future for PooledFuture<'_, T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        // SAFETY: the future stays in its block until it is dropped there: nothing takes it out.
        unsafe { Pin::new_unchecked(&mut *self.0) }.poll(cx)
    }
}

impl<T> fmt::Debug for PooledFuture<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PooledFuture")
    }
}

mod chunk;
mod counted;
pub(crate) use counted::Counted;

#[cfg(all(test, not(loom)))]
mod tests;
