//! What a start function sees of the process that it makes the state of.

use std::{fmt, marker::PhantomData, time::Duration};

use super::{Address, Handle, ProcessRef, Server, Sleep};
use crate::{
    pid::Pid,
    process::CellRef,
    runtime::{Core, RuntimeHandle},
};

/// What a start function sees: the process that it makes the state of.
///
/// ```
/// # use actor_core::prelude::*;
/// # #[derive(Process)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
/// # }
/// # let rt = Runtime::new()?;
/// # rt.run(async {
/// let counter = start_with(async |cx| {
///     println!("{} is on its way", cx.pid());
///     Ok::<_, std::io::Error>(Counter(0))
/// }).await?;
/// assert!(counter.is_alive());
/// # Ok::<(), actor_core::StartError>(()) }).unwrap()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct StartContext<P: Server> {
    cell: CellRef,
    process: PhantomData<fn(P)>,
}

impl<P: Server> StartContext<P> {
    pub(super) fn new(cell: CellRef) -> Self {
        Self { cell, process: PhantomData }
    }

    /// The process's own pid. The [type's example](Self) uses it.
    pub fn pid(&self) -> Pid {
        self.cell.pid()
    }

    /// The runtime it runs in.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let counter = start_with(async |cx| {
    ///     let crowd = cx.runtime().process_count() as u64;
    ///     Ok::<_, std::io::Error>(Counter(crowd))
    /// }).await?;
    /// assert!(counter.is_alive());
    /// # Ok::<(), actor_core::StartError>(()) }).unwrap()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn runtime(&self) -> RuntimeHandle {
        RuntimeHandle::new(Core::of(&self.cell))
    }

    /// Resolves after some time, never early.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let counter = start_with(async |cx| {
    ///     cx.sleep(std::time::Duration::from_millis(1)).await;
    ///     Ok::<_, std::io::Error>(Counter(0))
    /// }).await?;
    /// assert!(counter.is_alive());
    /// # Ok::<(), actor_core::StartError>(()) }).unwrap()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn sleep(&self, delay: Duration) -> Sleep {
        Sleep::new(Core::of(&self.cell), delay)
    }
}

impl<P: Handle<<P as Server>::Message>> StartContext<P> {
    /// A ref to the process; it handles nothing before its state is made, so a call on it from here
    /// would wait for itself.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let counter = start_with(async |cx| {
    ///     let me: CounterRef = cx.me();
    ///     me.send(CounterMessage::Add { by: 2 }).map(|()| Counter(40))
    /// }).await?;
    /// assert!(counter.is_alive());
    /// # Ok::<(), actor_core::StartError>(()) }).unwrap()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn me(&self) -> P::Ref {
        P::Ref::from_address(Address::plain::<P>(self.cell.clone()))
    }
}

impl<P: Server> fmt::Debug for StartContext<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StartContext<{}>({})", P::NAME, self.pid())
    }
}
