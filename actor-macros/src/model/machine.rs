//! A block under `#[machine]`: states, events, and what handles which event in which state.

use syn::{Expr, Ident, Path, Type};

use super::{Handler, OnErr, Origin, Protocol};

/// An `impl` block under `#[machine]`.
pub(crate) struct Machine {
    /// The type, and the messages: one handler for each event that comes from outside.
    pub(crate) protocol: Protocol,
    /// The name of the enum of states.
    pub(crate) state: Ident,
    /// The enum of internal events.
    pub(crate) internal: Inner,
    /// The enum of time-outs.
    pub(crate) timeout: Inner,
    /// `initial = ..`
    pub(crate) initial: Expr,
    /// `postponed = ..`
    pub(crate) postponed: Option<Expr>,
    /// The states, the initial one first.
    pub(crate) states: Vec<KnownState>,
    /// The events, in order.
    pub(crate) events: Vec<Event>,
    /// The enter calls.
    pub(crate) enters: Vec<Enter>,
    /// `#[init]` and `#[terminate]`.
    pub(crate) hooks: Vec<MachineHook>,
}

/// An enum of data that only the machine makes.
pub(crate) struct Inner {
    /// Its name.
    pub(crate) name: Ident,
    /// A variant for each.
    pub(crate) handlers: Vec<Handler>,
}

/// A state.
pub(crate) struct KnownState {
    /// Its name, where it is said first.
    pub(crate) name: Ident,
    /// Its type.
    pub(crate) path: Path,
}

/// A state as it is named somewhere.
pub(crate) type StateName = Path;

/// Something that happens, with all that handles it.
pub(crate) struct Event {
    /// Its name: that of its first handler, unless it is given one.
    pub(crate) name: Ident,
    /// What kind it is.
    pub(crate) kind: EventKind,
    /// What it is called as data; none of exits and downs.
    pub(crate) variant: Ident,
    /// What it carries, without what exits and downs do.
    pub(crate) fields: Vec<(Ident, Type)>,
    /// The reply of a call.
    pub(crate) reply: Option<Type>,
    /// Its handlers.
    pub(crate) ways: Vec<Way>,
    /// `postpone = ..`
    pub(crate) postponed: Which,
    /// `ignore = ..`
    pub(crate) ignored: Which,
    /// What is done in each state; `check` fills it in.
    pub(crate) cells: Vec<Cell>,
}

/// The kinds of events.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum EventKind {
    /// `#[call]`
    Call,
    /// `#[cast]`
    Cast,
    /// `#[internal]`
    Internal,
    /// `#[timeout]`
    Timeout(Timer),
    /// `#[exit]`
    Exit,
    /// `#[down]`
    Down,
}

/// A time-out's timer.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Timer {
    /// `#[timeout(event)]`
    Event,
    /// `#[timeout(state)]`
    State,
    /// `#[timeout(name = "..")]`
    Named(String),
}

/// States that an option names.
#[derive(Default)]
pub(crate) struct Which {
    /// By name.
    pub(crate) named: Vec<StateName>,
    /// `_`: all that are not spoken of.
    pub(crate) rest: Option<proc_macro2::Span>,
}

/// What an event does in a state.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell {
    /// The n-th handler runs.
    Way(usize),
    /// It is postponed.
    Postponed,
    /// It is dropped.
    Ignored,
    /// Nothing is said: reported, or, of a time-out that is not started there, an error at run
    /// time.
    Missing,
}

/// A method that handles an event in some states.
pub(crate) struct Way {
    /// The method.
    pub(crate) origin: Origin,
    /// Its parameters after `self`, in order.
    pub(crate) arguments: Vec<WayArgument>,
    /// Where: `in = ..`, or the state it is given; in all states that are not spoken of if empty.
    pub(crate) within: Vec<StateName>,
    /// It returns a `To`.
    pub(crate) goes: Option<Goes>,
    /// `yields`
    pub(crate) yields: bool,
    /// What an `Err` does.
    pub(crate) on_err: OnErr,
    /// Nothing is wrong with it.
    pub(crate) sound: bool,
}

/// What a `To<..>` names.
pub(crate) struct Goes {
    /// The states.
    pub(crate) to: Vec<StateName>,
    /// It may postpone.
    pub(crate) postpones: bool,
}

/// A parameter of a machine's method.
#[derive(Clone)]
pub(crate) enum WayArgument {
    /// `cx: &mut StateContext<Self>`
    Context,
    /// `open: &mut Open`
    State,
    /// `state: &mut DoorState`
    Whole,
    /// `old: Option<&DoorState>`
    Old,
    /// The means to reply later.
    Reply,
    /// Part of the event.
    Field(Ident),
    /// The n-th of what is particular to an exit, a down or a hook.
    Given(usize),
}

/// A method that is called when a state is entered.
pub(crate) struct Enter {
    /// The method.
    pub(crate) origin: Origin,
    /// The states.
    pub(crate) states: Vec<StateName>,
    /// Its parameters after `self`, in order.
    pub(crate) arguments: Vec<WayArgument>,
}

/// `#[init]` or `#[terminate]`.
pub(crate) struct MachineHook {
    /// The method.
    pub(crate) origin: Origin,
    /// Which one.
    pub(crate) kind: super::HookKind,
    /// Its parameters after `self`, in order.
    pub(crate) arguments: Vec<WayArgument>,
}

impl Machine {
    /// The place of a state in the list.
    pub(crate) fn at(&self, name: &StateName) -> Option<usize> {
        let last = last(name)?;
        self.states.iter().position(|state| state.name == *last)
    }

    /// The async methods and hooks, with whether all of their loops are checked.
    pub(crate) fn asyncs(&self) -> impl Iterator<Item = (&Ident, bool)> {
        let ways = self.events.iter().flat_map(|event| &event.ways);
        let ways = ways.map(|way| (&way.origin, way.yields));
        let enters = self.enters.iter().map(|enter| (&enter.origin, false));
        let hooks = self.hooks.iter().map(|hook| (&hook.origin, false));
        let all = ways.chain(enters).chain(hooks).filter(|(origin, _)| origin.is_async);
        all.map(|(origin, yields)| (&origin.method, yields))
    }
}

impl EventKind {
    /// The marker's name.
    pub(crate) fn marker(&self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Cast => "cast",
            Self::Internal => "internal",
            Self::Timeout(_) => "timeout",
            Self::Exit => "exit",
            Self::Down => "down",
        }
    }
}

/// A state's own name.
pub(crate) fn last(name: &StateName) -> Option<&Ident> {
    name.segments.last().map(|segment| &segment.ident)
}
