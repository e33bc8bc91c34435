//! Workers that are taken out of use and back, while the runtime runs.

use super::RuntimeHandle;

/// So many workers cannot be online: there is at least one, and there are as many as the runtime
/// was built with. [`RuntimeHandle::set_workers_online`] has the example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{asked} workers cannot be online: this runtime has {all}, and needs one")]
pub struct WorkersOnlineError {
    /// How many were asked for.
    pub asked: usize,
    /// How many the runtime has; 0 in a simulation, which has none.
    pub all: usize,
}

impl RuntimeHandle {
    /// How many of the workers are online: all, unless
    /// [`set_workers_online`](Self::set_workers_online), which has the example, says otherwise; 0
    /// in a simulation.
    pub fn workers_online(&self) -> usize {
        self.core().scheduler.get().map_or(0, |scheduler| scheduler.online())
    }

    /// Says how many of the workers run processes from now on, from one to all that the runtime was
    /// built with ([`Builder::workers`](crate::Builder::workers)); answers how many did. The others
    /// finish the turns they are in, hand their processes on, and sleep; their threads stay. So a
    /// program can give cores back for a while, or be built for more than it uses at first. It is
    /// BEAM's `system_flag(schedulers_online, N)`.
    ///
    /// # Errors
    /// There are not so many, or none was asked for; nothing is changed then.
    ///
    /// ```
    /// let rt = actor_core::Runtime::builder().workers(4).build()?;
    /// assert_eq!(rt.set_workers_online(1), Ok(4));
    /// assert_eq!((rt.workers_online(), rt.workers()), (1, 4));
    /// let refused = rt.set_workers_online(5).unwrap_err();
    /// assert_eq!(
    ///     refused.to_string(),
    ///     "5 workers cannot be online: this runtime has 4, and needs one"
    /// );
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_workers_online(&self, workers: usize) -> Result<usize, WorkersOnlineError> {
        let all = self.workers();
        let scheduler = self.core().scheduler.get().filter(|_| (1..=all).contains(&workers));
        let scheduler = scheduler.ok_or(WorkersOnlineError { asked: workers, all })?;
        Ok(scheduler.set_online(workers))
    }
}
