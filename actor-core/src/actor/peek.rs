//! What a simulation's driver may do with processes of known types.

use super::Server;
use crate::{error::StartError, pid::Pid, runtime::env::Driver};

impl Driver {
    /// Looks at a process's state, if it is of that type and in no handler, hook or start function.
    /// Only while nothing of the simulation runs.
    pub fn with_state<P: Server, T>(&self, pid: Pid, look: impl FnOnce(&P) -> T) -> Option<T> {
        self.look(pid, look)
    }

    /// Starts a process that is one function: the body of a test.
    ///
    /// # Errors
    /// See [`StartError`].
    pub fn spawn_body(
        &self,
        body: impl Future<Output = ()> + Send + 'static,
    ) -> Result<Pid, StartError> {
        self.handle().spawn_body(body).map(|(pid, _)| pid)
    }
}
