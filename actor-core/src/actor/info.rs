//! Foreign messages: those that somebody else's code makes, of types that are not the process's
//! own. OTP's `handle_info`, typed: an address for such a type exists only of a process that
//! handles it.

use super::{Address, Context, Handle, Server, ServerRef};
use crate::{error::SendError, process::Message};

/// A foreign message: a value of somebody else's type, for a process that has an `#[info]` for it.
///
/// ```
/// use actor_core::{Address, Info, prelude::*};
///
/// /// Of a library that knows nothing of processes.
/// #[derive(Debug, PartialEq)]
/// struct Reading(u32);
///
/// #[derive(Process)]
/// struct Meter { last: u32 }
///
/// #[handlers]
/// impl Meter {
///     #[info] fn read(&mut self, Reading(value): Reading) { self.last = value }
///     #[call] fn wire(&self, cx: &mut Context<Self>) -> Address<Info<Reading>> {
///         cx.info_address()
///     }
///     #[call] fn last(&self) -> u32 { self.last }
/// }
///
/// # let rt = Runtime::new()?;
/// let meter = rt.spawn(Meter { last: 0 })?;
/// let wire = meter.wire().blocking()?;
/// wire.info(Reading(7))?; // the same as `wire.send(Info(Reading(7)))`
/// assert_eq!(meter.last().blocking()?, 7);
/// meter.info_address().info(Reading(8))?;
/// assert_eq!(meter.last().blocking()?, 8);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Info<T>(pub T);

impl<T: Send + 'static> Message for Info<T> {
    type Reply = ();

    fn name(&self) -> &'static str {
        std::any::type_name::<T>()
    }
}

impl<T: Send + 'static> Address<Info<T>> {
    /// Sends a foreign message, and waits for nothing. The example of [`Info`] uses it.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    ///
    /// # If the process is gone
    /// As for [`send`](Self::send).
    pub fn info(&self, message: T) -> Result<(), SendError> {
        self.send(Info(message))
    }
}

impl<P: Server> Context<P> {
    /// Where foreign messages of type `T` can be sent to this process: for what knows nothing of
    /// its own messages. The example of [`Info`] uses it.
    pub fn info_address<T: Send + 'static>(&self) -> Address<Info<T>>
    where
        P: Handle<Info<T>>,
    {
        Address::plain::<P>(self.pin())
    }
}

/// The way to the `#[info]` handlers of a process whose type the ref knows.
pub(super) fn of_ref<R, T>(process: &R) -> Address<Info<T>>
where
    R: ServerRef,
    R::Process: Handle<R::Message> + Handle<Info<T>>,
    T: Send + 'static,
{
    let narrow = process.as_address().narrow::<R::Process, Info<T>>();
    narrow.unwrap_or_else(Address::nobody::<R::Process>)
}
