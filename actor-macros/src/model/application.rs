//! What the macros know of an application: its configuration, and what is called when.

use syn::{Attribute, Expr, Ident, LitStr, Path, Type};

use super::{Origin, Subject};
use crate::duration::Time;

/// A type under `#[derive(Application)]`.
pub(crate) struct Config {
    /// The path of the runtime crate.
    pub(crate) krate: Path,
    /// The type's name.
    pub(crate) ident: Ident,
    /// What its fields are read from.
    pub(crate) settings: Vec<Setting>,
    /// Nothing is wrong with it.
    pub(crate) sound: bool,
}

/// A field of a configuration.
pub(crate) struct Setting {
    /// The field.
    pub(crate) field: Ident,
    /// `#[cfg]`.
    pub(crate) cfgs: Vec<Attribute>,
    /// Its key in the environment.
    pub(crate) key: LitStr,
    /// The type that is read: the field's, or what its `Option` holds.
    pub(crate) ty: Type,
    /// How it is read.
    pub(crate) read: Read,
    /// What it is if it is not set.
    pub(crate) unset: Unset,
}

/// What makes a field's value of a text.
pub(crate) enum Read {
    /// Its type's `FromStr`.
    FromStr,
    /// It is a length of time, as in `5s`.
    Duration,
    /// `with = ..`
    With(Box<Expr>),
}

/// What a field is if nobody has set it.
pub(crate) enum Unset {
    /// An error.
    Refused,
    /// `None`.
    Absent,
    /// `default = ..`
    Value(Box<Expr>),
    /// `default = ".."`: what is read of that text.
    Text(LitStr),
    /// `default = "5s"`, of a length of time.
    Time(Time),
    /// `default`: its type's.
    Default,
    /// `skip`: that, and it is never read.
    Skipped,
}

/// An `impl` block under `#[application]`.
pub(crate) struct Application {
    /// The application's type.
    pub(crate) subject: Subject,
    /// `name = ..`, or the type's.
    pub(crate) name: LitStr,
    /// `depends = ..`, in order.
    pub(crate) depends: Vec<Dependency>,
    /// A variant of `RestartType`.
    pub(crate) restart: Option<&'static str>,
    /// Its methods of interest, in order.
    pub(crate) callbacks: Vec<Callback>,
}

/// What an application needs.
pub(crate) enum Dependency {
    /// An application's type.
    Type(Path),
    /// An application's name.
    Name(LitStr),
}

/// A method that is called when an application starts or stops.
pub(crate) struct Callback {
    /// The method.
    pub(crate) origin: Origin,
    /// When it is called.
    pub(crate) kind: CallbackKind,
    /// It takes what it could be given.
    pub(crate) given: bool,
    /// What `#[start]` makes.
    pub(crate) made: Option<Type>,
    /// It returns a `Result`.
    pub(crate) fails: bool,
    /// Nothing is wrong with it.
    pub(crate) sound: bool,
}

/// When a method is called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallbackKind {
    /// To have the tree.
    Start,
    /// When the tree is up, in order.
    Phase,
    /// Before the tree is stopped.
    PrepStop,
    /// When the tree is dead.
    Stop,
}
