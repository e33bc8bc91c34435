//! State machines: `gen_statem`, with states that are types.
//!
//! A machine is a process whose handlers depend on the state it is in. Each state is a type of the
//! user's, with the data that exists in that state alone; what all states share is the machine
//! itself, `self`. A handler that asks for `open: &mut Open` is called in the state `Open` and in
//! no other, and where it goes stands in its return type, `To<(Locked, Broken)>`: so the macro sees
//! the whole graph, and says at compile time which state cannot be reached and which event has no
//! handler in which state. The same graph is the diagram.
//!
//! What happens between two events, in this order, is `gen_statem`'s:
//!
//! 1. The event cancels the event time-out, if one runs, and its handler runs. Replies are sent at
//!    once: the call's own when the handler returns, any other when it is given.
//! 2. If the state has changed, or is to be entered again, its enter call runs. What it asks for is
//!    added to what the handler asked for. It cannot change the state.
//! 3. If the handler postponed its event, the event joins the postponed ones.
//! 4. If the state has changed, the state time-out is cancelled, and all postponed events are put
//!    in front of the queue, the oldest first.
//! 5. Inserted events are put in front of that.
//! 6. Time-outs are started, updated and cancelled; those of no time join the queue at its end.
//! 7. The next event is the first of the queue. Only when that is empty, the mailbox is looked at.
//!
//! A change of state is a change of its type: to go from `Open { by: 1 }` to `Open { by: 2 }`
//! changes data, and is none.
//!
//! The parts: `engine` is the queues and timers, pure; `machine` runs it as a process; `to` is what
//! handlers return, `context` what they are given, `outcome` what becomes of the one and the other;
//! `diagram` is the graph. The process behind `Door` is [`Machine<Door>`](Machine), of which
//! neither user nor supervisor hears: `Door` is what is started, and `DoorRef` what is held.

mod context;
mod diagram;
mod engine;
mod machine;
mod outcome;
mod to;

use std::future::Future;

pub use context::StateContext;
pub use diagram::{Arrow, Diagram};
pub use machine::Machine;
pub use outcome::{
    Entered, IntoEvent, MachineEvent, Outcome, Step, call_outcome, cast_outcome, deferred_outcome,
};
pub use to::{Choice, Here, Includes, MayPostpone, Postpone, Settle, State, Targets, There, To};

use super::{Process, ProcessRef};
use crate::{exit::ExitReason, limits};

/// The name of a time-out: one of each runs at a time.
///
/// ```
/// use actor_core::machine::TimerName;
/// assert_ne!(TimerName::State, TimerName::Named("grace"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimerName {
    /// The event time-out: any event cancels it.
    Event,
    /// The state time-out: a change of state cancels it.
    State,
    /// A generic time-out: it runs until it fires, is set anew or cancelled.
    Named(&'static str),
}

/// A state machine. [`derive(StateMachine)`](macro@crate::StateMachine) and
/// [`machine`](macro@crate::machine) write it; by hand:
///
/// ```
/// use actor_core::{machine::*, prelude::*, *};
///
/// struct Lamp;
/// enum LampState { Off, On { presses: u32 } }
/// struct Press;
///
/// impl Message for Press { type Reply = u32; }
/// impl IntoEvent<Lamp> for Press {
///     fn into_event(
///         self, port: ReplyPort<u32>, _: &mut Machine<Lamp>,
///     ) -> Option<MachineEvent<Lamp>> {
///         Some(MachineEvent::Message(self, port))
///     }
/// }
/// impl Process for Lamp {
///     type Ref = Address<Press>;
///     const NAME: &'static str = "Lamp";
/// }
/// impl machine::StateMachine for Lamp {
///     type State = LampState;
///     type Message = Press;
///     type Event = ();
///     type Timeout = ();
///     fn initial(&self) -> LampState { LampState::Off }
///     fn state_name(state: &LampState) -> &'static str {
///         match state { LampState::Off => "Off", LampState::On { .. } => "On" }
///     }
///     fn timer(_: &()) -> TimerName { TimerName::State }
///     fn step(
///         &mut self, state: &mut LampState, event: MachineEvent<Self>, _: &mut StateContext<Self>,
///     ) -> Step<Self> {
///         let MachineEvent::Message(Press, port) = event else {
///             return Step::Done(Outcome::Keep);
///         };
///         Step::Done(match state {
///             LampState::Off => { port.send(1); Outcome::State(LampState::On { presses: 1 }) }
///             LampState::On { presses } => { *presses += 1; port.send(*presses); Outcome::Keep }
///         })
///     }
/// }
/// impl Start for Lamp {
///     type Ref = Address<Press>;
///     type Process = Machine<Self>;
///     const KIND: ChildKind = ChildKind::Worker;
///     fn into_process(self) -> Machine<Self> { Machine::new(self) }
///     fn make_ref(address: Address<Press>) -> Address<Press> { address }
/// }
///
/// let rt = Runtime::new()?;
/// let lamp = rt.spawn(Lamp)?;
/// assert_eq!(lamp.call_message(Press).blocking(), Ok(1));
/// assert_eq!(lamp.call_message(Press).blocking(), Ok(2));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no states",
    label = "this state machine handles nothing yet",
    note = "add `#[machine(initial = ..)] impl {Self} {{ .. }}`"
)]
pub trait StateMachine:
    Process<Ref: ProcessRef<Message = <Self as StateMachine>::Message>>
{
    /// Its states: an enum of the state types.
    type State: Send + 'static;
    /// What its ref sends.
    type Message: IntoEvent<Self>;
    /// What it tells itself by [`StateContext::next_event`].
    type Event: Send + 'static;
    /// What its time-outs bring.
    type Timeout: Send + 'static;
    /// Whether [`init`](Self::init) or [`enter`](Self::enter) does anything: a machine with neither
    /// costs no turn before its first event.
    const HAS_INIT: bool = false;
    /// Whether [`terminate`](Self::terminate) does anything.
    const HAS_TERMINATE: bool = false;
    /// Whether it traps exits from the start.
    const TRAP_EXIT: bool = false;
    /// How many events are postponed at most.
    const POSTPONED: usize = limits::POSTPONED;

    /// The state it starts in.
    fn initial(&self) -> Self::State;

    /// A state's name. States of one name are the same state.
    fn state_name(state: &Self::State) -> &'static str;

    /// The timer of a time-out.
    fn timer(timeout: &Self::Timeout) -> TimerName;

    /// The graph, as far as it is declared.
    fn graph() -> Diagram {
        Diagram { name: Self::NAME, initial: "", states: &[], arrows: &[] }
    }

    /// The graph as text, one line a transition; see [`Diagram`].
    fn diagram() -> String {
        Self::graph().to_string()
    }

    /// The graph as a Mermaid `stateDiagram-v2`; see [`Diagram::mermaid`].
    fn mermaid() -> String {
        Self::graph().mermaid()
    }

    /// Runs before everything else, inside the process.
    ///
    /// # Errors
    /// Why it cannot start.
    fn init(
        &mut self,
        cx: &mut StateContext<Self>,
    ) -> impl Future<Output = Result<(), ExitReason>> + Send {
        let _ = cx;
        async { Ok(()) }
    }

    /// Handles one event, or hands it back to have it handled by
    /// [`step_later`](Self::step_later).
    fn step(
        &mut self,
        state: &mut Self::State,
        event: MachineEvent<Self>,
        cx: &mut StateContext<Self>,
    ) -> Step<Self>;

    /// Handles an event that [`step`](Self::step) handed back: the next event waits for it.
    fn step_later(
        &mut self,
        state: &mut Self::State,
        event: MachineEvent<Self>,
        cx: &mut StateContext<Self>,
    ) -> impl Future<Output = Outcome<Self>> + Send {
        let _ = (state, event, cx);
        async { Outcome::Keep }
    }

    /// The state was entered, from `old` unless it is the first one or entered again.
    fn enter(
        &mut self,
        state: &mut Self::State,
        old: Option<&Self::State>,
        cx: &mut StateContext<Self>,
    ) -> Entered {
        let _ = (state, old, cx);
        Entered::CONTINUE
    }

    /// The same, if [`enter`](Self::enter) left it to this.
    fn enter_later(
        &mut self,
        state: &mut Self::State,
        old: Option<&Self::State>,
        cx: &mut StateContext<Self>,
    ) -> impl Future<Output = crate::process::Next> + Send {
        let _ = (state, old, cx);
        async { crate::process::Next::Continue }
    }

    /// Runs when the process ends by itself or with its parent, as a server's does.
    fn terminate(
        &mut self,
        state: &mut Self::State,
        cx: &mut StateContext<Self>,
        reason: &ExitReason,
    ) -> impl Future<Output = ()> + Send {
        let _ = (state, cx, reason);
        async {}
    }
}
