//! Starting many processes in one go: all of them, or none.

use super::{Context, Server, Start};
use crate::{
    error::{StartError, SystemLimit},
    pid::Pid,
    runtime::{self, Core, RuntimeHandle, route},
};

/// Starts many processes in the runtime of this thread, and returns their refs, in order, without
/// waiting for any `#[init]`. All are started or none: if one cannot be, those before it are
/// killed. That there is room for all is seen before the first, if the iterator tells how many it
/// has. The runtime is found once, and pids and memory are taken in lots.
///
/// # Errors
/// See [`StartError`], of the one that could not be started.
///
/// ```
/// # use actor_core::prelude::*;
/// # #[derive(Process)] struct Counter(u64);
/// # #[handlers] impl Counter {
/// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
/// # }
/// # let rt = Runtime::new()?;
/// let _entered = rt.enter();
/// let counters = actor_core::spawn_many((0..1_000).map(Counter))?;
/// assert_eq!(counters[40].add(2).blocking()?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn spawn_many<S: Start>(what: impl IntoIterator<Item = S>) -> Result<Vec<S::Ref>, StartError> {
    spawn_in(&*runtime::here().ok_or(StartError::NoRuntime)?, what)
}

impl RuntimeHandle {
    /// Starts many processes in this runtime: all, or none. The free function
    /// [`spawn_many`](crate::spawn_many) says more.
    ///
    /// # Errors
    /// See [`StartError`], of the one that could not be started.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// use actor_core::{StartError, SystemLimit};
    /// let rt = Runtime::builder().workers(1).processes(100).build()?;
    /// assert_eq!(rt.spawn_many((0..100).map(Counter))?.len(), 100);
    /// let refused = rt.spawn_many([Counter(0)]).unwrap_err();
    /// assert_eq!(refused, StartError::SystemLimit(SystemLimit::Processes(100)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn_many<S: Start>(
        &self,
        what: impl IntoIterator<Item = S>,
    ) -> Result<Vec<S::Ref>, StartError> {
        spawn_in(self.core(), what)
    }
}

impl<P: Server> Context<P> {
    /// Starts many processes in this process's runtime: all, or none. The free function
    /// [`spawn_many`](crate::spawn_many) says more.
    ///
    /// # Errors
    /// See [`StartError`], of the one that could not be started.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// #[derive(Process)]
    /// struct Farm;
    /// #[handlers]
    /// impl Farm {
    ///     #[call] fn grow(&mut self, cx: &mut Context<Self>, count: u64) -> usize {
    ///         cx.spawn_many((0..count).map(Counter)).map_or(0, |counters| counters.len())
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// assert_eq!(rt.spawn(Farm)?.grow(1_000).blocking()?, 1_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn_many<S: Start>(
        &mut self,
        what: impl IntoIterator<Item = S>,
    ) -> Result<Vec<S::Ref>, StartError> {
        spawn_in(&self.core(), what)
    }
}

fn spawn_in<S: Start>(
    core: &Core,
    what: impl IntoIterator<Item = S>,
) -> Result<Vec<S::Ref>, StartError> {
    let what = what.into_iter();
    let (least, _) = what.size_hint();
    if least > core.room() {
        return Err(SystemLimit::Processes(core.processes_max()).into());
    }
    let mut many = Many { core, pids: Vec::with_capacity(least) };
    let mut refs = Vec::with_capacity(least);
    for one in what {
        let (pid, found) = one.with().spawn_in(core)?;
        many.pids.push(pid);
        refs.push(found);
    }
    many.pids.clear();
    Ok(refs)
}

/// Those who were started, and end if not all can be: by an error, or by a panic of the iterator.
struct Many<'a> {
    core: &'a Core,
    pids: Vec<Pid>,
}

impl Drop for Many<'_> {
    fn drop(&mut self) {
        for pin in self.pids.drain(..).filter_map(|pid| self.core.pin(pid)) {
            route::kill(&pin);
        }
    }
}
