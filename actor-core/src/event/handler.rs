//! What a handler is, and how it comes and goes.

use std::any::Any;

use crate::{exit::ExitReason, limits, pid::Pid};

/// What a handler leaves behind for the one that takes its place, or for who removes it. The
/// example of [`swap_handler`](super::EventManagerRef::swap_handler) uses it.
pub type Left = Box<dyn Any + Send>;

/// A handler of events `E`: a state, and what it does with each event. It runs inside its
/// [`EventManager`](super::EventManager), which has an example.
///
/// A panic in any of these is the end of the handler and of nothing else; its
/// [`terminate`](Self::terminate) does not run then, since its state may be half changed.
pub trait EventHandler<E>: Send + 'static {
    /// It was added. `before` is what the handler left whose place it takes, if it does
    /// ([`swap_handler`](super::EventManagerRef::swap_handler)).
    ///
    /// # Errors
    /// Why it cannot be added.
    fn init(&mut self, before: Option<Left>) -> Result<(), ExitReason> {
        let _ = before;
        Ok(())
    }

    /// Something happened.
    fn event(&mut self, event: &E) -> After;

    /// It is removed; what it answers is for who does that, or takes its place.
    fn terminate(&mut self, why: &Removal) -> Left {
        let _ = why;
        Box::new(())
    }
}

/// A handler that answers requests `R`: [`EventManagerRef::call`](super::EventManagerRef::call).
/// [`EventManager`](super::EventManager) has an example.
pub trait EventCall<R> {
    /// What it answers.
    type Reply: Send + 'static;

    /// Answers.
    fn call(&mut self, request: R) -> Self::Reply;
}

/// What becomes of a handler after an event. [`EventManager`](super::EventManager) has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum After {
    /// It stays.
    Keep,
    /// It is removed (OTP's `remove_handler`).
    Remove,
}

/// Why a handler is removed: the argument of [`EventHandler::terminate`]. The example of
/// [`swap_handler`](super::EventManagerRef::swap_handler) has one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Removal {
    /// It asked for that itself.
    Itself,
    /// By [`delete_handler`](super::EventManagerRef::delete_handler).
    Deleted,
    /// Another one takes its place.
    Swapped,
    /// Who added it with [`add_sup_handler`](super::EventManagerRef::add_sup_handler) has ended.
    AdderEnded(ExitReason),
    /// The manager ends.
    ManagerEnds(ExitReason),
}

/// A supervised handler was removed, and why: OTP's `gen_event_EXIT`.
/// [`add_sup_handler`](super::EventManagerRef::add_sup_handler) has the example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandlerExit {
    /// The handler's id.
    pub id: String,
    /// `Normal` if it was deleted, swapped, or asked for it; the panic if it crashed; `Shutdown` if
    /// the manager ends.
    pub reason: ExitReason,
    /// What took its place, if it was swapped.
    pub swapped: Option<Successor>,
}

/// The handler that took a supervised one's place (OTP's `{swapped, Handler, Pid}`): part of
/// [`HandlerExit`]. [`swap_sup_handler`](super::EventManagerRef::swap_sup_handler) has the example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Successor {
    /// The new handler's id.
    pub id: String,
    /// The process that it belongs to: whoever called `swap_sup_handler`; after a
    /// [`swap_handler`](super::EventManagerRef::swap_handler) the one that hears of this.
    pub owner: Option<Pid>,
}

/// Why something could not be done with a handler.
///
/// ```
/// use actor_core::event::HandlerError;
/// assert_eq!(HandlerError::BadModule.to_string(), "bad_module: there is no such handler");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandlerError {
    /// No handler has this id, or it is of another type.
    #[error("bad_module: there is no such handler")]
    BadModule,
    /// A handler has this id already.
    #[error("already_added: there is a handler with this id")]
    AlreadyAdded,
    /// There are as many handlers as there may be.
    #[error("there are {} handlers already", limits::EVENT_HANDLERS)]
    TooMany,
    /// It failed, and is removed: its `init` with an error, or by a panic.
    #[error("the handler failed: {0}")]
    Failed(ExitReason),
}

/// A handler whose type is forgotten.
pub(super) trait Erased<E>: Send {
    fn init(&mut self, before: Option<Left>) -> Result<(), ExitReason>;
    fn event(&mut self, event: &E) -> After;
    fn terminate(&mut self, why: &Removal) -> Left;
    fn any(&mut self) -> &mut dyn Any;
}

impl<E, H: EventHandler<E>> Erased<E> for H {
    fn init(&mut self, before: Option<Left>) -> Result<(), ExitReason> {
        EventHandler::init(self, before)
    }

    fn event(&mut self, event: &E) -> After {
        EventHandler::event(self, event)
    }

    fn terminate(&mut self, why: &Removal) -> Left {
        EventHandler::terminate(self, why)
    }

    fn any(&mut self) -> &mut dyn Any {
        self
    }
}
