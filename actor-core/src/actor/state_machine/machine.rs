//! The process behind a state machine: events in, transitions made, until the queue is empty.
//!
//! What there is to do is a [`Todo`]; `advance` does one of them and says what follows. That is all
//! of the order between events (see the module above), and it is written once: `run` goes on as
//! long as nothing has to be awaited, which is all of it for most machines, and `run_later` is the
//! rest as one future. A machine that keeps itself busy by inserted events gives others their turn:
//! after so many of them at once it goes on in the future, which counts reductions.

use std::{fmt, future::Future, mem, time::Duration};

use super::{
    Entered, IntoEvent, MachineEvent, Outcome, StateContext, StateMachine, Step,
    engine::{Engine, Excess, Expiry, Taken},
};
use crate::{
    actor::{Context, Handle, Process, ProcessOptions, Server, Timer, reduce, timers},
    error::CallFailure,
    exit::ExitReason,
    limits,
    pid::Pid,
    process::{Accepts, Handled, Message, Next, ReplyPort, current},
    runtime::{self, Core},
    signal::Down,
};

/// The process that runs a state machine: what [`Start::Process`](crate::Start::Process) is for
/// one. The example of [`StateMachine`] uses it.
pub struct Machine<M: StateMachine> {
    data: M,
    state: M::State,
    engine: Engine<MachineEvent<M>, M::Timeout, Fuse>,
}

/// A timer that stops when it is let go.
struct Fuse(Timer);

impl Drop for Fuse {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// What a timer sends. It needs no room in the mailbox: a machine that missed it would wait for
/// ever. At most one of each name counts, and each event starts one at most.
struct Alarm {
    /// The process that started it: a mailbox may outlast one.
    of: Pid,
    expiry: Expiry,
}

impl Message for Alarm {
    type Reply = ();

    fn name(&self) -> &'static str {
        "timeout"
    }
}

/// What there is to do.
enum Todo<M: StateMachine> {
    /// An event is to be handled.
    Step(MachineEvent<M>),
    /// The new state is to be entered.
    Enter(Transition<M>),
    /// What was asked for is to be done.
    Settle(Transition<M>),
    /// The next event is to be taken.
    Take,
    /// It ends.
    Stop(ExitReason),
}

/// Between an event's handler and the next event.
struct Transition<M: StateMachine> {
    old: Option<M::State>,
    postponed: Option<MachineEvent<M>>,
}

/// What follows.
enum Progress<M: StateMachine> {
    Go(Todo<M>),
    /// The same, but it takes its time.
    Await(Todo<M>),
    Done(Next),
}

impl<M: StateMachine> Machine<M> {
    /// A machine in its initial state. The example of [`StateMachine`] uses it.
    pub fn new(data: M) -> Self {
        let state = data.initial();
        Self { data, state, engine: Engine::new() }
    }

    /// Does one thing.
    fn advance(&mut self, todo: Todo<M>, cx: &mut StateContext<M>) -> Progress<M> {
        match todo {
            Todo::Step(event) => match self.data.step(&mut self.state, event, cx) {
                Step::Done(outcome) => Progress::Go(self.follow(outcome)),
                Step::Later(event) => Progress::Await(Todo::Step(event)),
            },
            Todo::Enter(made) => match self.data.enter(&mut self.state, made.old.as_ref(), cx) {
                Entered::Done(next) => Progress::Go(entered(made, next)),
                Entered::Later => Progress::Await(Todo::Enter(made)),
            },
            Todo::Settle(made) => Progress::Go(self.settle(made, cx)),
            Todo::Take if cx.running().state().is_stopping() => Progress::Done(Next::Continue),
            Todo::Take => match self.engine.take() {
                Some(Taken::Event(event)) => Progress::Go(Todo::Step(event)),
                Some(Taken::Timeout(timeout)) => {
                    Progress::Go(Todo::Step(MachineEvent::Timeout(timeout)))
                }
                None => Progress::Done(Next::Continue),
            },
            Todo::Stop(reason) => Progress::Done(Next::Stop(reason)),
        }
    }

    /// What a handler's outcome asks for.
    fn follow(&mut self, outcome: Outcome<M>) -> Todo<M> {
        match outcome {
            Outcome::Keep => Todo::Settle(Transition { old: None, postponed: None }),
            Outcome::Repeat => Todo::Enter(Transition { old: None, postponed: None }),
            Outcome::Postpone(event) => {
                Todo::Settle(Transition { old: None, postponed: Some(event) })
            }
            Outcome::State(state) => self.go(state, None),
            Outcome::PostponeTo(state, event) => self.go(state, Some(event)),
            Outcome::Stop(reason) => Todo::Stop(reason),
        }
    }

    fn go(&mut self, state: M::State, postponed: Option<MachineEvent<M>>) -> Todo<M> {
        let old = mem::replace(&mut self.state, state);
        if M::state_name(&old) == M::state_name(&self.state) {
            return Todo::Settle(Transition { old: None, postponed });
        }
        Todo::Enter(Transition { old: Some(old), postponed })
    }

    fn settle(&mut self, made: Transition<M>, cx: &mut StateContext<M>) -> Todo<M> {
        let Transition { old, postponed } = made;
        if let Some(MachineEvent::Message(_, port)) = &postponed {
            // A caller waits, and is to hear of the end whatever becomes of the state then.
            port.owe();
        }
        let asked = cx.asked();
        let running = cx.running();
        let run = |after: Duration, expiry: Expiry| {
            let at = running.machine_as::<Core>().after(after);
            let alarm = Alarm { of: running.pid(), expiry };
            Fuse(timers::send_at(running, Accepts::kept_by::<Self>(), at, alarm))
        };
        match self.engine.settle(old.is_some(), postponed, M::POSTPONED, asked, run) {
            Ok(()) => Todo::Take,
            Err(Excess::Postponed(event)) => {
                refuse(event);
                Todo::Take
            }
            Err(Excess::Inserted) => {
                let most = limits::MACHINE_QUEUE;
                let text = format!("a state machine inserted more than {most} events");
                Todo::Stop(ExitReason::error(text))
            }
        }
    }

    /// Handles an event, and all that follow from it.
    fn run(
        &mut self,
        event: MachineEvent<M>,
        cx: &mut Context<Self>,
    ) -> Handled<impl Future<Output = Next> + Send> {
        self.engine.begin();
        let mut cx = StateContext::of(cx);
        let mut todo = Todo::Step(event);
        for _ in 0..limits::MACHINE_STEPS {
            match self.advance(todo, &mut cx) {
                Progress::Go(next) => todo = next,
                Progress::Done(next) => return Handled::Done(next),
                Progress::Await(later) => {
                    todo = later;
                    break;
                }
            }
        }
        Handled::Future(async move { self.run_later(todo, &mut cx).await })
    }

    async fn run_later(&mut self, mut todo: Todo<M>, cx: &mut StateContext<M>) -> Next {
        loop {
            todo = match self.advance(todo, cx) {
                Progress::Go(next) => next,
                Progress::Done(next) => return next,
                Progress::Await(Todo::Step(event)) => {
                    let outcome = self.data.step_later(&mut self.state, event, cx).await;
                    self.follow(outcome)
                }
                Progress::Await(Todo::Enter(made)) => {
                    let old = made.old.as_ref();
                    let next = self.data.enter_later(&mut self.state, old, cx).await;
                    entered(made, next)
                }
                Progress::Await(other) => other,
            };
            reduce().await;
        }
    }
}

fn entered<M: StateMachine>(made: Transition<M>, next: Next) -> Todo<M> {
    match next {
        Next::Continue => Todo::Settle(made),
        Next::Stop(reason) => Todo::Stop(reason),
    }
}

/// Too many are postponed already: a call fails, anything else is reported and dropped.
#[cold]
fn refuse<M: StateMachine>(event: MachineEvent<M>) {
    match event {
        MachineEvent::Message(_, port) if port.is_call() => port.fail(CallFailure::Full),
        other => {
            let (name, most) = (M::NAME, M::POSTPONED);
            runtime::report(format_args!(
                "{name} postponed more than {most} events: this one was dropped: {other:?}"
            ));
        }
    }
}

impl<M: StateMachine> Process for Machine<M> {
    type Ref = M::Ref;
    const NAME: &'static str = M::NAME;
    const VERSION: u32 = M::VERSION;

    fn options() -> ProcessOptions {
        M::options()
    }
}

impl<M: StateMachine> Server for Machine<M> {
    type Message = <M as StateMachine>::Message;
    const HAS_INIT: bool = M::HAS_INIT;
    const HAS_TERMINATE: bool = M::HAS_TERMINATE;
    const TRAP_EXIT: bool = M::TRAP_EXIT;

    async fn init(&mut self, cx: &mut Context<Self>) -> Result<(), ExitReason> {
        let mut cx = StateContext::of(cx);
        self.data.init(&mut cx).await?;
        let made = Transition { old: None, postponed: None };
        match self.run_later(Todo::Enter(made), &mut cx).await {
            Next::Continue => Ok(()),
            Next::Stop(reason) => Err(reason),
        }
    }

    async fn exit(&mut self, cx: &mut Context<Self>, from: Pid, reason: ExitReason) -> Next {
        finish(self.run(MachineEvent::Exit(from, reason), cx)).await
    }

    async fn down(&mut self, cx: &mut Context<Self>, down: Down) -> Next {
        finish(self.run(MachineEvent::Down(down), cx)).await
    }

    async fn terminate(&mut self, cx: &mut Context<Self>, reason: &ExitReason) {
        let mut cx = StateContext::of(cx);
        self.data.terminate(&mut self.state, &mut cx, reason).await;
    }
}

async fn finish(handled: Handled<impl Future<Output = Next>>) -> Next {
    match handled {
        Handled::Done(next) => next,
        Handled::Future(rest) => rest.await,
    }
}

impl<M: StateMachine, X: IntoEvent<M>> Handle<X> for Machine<M> {
    fn handle(
        &mut self,
        message: X,
        reply: ReplyPort<X::Reply>,
        cx: &mut Context<Self>,
    ) -> Handled<impl Future<Output = Next> + Send> {
        match message.into_event(reply, self) {
            Some(event) => self.run(event, cx),
            None => Handled::Done(Next::Continue),
        }
    }
}

impl<M: StateMachine> IntoEvent<M> for Alarm {
    fn into_event(self, _: ReplyPort<()>, machine: &mut Machine<M>) -> Option<MachineEvent<M>> {
        let is_own = current::pid() == Some(self.of);
        let timeout = is_own.then(|| machine.engine.expired(self.expiry)).flatten();
        timeout.map(MachineEvent::Timeout)
    }
}

impl<M: StateMachine> fmt::Debug for Machine<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine")
            .field("name", &M::NAME)
            .field("state", &M::state_name(&self.state))
            .field("postponed", &self.engine.postponed())
            .finish_non_exhaustive()
    }
}
