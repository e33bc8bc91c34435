//! Tasks under a supervisor, which their owners are not linked to.

use std::{fmt, future::Future, ops::Deref};

use super::{Run, Task, TaskProcess};
use crate::{
    actor::{Address, ChildKind, Start},
    error::StartError,
    exit::ExitReason,
    supervisor::{
        Restart, Shutdown, SupervisorMessage, SupervisorProcess, SupervisorRef, SupervisorSpec,
    },
    sync::Mutex,
};

/// A supervisor of tasks (Elixir's `Task.Supervisor`): each is a temporary child, which no crash
/// makes it start again. When it stops, so do they.
///
/// ```
/// use actor_core::{prelude::*, task::TaskSupervisor};
/// # let rt = Runtime::new()?;
/// # rt.run(async {
/// let tasks = TaskSupervisor::new().start().await?;
/// let doomed = tasks.async_nolink(async { if true { panic!("alone") } }).await?;
/// let answer = tasks.async_nolink(async { 42 }).await?;
/// assert!(doomed.await.unwrap_err().is_panic("alone"));
/// assert_eq!(answer.await, Ok(42));
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct TaskSupervisor(());

impl TaskSupervisor {
    /// One without tasks. The [type's example](Self) uses it.
    pub const fn new() -> Self {
        Self(())
    }
}

impl Start for TaskSupervisor {
    type Ref = TaskSupervisorRef;
    type Process = SupervisorProcess;
    const KIND: ChildKind = ChildKind::Supervisor;

    fn into_process(self) -> SupervisorProcess {
        SupervisorProcess::of(|| SupervisorSpec::new("TaskSupervisor"))
    }

    fn make_ref(address: Address<SupervisorMessage>) -> TaskSupervisorRef {
        TaskSupervisorRef(SupervisorRef::from_address(address))
    }
}

/// A running [`TaskSupervisor`], which has the example. It derefs to the ref of its supervisor.
#[derive(Clone)]
pub struct TaskSupervisorRef(SupervisorRef);

impl TaskSupervisorRef {
    /// Starts a task that is not linked to the running process: a crash of it is an `Err` of the
    /// [`Task`] and nothing else, and it outlives its owner. [`TaskSupervisor`] has the example.
    ///
    /// # Errors
    /// [`StartError::Supervisor`] if the supervisor is not there.
    pub async fn async_nolink<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<Task<T>, StartError> {
        let once = Mutex::new(Some(TaskProcess::new(work)));
        let make = move |_| {
            let work = once.lock().take();
            async move { work.map(Some).ok_or(ExitReason::error("a task is started only once")) }
        };
        let shutdown = Shutdown::of(ChildKind::Worker);
        let started = self.0.start_dynamic::<TaskProcess<T>, _, _>(
            "task",
            Restart::Temporary,
            shutdown,
            make,
        );
        let address: Address<Run<T>> = started.await?;
        Ok(Task::of(address))
    }

    /// Starts a task whose result nobody waits for. Its crash is reported, as every crash is.
    ///
    /// # Errors
    /// As for [`async_nolink`](Self::async_nolink).
    ///
    /// ```
    /// use actor_core::{prelude::*, task::TaskSupervisor};
    /// # let rt = Runtime::new()?;
    /// # rt.run(async {
    /// let tasks = TaskSupervisor::new().start().await?;
    /// tasks.start_task(async { println!("done, whoever asks") }).await?;
    /// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(()) }).unwrap().unwrap();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn start_task(
        &self,
        work: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), StartError> {
        drop(self.async_nolink(work).await?);
        Ok(())
    }
}

impl Deref for TaskSupervisorRef {
    type Target = SupervisorRef;

    fn deref(&self) -> &SupervisorRef {
        &self.0
    }
}

impl fmt::Debug for TaskSupervisorRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
