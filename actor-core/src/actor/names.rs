//! A process's own name: taken and given up while it runs.
//!
//! Only the process itself, or who starts it, names it: its name is released in its own exit, and
//! what is to be released there is its own to know.

use std::sync::Arc;

use super::{Context, Server};
use crate::{
    error::RegisterError,
    process::{current, tell},
    registry::Holder,
    runtime::env::Access,
    trace::{Trace, TraceKind},
};

impl<P: Server> Context<P> {
    /// Registers this process under a name, which no other live process of the runtime may have.
    /// It is free again when the process ends, before anybody hears of that, or when it
    /// [gives it up](Self::unregister). [`StartOptions::name`](crate::StartOptions::name) does the
    /// same at the start.
    ///
    /// # Errors
    /// [`RegisterError::NameTaken`] with who has it; [`RegisterError::HasName`]: a process has one
    /// name at most, as in OTP; [`RegisterError::Exiting`] if it was killed.
    ///
    /// ```
    /// use actor_core::{RegisterError, prelude::*};
    /// #[derive(Process)]
    /// struct Clerk;
    /// #[handlers]
    /// impl Clerk {
    ///     #[call] fn sit(&mut self, cx: &mut Context<Self>, at: String) -> bool {
    ///         cx.unregister();
    ///         cx.register(at).is_ok()
    ///     }
    /// }
    /// # let rt = Runtime::new()?;
    /// let (ann, bob) = (rt.spawn(Clerk)?, rt.spawn(Clerk)?);
    /// assert!(ann.sit("till".into()).blocking()?);
    /// assert!(!bob.sit("till".into()).blocking()?, "it is taken");
    /// assert!(ann.sit("desk".into()).blocking()? && bob.sit("till".into()).blocking()?);
    /// assert_eq!(rt.registered(), ["desk", "till"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn register(&mut self, name: impl AsRef<str>) -> Result<(), RegisterError> {
        let (name, pid, core) = (name.as_ref(), self.pid(), self.here());
        // Who is killed in the midst of this has the name and gives it up, or never had it.
        let acting = current::act(self.running().raw());
        let Some(_acting) = acting else { return Err(RegisterError::Exiting) };
        if let Some(has) = self.name() {
            return Err(RegisterError::HasName(has));
        }
        core.shared(name, Access::Write);
        let shared: Arc<str> = name.into();
        let holder = Holder { pid, cell: self.running().raw().erase() };
        if let Err(owner) = core.registry.register(shared.clone(), holder) {
            return Err(RegisterError::NameTaken { name: name.to_owned(), pid: owner });
        }
        self.running().extras(|extras| extras.name = Some(shared.clone()));
        if current::is_traced() {
            tell(Trace::PROCS, || TraceKind::Register { name: shared.clone() });
        }
        Ok(())
    }

    /// Gives its name up, and says which that was; `None` if it had none.
    /// [`register`](Self::register) has the example.
    pub fn unregister(&mut self) -> Option<Arc<str>> {
        let (pid, core) = (self.pid(), self.here());
        // As for `register`: a name that is not known here any more would never be free.
        let _acting = current::act(self.running().raw())?;
        let name = self.running().extras_if_any(|extras| extras.name.take()).flatten()?;
        core.shared(&name, Access::Write);
        core.registry.unregister(&name, pid);
        if current::is_traced() {
            tell(Trace::PROCS, || TraceKind::Unregister { name: name.clone() });
        }
        Some(name)
    }
}
