//! Starting and finding processes of a runtime that is at hand.

use super::{Address, Handle, ProcessRef, Server, Start};
use crate::{
    error::{StartError, WrongType},
    runtime::{Core, RuntimeHandle, env::Access},
};

impl RuntimeHandle {
    /// Starts a process or supervisor in this runtime, without waiting for its `#[init]`.
    ///
    /// # Errors
    /// See [`StartError`].
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.spawn(Counter(40))?;
    /// assert_eq!(counter.add(2).blocking()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn<S: Start>(&self, what: S) -> Result<S::Ref, StartError> {
        what.with().on(self).spawn()
    }

    /// Starts a process or supervisor in this runtime; ready when this returns.
    ///
    /// # Errors
    /// See [`StartError`]; nothing of it is left then.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// let counter = rt.block_on(rt.start(Counter(40)))?;
    /// assert_eq!(counter.add(2).blocking()?, 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub async fn start<S: Start>(&self, what: S) -> Result<S::Ref, StartError> {
        what.with().on(self).start().await
    }

    /// The process with this name, if there is one. The ref is plain: it names this incarnation.
    ///
    /// # Errors
    /// [`WrongType`](crate::WrongType) if it is another type of process.
    ///
    /// # If the process is gone
    /// `Ok(None)`: a name is free before anybody hears of the death.
    ///
    /// ```
    /// # use actor_core::prelude::*;
    /// # #[derive(Process)] struct Counter(u64);
    /// # #[handlers] impl Counter {
    /// #     #[call] fn add(&mut self, by: u64) -> u64 { self.0 += by; self.0 }
    /// # }
    /// # let rt = Runtime::new()?;
    /// Counter(40).with().name("till").on(&rt).spawn()?;
    /// let counter = rt.whereis::<Counter>("till")?.expect("it was registered");
    /// assert_eq!(counter.add(2).blocking()?, 42);
    /// assert!(rt.whereis::<Counter>("cellar")?.is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn whereis<P>(&self, name: &str) -> Result<Option<P::Ref>, WrongType>
    where
        P: Server + Handle<<P as Server>::Message>,
    {
        whereis_in::<P>(self.core(), name)
    }
}

/// The process with this name in a runtime that is at hand.
pub(crate) fn whereis_in<P>(core: &Core, name: &str) -> Result<Option<P::Ref>, WrongType>
where
    P: Server + Handle<<P as Server>::Message>,
{
    core.shared(name, Access::Read);
    let Some(pin) = core.pin_named(name) else {
        return Ok(None);
    };
    if (pin.table().type_id)() != std::any::TypeId::of::<P>() {
        return Err(WrongType { name: name.to_owned(), found: pin.table().name });
    }
    Ok(Some(P::Ref::from_address(Address::plain::<P>(pin))))
}
