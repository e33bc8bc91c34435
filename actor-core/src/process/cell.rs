//! What stands behind a header: the context and the state of one process, and the table by which
//! the turn reaches them without knowing their types.
//!
//! Layout: the header (64 bytes), the context (one word), the state, or a box of it if it is larger
//! than [`limits::INLINE_STATE`](crate::limits::INLINE_STATE). All of it stays where it is from
//! spawn to exit, so a handler's future may borrow state and context for as long as it is pending;
//! its lifetime is erased here, and the turn keeps the rule that nobody else touches either until
//! the future is gone.
#![allow(unsafe_code)]

use std::{
    any::TypeId,
    future::Future,
    mem::ManuallyDrop,
    pin::Pin,
    ptr::NonNull,
    task::{Context as TaskContext, Poll},
};

use super::{
    extras::{Activity, Install, Pending},
    function::FunctionBody,
    header::{CellRef, Header, RawCell, Running},
    node::Message,
    reply::ReplyPort,
};
use crate::{
    exit::ExitReason,
    limits,
    pid::Pid,
    pool::{Pooled, PooledFuture},
    signal::Down,
    slab::{MAX_CELL, STEP},
};

/// What a process does after a handler or hook.
///
/// ```
/// use actor_core::prelude::*;
/// #[derive(Process)]
/// struct Watchdog;
/// #[handlers]
/// impl Watchdog {
///     #[down] fn down(&mut self, down: Down) -> Next {
///         if down.reason.is_normal() { Next::Continue } else { Next::Stop(down.reason) }
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Waits for the next message.
    Continue,
    /// Ends with this reason, after its `terminate`.
    Stop(ExitReason),
}

/// A handler's outcome: done at once, or a future to be awaited before the next message. What
/// [`Handle::handle`](crate::Handle::handle) returns; [`Process`](crate::Process) has an example.
#[derive(Debug)]
pub enum Handled<F> {
    /// The handler was sync, or had nothing to wait for.
    Done(Next),
    /// The rest of the handler.
    Future(F),
}

/// A process's behaviour as the lower layers see it.
pub(crate) trait Body: Sized + Send + 'static {
    type Context: Send;
    const NAME: &'static str;
    const HAS_INIT: bool;
    const HAS_TERMINATE: bool;
    const TRAP_EXIT: bool;
    /// Whether it is a function process (`function`).
    const IS_FUNCTION: bool = false;

    /// Of a function process: the function, begun. Called once, inside the process.
    fn begin_function(&mut self) -> Option<FunctionBody> {
        None
    }
    fn context(running: Running) -> Self::Context;
    fn init(
        &mut self,
        cx: &mut Self::Context,
    ) -> impl Future<Output = Result<(), ExitReason>> + Send;
    fn exit(
        &mut self,
        cx: &mut Self::Context,
        from: Pid,
        reason: ExitReason,
    ) -> impl Future<Output = Next> + Send;
    fn down(&mut self, cx: &mut Self::Context, down: Down) -> impl Future<Output = Next> + Send;
    fn timeout(&mut self, cx: &mut Self::Context) -> impl Future<Output = Next> + Send {
        let _ = cx;
        async { Next::Continue }
    }
    fn hibernate(&mut self, cx: &mut Self::Context) {
        let _ = cx;
    }
    fn terminate(
        &mut self,
        cx: &mut Self::Context,
        reason: ExitReason,
    ) -> impl Future<Output = ()> + Send;
}

/// A body that receives messages `M`.
pub(crate) trait Receive<M: Message>: Body {
    fn receive(
        &mut self,
        message: M,
        reply: ReplyPort<M::Reply>,
        cx: &mut Self::Context,
    ) -> Handled<impl Future<Output = Next> + Send>;
}

/// What the start of a handler or hook came to.
// A word says which: see `Activity`.
#[repr(usize)]
pub(crate) enum Step {
    Continue,
    Stop(ExitReason),
    /// It has a future to be polled.
    Pending(Pending),
    /// It has a future that was polled, and waits.
    Waits(Pending),
}

/// The operations on a body of unknown type. Each function's promise: `RawCell` is the running cell
/// whose table this is, its state is there, and no handler of it is pending (a function process's
/// body may be: it borrows nothing of the cell).
pub(crate) struct CellTable {
    pub(crate) name: &'static str,
    pub(crate) type_id: fn() -> TypeId,
    pub(crate) has_init: bool,
    pub(crate) has_terminate: bool,
    pub(crate) trap_exit: bool,
    /// How many bytes of state lie outside of the cell.
    pub(super) boxed: usize,
    init: unsafe fn(RawCell) -> Pending,
    exit: unsafe fn(RawCell, Pid, ExitReason) -> Pending,
    down: unsafe fn(RawCell, Down) -> Pending,
    timeout: unsafe fn(RawCell) -> Pending,
    hibernate: unsafe fn(RawCell),
    terminate: unsafe fn(RawCell, ExitReason) -> Pending,
    drop_state: unsafe fn(RawCell),
    function: Option<unsafe fn(RawCell) -> Option<FunctionBody>>,
}

struct Layout<B>(std::marker::PhantomData<B>);

const fn align_up(offset: usize, align: usize) -> usize {
    (offset + align - 1) & !(align - 1)
}

impl<B: Body> Layout<B> {
    const INLINE: bool = size_of::<B>() <= limits::INLINE_STATE && align_of::<B>() <= STEP;
    const CONTEXT: usize = align_up(size_of::<Header>(), align_of::<B::Context>());
    const STATE: usize = align_up(
        Self::CONTEXT + size_of::<B::Context>(),
        if Self::INLINE { align_of::<B>() } else { align_of::<*mut B>() },
    );
    const SIZE: usize = {
        let size = Self::STATE + if Self::INLINE { size_of::<B>() } else { size_of::<*mut B>() };
        assert!(size <= MAX_CELL, "`INLINE_STATE` is too large for a cell");
        size
    };

    const TABLE: CellTable = CellTable {
        name: B::NAME,
        type_id: TypeId::of::<B>,
        has_init: B::HAS_INIT,
        has_terminate: B::HAS_TERMINATE,
        trap_exit: B::TRAP_EXIT,
        boxed: if Self::INLINE { 0 } else { size_of::<B>() },
        init: init::<B>,
        exit: exit::<B>,
        down: down::<B>,
        timeout: timeout::<B>,
        hibernate: hibernate::<B>,
        terminate: terminate::<B>,
        drop_state: drop_state::<B>,
        function: if B::IS_FUNCTION { Some(function::<B>) } else { None },
    };

    fn at<T>(header: NonNull<Header>, offset: usize) -> NonNull<T> {
        // SAFETY: `offset` lies inside the cell, whose size is `SIZE` (the spawner asked for it).
        unsafe { header.byte_add(offset) }.cast()
    }

    fn context(header: NonNull<Header>) -> NonNull<B::Context> {
        Self::at(header, Self::CONTEXT)
    }

    /// The state's address; it is there from `put` to `drop_state`.
    ///
    /// # Safety
    /// The cell is of this layout and its state is there.
    unsafe fn state(header: NonNull<Header>) -> NonNull<B> {
        if Self::INLINE {
            Self::at(header, Self::STATE)
        } else {
            // SAFETY: `put` wrote the box's pointer there, and the state is there still.
            unsafe { Self::at::<NonNull<B>>(header, Self::STATE).read() }
        }
    }

    /// # Safety
    /// The cell is of this layout and its state is not there.
    unsafe fn put(header: NonNull<Header>, body: B) {
        if Self::INLINE {
            // SAFETY: the caller's promise: free space of the right size and alignment.
            unsafe { Self::at(header, Self::STATE).write(body) };
        } else {
            let boxed = NonNull::from(Box::leak(Box::new(body)));
            // SAFETY: as above.
            unsafe { Self::at::<NonNull<B>>(header, Self::STATE).write(boxed) };
        }
    }
}

/// How many bytes a process with this body takes.
pub(crate) const fn size_of_cell<B: Body>() -> usize {
    Layout::<B>::SIZE
}

/// Makes a free cell a process with body `B`; its state follows by [`put`].
pub(crate) fn begin<B: Body>(memory: NonNull<u8>, pid: Pid, simulated: bool) -> CellRef {
    let cell = RawCell::from_header(memory.cast());
    // SAFETY: `memory` comes fresh from the slab with `size_of_cell::<B>()` bytes.
    let pin = unsafe { cell.begin(pid, &Layout::<B>::TABLE, simulated) };
    let context = B::context(Running::of(cell));
    // SAFETY: free space of the right size and alignment inside the cell.
    unsafe { Layout::<B>::context(cell.header()).write(context) };
    pin
}

/// Puts the state into a cell made by [`begin`] with the same body, which has none yet.
pub(crate) fn put<B: Body>(cell: RawCell, body: B) {
    // SAFETY: called once, by the spawner or by the install of the start function.
    unsafe { Layout::<B>::put(cell.header(), body) };
}

/// The same, for when the state is there later.
pub(crate) fn install<B: Body>(body: B) -> Install {
    Box::new(move |cell| put(cell, body))
}

/// State and context of a cell, for as long as the caller says.
///
/// # Safety
/// The cell has a body `B` whose state is there, and nobody else touches state or context for `'a`.
unsafe fn parts<'a, B: Body>(header: NonNull<Header>) -> (&'a mut B, &'a mut B::Context) {
    // SAFETY: the caller's promise.
    let state = unsafe { Layout::<B>::state(header).as_mut() };
    // SAFETY: `begin` wrote it; the caller's promise.
    let context = unsafe { Layout::<B>::context(header).as_mut() };
    (state, context)
}

/// Puts a handler's future into a block and forgets that it borrows from the cell.
fn erase<'a>(future: impl Future<Output = Next> + Send + 'a) -> Pending {
    // SAFETY: the future borrows only from the cell (state and context), which stay in place until
    // it is dropped: the turn drops the pending future before the state, on every path.
    unsafe { PooledFuture::new(future).forget_lifetime() }
}

/// Polls a handler's future once, before its type is forgotten: most are done by then.
fn poll_first<'a>(cell: RawCell, future: impl Future<Output = Next> + Send + 'a, step: &mut Step) {
    let running = Running::of(cell);
    let waker = running.borrowed_waker();
    let mut first = FirstPoll { future: ManuallyDrop::new(Pooled::with(|| future)), running };
    // SAFETY: the future stays in its block until it is dropped there.
    let pinned = unsafe { Pin::new_unchecked(&mut **first.future) };
    let polled = pinned.poll(&mut TaskContext::from_waker(&waker));
    // SAFETY: taken once: `first` is forgotten in the next line.
    let future = unsafe { ManuallyDrop::take(&mut first.future) };
    std::mem::forget(first);
    match polled {
        Poll::Ready(Next::Continue) => {}
        Poll::Ready(Next::Stop(reason)) => *step = Step::Stop(reason),
        Poll::Pending => {
            // SAFETY: as in `erase`.
            *step = Step::Waits(unsafe { PooledFuture::of(future).forget_lifetime() });
        }
    }
}

/// A future in its first poll. If that panics, the exit drops it: what its own drop does may panic
/// too, which must not happen while the first panic unwinds.
struct FirstPoll<F: Future<Output = Next> + Send> {
    future: ManuallyDrop<Pooled<F>>,
    running: Running,
}

impl<F: Future<Output = Next> + Send> Drop for FirstPoll<F> {
    fn drop(&mut self) {
        // SAFETY: taken once: `poll_first` forgets those that it took itself.
        let future = unsafe { ManuallyDrop::take(&mut self.future) };
        // SAFETY: as in `erase`.
        let pending = unsafe { PooledFuture::of(future).forget_lifetime() };
        self.running.extras(|extras| extras.activity = Activity::Handler(pending));
    }
}

/// # Safety
/// `header` is the running cell of a body `B`, its state is there, no handler is pending.
pub(super) unsafe fn receive<B: Receive<M>, M: Message>(
    header: NonNull<Header>,
    message: M,
    reply: ReplyPort<M::Reply>,
    step: &mut Step,
) {
    // SAFETY: the caller's promise.
    let (state, cx) = unsafe { parts::<B>(header) };
    match state.receive(message, reply, cx) {
        Handled::Done(Next::Continue) => {}
        Handled::Done(Next::Stop(reason)) => *step = Step::Stop(reason),
        Handled::Future(future) => poll_first(RawCell::from_header(header), future, step),
    }
}

/// # Safety
/// See [`CellTable`].
unsafe fn init<B: Body>(cell: RawCell) -> Pending {
    // SAFETY: the caller's promise.
    let (state, cx) = unsafe { parts::<B>(cell.header()) };
    erase(async move {
        match state.init(cx).await {
            Ok(()) => Next::Continue,
            Err(reason) => Next::Stop(reason),
        }
    })
}

/// # Safety
/// See [`CellTable`].
unsafe fn exit<B: Body>(cell: RawCell, from: Pid, reason: ExitReason) -> Pending {
    // SAFETY: the caller's promise.
    let (state, cx) = unsafe { parts::<B>(cell.header()) };
    erase(state.exit(cx, from, reason))
}

/// # Safety
/// See [`CellTable`].
unsafe fn down<B: Body>(cell: RawCell, down: Down) -> Pending {
    // SAFETY: the caller's promise.
    let (state, cx) = unsafe { parts::<B>(cell.header()) };
    erase(state.down(cx, down))
}

/// # Safety
/// See [`CellTable`].
unsafe fn timeout<B: Body>(cell: RawCell) -> Pending {
    // SAFETY: the caller's promise.
    let (state, cx) = unsafe { parts::<B>(cell.header()) };
    erase(state.timeout(cx))
}

/// # Safety
/// See [`CellTable`].
unsafe fn hibernate<B: Body>(cell: RawCell) {
    // SAFETY: the caller's promise.
    let (state, cx) = unsafe { parts::<B>(cell.header()) };
    state.hibernate(cx);
}

/// # Safety
/// See [`CellTable`].
unsafe fn terminate<B: Body>(cell: RawCell, reason: ExitReason) -> Pending {
    // SAFETY: the caller's promise.
    let (state, cx) = unsafe { parts::<B>(cell.header()) };
    erase(async move {
        state.terminate(cx, reason).await;
        Next::Continue
    })
}

/// # Safety
/// See [`CellTable`].
unsafe fn function<B: Body>(cell: RawCell) -> Option<FunctionBody> {
    // SAFETY: the caller's promise.
    let (state, _) = unsafe { parts::<B>(cell.header()) };
    state.begin_function()
}

/// # Safety
/// See [`CellTable`]; the state is gone afterwards.
unsafe fn drop_state<B: Body>(cell: RawCell) {
    // SAFETY: the caller's promise.
    let state = unsafe { Layout::<B>::state(cell.header()) };
    if Layout::<B>::INLINE {
        // SAFETY: the caller's promise; nobody uses it afterwards.
        unsafe { state.drop_in_place() };
    } else {
        // SAFETY: `put` leaked this box; nobody uses it afterwards.
        drop(unsafe { Box::from_raw(state.as_ptr()) });
    }
}

impl Running {
    /// Begins `init`. The state is there, nothing is pending.
    pub(super) fn begin_init(&self) -> Pending {
        // SAFETY: the turn calls it once, in phase Starting, when the state has been put.
        unsafe { (self.table().init)(self.raw()) }
    }

    /// Begins the `exit` hook, with nothing pending.
    pub(super) fn begin_exit(&self, from: Pid, reason: ExitReason) -> Step {
        // SAFETY: the turn calls it in phase Running with nothing pending.
        Step::Pending(unsafe { (self.table().exit)(self.raw(), from, reason) })
    }

    /// Begins the `down` hook, with nothing pending.
    pub(super) fn begin_down(&self, down: Down) -> Step {
        // SAFETY: as for `begin_exit`.
        Step::Pending(unsafe { (self.table().down)(self.raw(), down) })
    }

    /// Begins the `timeout` hook, with nothing pending.
    pub(super) fn begin_timeout(&self) -> Step {
        // SAFETY: as for `begin_exit`.
        Step::Pending(unsafe { (self.table().timeout)(self.raw()) })
    }

    /// Runs the `hibernate` hook, with nothing pending.
    pub(super) fn run_hibernate(&self) {
        // SAFETY: as for `begin_exit`.
        unsafe { (self.table().hibernate)(self.raw()) }
    }

    /// Begins `terminate`, with nothing pending.
    pub(super) fn begin_terminate(&self, reason: ExitReason) -> Pending {
        // SAFETY: the turn calls it when it has dropped what was pending; the state is there.
        unsafe { (self.table().terminate)(self.raw(), reason) }
    }

    /// Whether it is a function process.
    pub(super) fn is_function(&self) -> bool {
        self.table().function.is_some()
    }

    /// Begins the function of a function process.
    pub(super) fn begin_function(&self) -> Option<FunctionBody> {
        let begin = self.table().function?;
        // SAFETY: the turn calls it once, in phase Running, with nothing pending.
        unsafe { begin(self.raw()) }
    }

    /// Drops the state, once, with nothing pending.
    pub(crate) fn drop_state(&self) {
        // SAFETY: the exit calls it once, after the pending future is dropped, and only if the
        // state was put.
        unsafe { (self.table().drop_state)(self.raw()) }
    }

    /// Looks at the state, if it is of type `B` and nothing is pending.
    pub(crate) fn look<B: Body, T>(&self, f: impl FnOnce(&B) -> T) -> Option<T> {
        if (self.table().type_id)() != TypeId::of::<B>() || !self.is_quiet() {
            return None;
        }
        // SAFETY: the type was compared, the state is there in phase Running, nothing is pending,
        // and we hold the right to run the process.
        let state = unsafe { Layout::<B>::state(self.raw().header()).as_ref() };
        Some(f(state))
    }
    /// Changes the state, if it is of type `B` and nothing is pending. Inside the process's turn,
    /// and outside of its handlers and hooks.
    pub(crate) fn alter<B: Body, T>(&self, f: impl FnOnce(&mut B) -> T) -> Option<T> {
        if (self.table().type_id)() != TypeId::of::<B>() || !self.is_quiet() {
            return None;
        }
        // SAFETY: as for `look`; and what borrows the state is a handler or hook, of which none is
        // pending, or a system request, of which one is served at a time.
        let state = unsafe { Layout::<B>::state(self.raw().header()).as_mut() };
        Some(f(state))
    }
}
