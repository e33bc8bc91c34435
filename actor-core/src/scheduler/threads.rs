//! Which threads of a scheduler run, and when they are joined: all at the end, but for those that
//! left before, of which nothing must stay.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use crate::sync::{StaticCondvar as Condvar, StaticMutex as Mutex, os_thread};

/// See the module.
pub(super) struct Threads {
    /// What they are called, before a hyphen.
    prefix: String,
    monitor: OnceLock<os_thread::Thread>,
    roll: Arc<(Mutex<Roll>, Condvar)>,
}

/// By number, in the order of their start; the monitor has none and comes last.
type Number = (bool, usize);
const MONITOR: Number = (true, 0);

#[derive(Default)]
struct Roll {
    /// The names of those whose work is not done.
    names: BTreeMap<Number, String>,
    /// To join them when it is.
    handles: BTreeMap<Number, os_thread::JoinHandle<()>>,
}

/// A thread's name stays on the roll until this is dropped.
struct Running(Arc<(Mutex<Roll>, Condvar)>, Number);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.0.lock().names.remove(&self.1);
        self.0.1.notify_all();
    }
}

impl Threads {
    pub(super) fn new(prefix: String) -> Self {
        Self { prefix, monitor: OnceLock::new(), roll: Arc::default() }
    }

    /// Starts a thread. `number`: its own, unless it is the monitor.
    pub(super) fn start(
        &self,
        number: Option<usize>,
        name: &str,
        body: impl FnOnce() + Send + 'static,
    ) -> io::Result<()> {
        let name = format!("{}-{name}", self.prefix);
        let number = number.map_or(MONITOR, |number| (false, number));
        self.roll.0.lock().names.insert(number, name.clone());
        let running = Running(Arc::clone(&self.roll), number);
        let handle = os_thread::Builder::new().name(name).spawn(move || {
            // Dropped last, so that a joined thread holds nothing of the layers above.
            let _running = running;
            body();
        })?;
        self.roll.0.lock().handles.insert(number, handle);
        Ok(())
    }

    /// Thread: it ends before the others, and is joined by nobody.
    pub(super) fn leaves(&self, number: usize) {
        // It may not be there yet: then it goes when another gets the number, or at the end.
        drop(self.roll.0.lock().handles.remove(&(false, number)));
    }

    /// How many run, and how many are to be joined.
    #[cfg(test)]
    pub(super) fn running(&self) -> (usize, usize) {
        let roll = self.roll.0.lock();
        (roll.names.len(), roll.handles.len())
    }

    /// Monitor: says whom to wake, before it first sleeps.
    pub(super) fn register_monitor(&self) {
        // There is one, which registers once.
        let _ = self.monitor.set(os_thread::current());
    }

    /// Wakes the monitor's thread, if there is one.
    pub(super) fn unpark_monitor(&self) {
        if let Some(thread) = self.monitor.get() {
            thread.unpark();
        }
    }

    /// Waits until the work of all threads but one is done, then joins them.
    ///
    /// # Errors
    /// The names of those that still ran at `deadline`.
    pub(super) fn wait(&self, but: Option<usize>, deadline: Instant) -> Result<(), Vec<String>> {
        let but = but.map(|number| (false, number));
        let (roll, ended) = &*self.roll;
        let mut guard = roll.lock();
        loop {
            let others = guard.names.iter().filter(|(number, _)| Some(**number) != but);
            let running: Vec<_> = others.map(|(_, name)| name.clone()).collect();
            let left = deadline.saturating_duration_since(Instant::now());
            if running.is_empty() {
                let handles = std::mem::take(&mut guard.handles);
                drop(guard);
                join(handles, but);
                return Ok(());
            } else if left.is_zero() {
                return Err(running);
            }
            guard = ended.wait_timeout(guard, left).0;
        }
    }
}

/// Joins threads whose work is done: what is left of them is the system's.
fn join(handles: BTreeMap<Number, os_thread::JoinHandle<()>>, but: Option<Number>) {
    for (number, handle) in handles {
        if Some(number) != but {
            // A panic of a worker would have been its hooks': said where it happened.
            drop(handle.join());
        }
    }
}
