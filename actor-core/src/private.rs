//! The only paths that macro output names, besides what they re-export. Not for people.

use std::{any::Any, fmt, future::Future, process::ExitCode, process::Termination, str::FromStr};

pub use std::{
    convert::From, future::Ready, hash::Hash, ops::Deref, option::Option, result::Result,
    sync::Arc, time::Duration,
};

use crate::{actor, application, runtime, runtime::Runtime, sync::Mutex};
pub use crate::{
    actor::{
        Address, Call, ChildKind, Context, Handle, Info, Init, Process, ProcessOptions, ProcessRef,
        Server, ServerRef, Speaks, Start, StartContext, reduce,
        state_machine::{
            Arrow, Choice, Diagram, Entered, Here, IntoEvent, Machine, MachineEvent, Outcome,
            Postpone, Settle, State, StateContext, StateMachine, Step, Targets, There, TimerName,
            To, call_outcome, cast_outcome, deferred_outcome,
        },
    },
    application::{Application, ConfigError, Configure, Env, RestartType, StartType},
    error::{CallError, CallFailure, SendError, StartError, WrongType},
    exit::ExitReason,
    overflow::Overflow,
    pid::Pid,
    priority::Priority,
    process::{Handled, Message, Next, Reply, ReplyPort},
    signal::Down,
    supervisor::{
        AutoShutdown, Backoff, ChildSpec, IntoChild, Partitions, Restart, Shutdown, Siblings,
        Strategy, Supervisor, SupervisorProcess, SupervisorRef, SupervisorSpec,
    },
};

/// The call of a generated ref method.
pub fn call<M: Message, T: 'static, E: From<CallFailure> + 'static>(
    to: &Address<M>,
    message: M,
    timeout: Option<Duration>,
    map: fn(M::Reply) -> Option<Result<T, E>>,
) -> Call<T, E> {
    actor::call(to, message, timeout.or(actor::DEFAULT_CALL_TIMEOUT), map)
}

/// The cast of a generated ref method.
pub fn cast<M: Message>(to: &Address<M>, message: M) -> Result<(), SendError> {
    to.send(message)
}

/// The way to the handlers of a further block: the same process, or, if somebody else stands behind
/// the ref (a probe, a forwarder), nobody, since it knows only the messages of the first block.
pub fn narrow<P, M, N>(to: &Address<M>) -> Address<N>
where
    P: Handle<M> + Handle<N>,
    M: Message,
    N: Message,
{
    to.narrow::<P, N>().unwrap_or_else(Address::nobody::<P>)
}

/// Unpacks the return type of a call's handler whose last segment is `Result`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `Result`, though its name says so",
    note = "give the type another name to reply with it as it is"
)]
pub trait Flatten {
    /// What a successful call yields.
    type Ok;
    /// What a failed call yields.
    type Error: From<CallFailure>;
    /// The one or the other.
    fn flatten(self) -> Result<Self::Ok, Self::Error>;
}

impl<T, E> Flatten for Result<T, E> {
    type Ok = T;
    type Error = CallError<E>;

    fn flatten(self) -> Result<T, CallError<E>> {
        self.map_err(CallError::Handler)
    }
}

/// What `#[init]` may return.
#[diagnostic::on_unimplemented(
    message = "`#[init]` returns `()`, an `Init`, or a `Result` of one of them whose error can be \
               displayed, not `{Self}`"
)]
pub trait IntoInit {
    /// As the runtime has it.
    fn into_init(self) -> Result<(), ExitReason>;
}

impl IntoInit for () {
    fn into_init(self) -> Result<(), ExitReason> {
        Ok(())
    }
}

impl IntoInit for Init {
    fn into_init(self) -> Result<(), ExitReason> {
        match self {
            Self::Ready => Ok(()),
            Self::Ignore => Err(actor::ignore()),
        }
    }
}

impl<T: IntoInit, E: fmt::Display + 'static> IntoInit for Result<T, E> {
    fn into_init(self) -> Result<(), ExitReason> {
        match self {
            Ok(done) => done.into_init(),
            Err(error) => Err(ExitReason::of(error)),
        }
    }
}

/// What a hook or a cast with `on_err = crash` may return.
#[diagnostic::on_unimplemented(
    message = "a hook returns `()`, `Next` or a `Result<(), E>` whose error can be displayed, \
               not `{Self}`"
)]
pub trait IntoNext {
    /// As the runtime has it.
    fn into_next(self) -> Next;
}

impl IntoNext for () {
    fn into_next(self) -> Next {
        Next::Continue
    }
}

impl IntoNext for Next {
    fn into_next(self) -> Next {
        self
    }
}

impl<E: fmt::Display + 'static> IntoNext for Result<(), E> {
    fn into_next(self) -> Next {
        match self {
            Ok(()) => Next::Continue,
            Err(error) => Next::Stop(ExitReason::of(error)),
        }
    }
}

/// The answer of a call's handler that may have told its process to stop: then it is given when
/// `terminate` is over.
pub fn reply<R: Send + 'static>(port: ReplyPort<R>, reply: R) {
    port.send_or_keep(reply);
}

/// What the handler of a `#[call(on_err = crash)]` returned: a reply, or why the process ends.
pub fn reply_or_crash<R: Flatten<Error: Into<ExitReason>>, M: Send + 'static>(
    port: ReplyPort<M>,
    returned: R,
    wrap: fn(R::Ok) -> M,
) -> Next {
    match returned.flatten() {
        Ok(value) => {
            port.send_or_keep(wrap(value));
            Next::Continue
        }
        Err(error) => {
            port.leave();
            Next::Stop(error.into())
        }
    }
}

/// What `#[start]` of an application returned, if it may fail.
pub fn tree<S, E: fmt::Display + 'static>(made: Result<S, E>) -> Result<S, ExitReason> {
    made.map_err(why)
}

/// Stands for the tree of an application whose `#[start]` has a mistake.
pub use crate::application::Applications as NoTree;

/// What `#[phase]` of an application may return.
#[diagnostic::on_unimplemented(
    message = "`#[phase]` returns `()` or a `Result<(), E>` whose error can be displayed, not \
               `{Self}`"
)]
pub trait IntoPhase {
    /// As the runtime has it.
    fn into_phase(self) -> Result<(), ExitReason>;
}

impl IntoPhase for () {
    fn into_phase(self) -> Result<(), ExitReason> {
        Ok(())
    }
}

impl<E: fmt::Display + 'static> IntoPhase for Result<(), E> {
    fn into_phase(self) -> Result<(), ExitReason> {
        self.map_err(why)
    }
}

/// A reason stays what it is; any other error is told by its text.
fn why<E: fmt::Display + 'static>(error: E) -> ExitReason {
    match (&error as &dyn Any).downcast_ref::<ExitReason>() {
        Some(reason) => reason.clone(),
        None => ExitReason::error(error),
    }
}

/// What a field of a configuration may be.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` cannot be read from an environment",
    label = "it has no `FromStr` whose error can be displayed",
    note = "add `#[env(with = ..)]`, a function that reads it, or `#[env(skip)]`"
)]
pub trait Setting: Sized {
    /// Reads one.
    fn read(text: &str) -> Result<Self, String>;
}

#[diagnostic::do_not_recommend]
impl<T: FromStr<Err: fmt::Display>> Setting for T {
    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error: T::Err| error.to_string())
    }
}

/// Reads a field of a configuration.
pub fn setting<T: Setting>(text: &str) -> Result<T, String> {
    T::read(text)
}

/// The default of a field that is written as a text.
pub fn default_text<T, E: fmt::Display>(
    env: &Env,
    key: &str,
    text: &str,
    read: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, ConfigError> {
    env.read_text(key, text.to_owned(), read)
}

/// A length of time of an application's environment.
pub fn duration(text: &str) -> Result<Duration, &'static str> {
    application::env::duration(text)
}

/// The start arguments of a temporary dynamic child: used once.
#[derive(Debug)]
pub struct Once<T>(Mutex<Option<T>>);

impl<T> Once<T> {
    /// Keeps them.
    pub fn new(value: T) -> Self {
        Self(Mutex::new(Some(value)))
    }

    /// Gives them out.
    pub fn take(&self) -> Result<T, ExitReason> {
        let value = self.0.lock().take();
        value.ok_or_else(|| ExitReason::error("a temporary child is started only once"))
    }
}

/// A cast with `on_err = log` ended with an error.
pub fn log_error(process: &'static str, handler: &'static str, error: &dyn fmt::Display) {
    runtime::report(format_args!("{process}::{handler} failed: {error}"));
}

/// The process with this name in the runtime of this thread, if there is one and it is a `P`.
pub fn whereis<P>(name: &str) -> Result<Option<P::Ref>, WrongType>
where
    P: Server + Handle<<P as Server>::Message>,
{
    match runtime::here() {
        Some(core) => actor::whereis_in::<P>(&core, name),
        None => Ok(None),
    }
}

/// `#[actor_core::main]`: the body is a process; when it returns, its tree stops in order.
pub fn run_main<F>(body: F) -> ExitCode
where
    F: Future<Output: Termination + Send + 'static> + Send + 'static,
{
    let runtime = match Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            runtime::report(format_args!("the runtime did not start: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let code = match runtime.run(body) {
        Ok(output) => output.report(),
        // A panic has left its crash report already; 101 is what a panicking `main` exits with.
        Err(ExitReason::Panic(_)) => ExitCode::from(101),
        Err(reason) => {
            runtime::report(format_args!("main ended: {reason}"));
            ExitCode::FAILURE
        }
    };
    if let Err(error) = runtime.shutdown() {
        runtime::report(format_args!("{error}"));
        return ExitCode::FAILURE;
    }
    code
}
