//! Events and what becomes of them, as data; and how the values that handlers return become that.

use std::fmt;

use super::{
    Machine, StateMachine,
    to::{Go, Settle, Targets, To},
};
use crate::{
    exit::ExitReason,
    pid::Pid,
    process::{Message, Next, ReplyPort},
    signal::Down,
};

/// What happens to a state machine. The example of [`StateMachine`] uses it.
pub enum MachineEvent<M: StateMachine> {
    /// A call or a cast.
    Message(M::Message, ReplyPort<<M::Message as Message>::Reply>),
    /// It told itself.
    Internal(M::Event),
    /// A time-out.
    Timeout(M::Timeout),
    /// A linked process has ended, and this one traps exits.
    Exit(Pid, ExitReason),
    /// A monitored process has ended.
    Down(Down),
}

impl<M: StateMachine> MachineEvent<M> {
    /// The kind of it.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Message(..) => "message",
            Self::Internal(_) => "internal event",
            Self::Timeout(_) => "time-out",
            Self::Exit(..) => "exit",
            Self::Down(_) => "down",
        }
    }
}

impl<M: StateMachine> fmt::Debug for MachineEvent<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message(message, _) => f.write_str(message.name()),
            other => f.write_str(other.kind()),
        }
    }
}

/// A message that a state machine gets from outside. The example of [`StateMachine`] uses it.
#[diagnostic::on_unimplemented(message = "`{Self}` is no message of the state machine `{M}`")]
pub trait IntoEvent<M: StateMachine>: Message {
    /// The event: `Some(MachineEvent::Message(self, port))` for the machine's own messages.
    fn into_event(
        self,
        port: ReplyPort<Self::Reply>,
        machine: &mut Machine<M>,
    ) -> Option<MachineEvent<M>>;
}

/// What becomes of a machine after an event. The example of [`StateMachine`] uses it.
pub enum Outcome<M: StateMachine> {
    /// It stays in its state.
    Keep,
    /// It stays, and enters its state again.
    Repeat,
    /// It goes to a state.
    State(M::State),
    /// It stays, and handles the event again after the next change of state.
    Postpone(MachineEvent<M>),
    /// It goes to a state, and handles the event again there.
    PostponeTo(M::State, MachineEvent<M>),
    /// It ends.
    Stop(ExitReason),
}

impl<M: StateMachine> fmt::Debug for Outcome<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keep => f.write_str("Keep"),
            Self::Repeat => f.write_str("Repeat"),
            Self::State(state) => write!(f, "State({})", M::state_name(state)),
            Self::Postpone(event) => write!(f, "Postpone({event:?})"),
            Self::PostponeTo(state, event) => {
                write!(f, "PostponeTo({}, {event:?})", M::state_name(state))
            }
            Self::Stop(reason) => write!(f, "Stop({reason})"),
        }
    }
}

/// What [`StateMachine::step`] answers; its example uses it.
#[derive(Debug)]
pub enum Step<M: StateMachine> {
    /// The event was handled.
    Done(Outcome<M>),
    /// Its handler is async: [`StateMachine::step_later`] is to be called with it.
    Later(MachineEvent<M>),
}

/// What [`StateMachine::enter`] answers.
///
/// ```
/// use actor_core::{Next, machine::Entered};
/// assert!(matches!(Entered::CONTINUE, Entered::Done(Next::Continue)));
/// ```
#[derive(Debug)]
pub enum Entered {
    /// It was called.
    Done(Next),
    /// It is async: [`StateMachine::enter_later`] is to be called.
    Later,
}

impl Entered {
    /// There was nothing to do.
    pub const CONTINUE: Self = Self::Done(Next::Continue);
}

/// What a call's handler returned; `again` is the message, if it can postpone.
#[doc(hidden)]
pub fn call_outcome<M, S, R>(
    to: To<S, R>,
    port: ReplyPort<<M::Message as Message>::Reply>,
    wrap: fn(R) -> <M::Message as Message>::Reply,
    again: Option<M::Message>,
) -> Outcome<M>
where
    M: StateMachine,
    S: Targets<Value: Settle<M::State>>,
{
    match (to.reply, to.go) {
        (Some(reply), go) => {
            port.send(wrap(reply));
            outcome(go, None)
        }
        (None, Go::Stop(reason)) => {
            port.leave();
            Outcome::Stop(reason)
        }
        (None, go) => outcome(go, again.map(|message| MachineEvent::Message(message, port))),
    }
}

/// What any other event's handler returned; `again` is the event, if it can postpone.
#[doc(hidden)]
pub fn cast_outcome<M, S>(to: To<S>, again: Option<MachineEvent<M>>) -> Outcome<M>
where
    M: StateMachine,
    S: Targets<Value: Settle<M::State>>,
{
    outcome(to.go, again)
}

/// What the handler of a call returned that was given its `Reply`.
#[doc(hidden)]
pub fn deferred_outcome<M, S>(to: To<S>) -> Outcome<M>
where
    M: StateMachine,
    S: Targets<Value: Settle<M::State>>,
{
    outcome(to.go, None)
}

fn outcome<M: StateMachine, V: Settle<M::State>>(
    go: Go<V>,
    again: Option<MachineEvent<M>>,
) -> Outcome<M> {
    match (go, again) {
        (Go::Keep, _) | (Go::Postpone(None), None) => Outcome::Keep,
        (Go::Repeat, _) => Outcome::Repeat,
        (Go::State(state), _) | (Go::Postpone(Some(state)), None) => Outcome::State(state.settle()),
        (Go::Postpone(None), Some(event)) => Outcome::Postpone(event),
        (Go::Postpone(Some(state)), Some(event)) => Outcome::PostponeTo(state.settle(), event),
        (Go::Stop(reason), _) => Outcome::Stop(reason),
    }
}
