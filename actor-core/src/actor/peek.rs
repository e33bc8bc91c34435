//! What a simulation's driver may do with processes of known types.

use super::Server;
use crate::{error::StartError, pid::Pid, runtime::env::Driver};

impl Driver {
    /// Looks at a process's state, if it is of that type and in no handler, hook or start function.
    /// Only while nothing of the simulation runs. The [type's example](Self) uses it.
    ///
    /// # If the process is gone
    /// `None`.
    pub fn with_state<P: Server, T>(&self, pid: Pid, look: impl FnOnce(&P) -> T) -> Option<T> {
        self.look(pid, look)
    }

    /// Starts a process that is one function: the body of a test.
    ///
    /// # Errors
    /// See [`StartError`].
    ///
    /// ```
    /// # use actor_core::{*, prelude::*, sim::*};
    /// # use std::{collections::VecDeque, sync::{Arc, Mutex}, time::Instant};
    /// # enum Step { Mail(Envelope), Run(Runnable) }
    /// # struct Fifo { start: Instant, steps: Mutex<VecDeque<Step>> }
    /// # impl Environment for Fifo {
    /// #     fn now(&self) -> Instant { self.start }
    /// #     fn stage(&self, it: Envelope) { self.steps.lock().unwrap().push_back(Step::Mail(it)) }
    /// #     fn ready(&self, it: Runnable) { self.steps.lock().unwrap().push_back(Step::Run(it)) }
    /// #     fn random(&self, _: Option<Pid>) -> u64 { 4 }
    /// #     fn shared(&self, _: &str, _: Access) {}
    /// #     fn observe(&self, _: &Event) {}
    /// # }
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[cast] fn add(&mut self, by: u64) { self.0 += by }
    /// # }
    /// # let fifo = Arc::new(Fifo { start: Instant::now(), steps: Mutex::default() });
    /// # let driver = Driver::new(fifo.clone());
    /// # let step = || fifo.steps.lock().unwrap().pop_front();
    /// let body = driver.spawn_body(async {})?;
    /// let Some(Step::Run(who)) = step() else { panic!("it has something to do") };
    /// assert_eq!(who.pid(), body);
    /// assert!(matches!(driver.run(who, 1), Turn::Done));
    /// assert!(driver.processes().is_empty());
    /// # drop(fifo.steps.lock().unwrap().drain(..).collect::<Vec<_>>());
    /// # driver.shutdown();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn_body(
        &self,
        body: impl Future<Output = ()> + Send + 'static,
    ) -> Result<Pid, StartError> {
        self.handle().spawn_body(body).map(|(pid, _)| pid)
    }
}
