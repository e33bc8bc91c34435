//! What the macros know of a user's types: data and the user's tokens, no rules and no output.
//!
//! `lower` makes these from syntax, `check` looks across them, `expand` writes them out. In all
//! types that are kept here, `Self` is already written as the type it stands for, since they end up
//! in other types' definitions.

pub(crate) mod application;
pub(crate) mod machine;

use proc_macro2::{Span, TokenStream};
use syn::{Attribute, Expr, Generics, Ident, Path, Type, TypePath, Visibility};

use crate::duration::Time;

/// A type under `#[derive(Process)]` or `#[derive(Supervisor)]`.
pub(crate) struct DerivedType {
    /// The path of the runtime crate.
    pub(crate) krate: Path,
    /// The type's visibility, which its ref gets.
    pub(crate) vis: Visibility,
    /// The type's name.
    pub(crate) ident: Ident,
    /// Its generics.
    pub(crate) generics: Generics,
    /// `#[process(version = ..)]`.
    pub(crate) version: Option<Expr>,
    /// `#[process(mailbox = ..)]`.
    pub(crate) mailbox: Option<Expr>,
    /// `#[process(hibernate_after = ..)]`
    pub(crate) hibernate_after: Option<Time>,
    /// `#[process(overflow = ..)]`: a variant of `Overflow`.
    pub(crate) overflow: Option<&'static str>,
    /// `#[process(priority = ..)]`: a variant of `Priority`.
    pub(crate) priority: Option<&'static str>,
}

/// The type that an `impl` block is for, with the names that follow from it.
pub(crate) struct Subject {
    /// The path of the runtime crate.
    pub(crate) krate: Path,
    /// The block's generics.
    pub(crate) generics: Generics,
    /// The type, as the block names it.
    pub(crate) path: TypePath,
    /// Its last name.
    pub(crate) ident: Ident,
    /// The type of its refs.
    pub(crate) reference: TypePath,
}

/// An `impl` block under `#[handlers]`.
pub(crate) struct Protocol {
    /// The process type.
    pub(crate) subject: Subject,
    /// The message enum's name.
    pub(crate) message: Ident,
    /// The reply enum's name.
    pub(crate) reply: Ident,
    /// It named itself: another block is the one that makes the type a server.
    pub(crate) second: bool,
    /// `derive(..)`: the derives of the message enum.
    pub(crate) derives: Option<TokenStream>,
    /// The handlers, in order.
    pub(crate) handlers: Vec<Handler>,
    /// Those with a mistake: the ref has their methods, so that callers see no errors.
    pub(crate) broken: Vec<Handler>,
    /// The hooks, in order.
    pub(crate) hooks: Vec<Hook>,
    /// The handlers of foreign messages, in order.
    pub(crate) infos: Vec<Info>,
}

/// What every method of interest has.
pub(crate) struct Origin {
    /// Its name.
    pub(crate) method: Ident,
    /// Its visibility.
    pub(crate) vis: Visibility,
    /// `#[doc]`.
    pub(crate) docs: Vec<Attribute>,
    /// `#[cfg]`.
    pub(crate) cfgs: Vec<Attribute>,
    /// `#[deprecated]`.
    pub(crate) deprecated: Vec<Attribute>,
    /// It is an `async fn`.
    pub(crate) is_async: bool,
}

/// A method that handles one message.
pub(crate) struct Handler {
    /// The method.
    pub(crate) origin: Origin,
    /// The variants' name, in both enums.
    pub(crate) variant: Ident,
    /// Call or cast.
    pub(crate) kind: Kind,
    /// Its parameters after `self`, in order.
    pub(crate) arguments: Vec<Argument>,
    /// It is run beside the workers.
    pub(crate) blocking: bool,
    /// `yields`: all its loops are checked, not only those that await.
    pub(crate) yields: bool,
    /// Nothing is wrong with it.
    pub(crate) sound: bool,
}

impl Handler {
    /// What the message carries.
    pub(crate) fn fields(&self) -> impl Iterator<Item = &Field> {
        self.arguments.iter().filter_map(|argument| match argument {
            Argument::Field(field) => Some(&**field),
            _ => None,
        })
    }

    /// The declared reply; `None` for a cast.
    pub(crate) fn reply(&self) -> Option<&Type> {
        match &self.kind {
            Kind::Call(call) => Some(&call.reply),
            Kind::Cast(_) => None,
        }
    }
}

/// What kind of message a handler takes.
pub(crate) enum Kind {
    /// `#[call]`
    Call(Box<CallKind>),
    /// `#[cast]`
    Cast(OnErr),
}

/// How a call is answered.
pub(crate) struct CallKind {
    /// The type of the reply.
    pub(crate) reply: Type,
    /// It is a `Result` whose two sides the caller sees apart.
    pub(crate) flatten: Flatten,
    /// `timeout = ..`
    pub(crate) timeout: Option<Timeout>,
    /// `on_err = crash`: the handler returns a `Result`, and an `Err` of it ends the process.
    pub(crate) crash: bool,
}

/// How a reply becomes the caller's `Result`.
pub(crate) enum Flatten {
    /// It does not: the caller gets the value.
    No,
    /// `Result<T, E>`, written out.
    Known(Box<Type>, Box<Type>),
    /// Some alias of `Result`.
    Alias,
}

/// How long a caller waits.
pub(crate) enum Timeout {
    /// At most this long.
    After(Time),
    /// For ever.
    Infinity,
}

/// What an `Err` of a cast does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnErr {
    /// The handler returns nothing.
    Infallible,
    /// It ends the process.
    Crash,
    /// It is logged.
    Log,
}

/// A parameter of a handler.
pub(crate) enum Argument {
    /// The context.
    Context,
    /// The means to reply later.
    Reply,
    /// Part of the message.
    Field(Box<Field>),
}

/// A part of a message.
pub(crate) struct Field {
    /// The parameter's name.
    pub(crate) name: Ident,
    /// Its type.
    pub(crate) ty: Type,
}

/// A method that handles a foreign message, of a type that is not the process's own.
pub(crate) struct Info {
    /// The method.
    pub(crate) origin: Origin,
    /// The message's type.
    pub(crate) ty: Type,
    /// Its parameters after `self`, in order; the message is `Given(0)`.
    pub(crate) arguments: Vec<HookArgument>,
}

/// A method that the runtime calls.
pub(crate) struct Hook {
    /// The method.
    pub(crate) origin: Origin,
    /// When it is called.
    pub(crate) kind: HookKind,
    /// Its parameters after `self`, in order: indices into those the runtime passes.
    pub(crate) arguments: Vec<HookArgument>,
}

/// When a hook is called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookKind {
    /// Before the first message.
    Init,
    /// Before the process ends.
    Terminate,
    /// When a linked process has ended.
    Exit,
    /// When a monitored process has ended.
    Down,
    /// When no message came for as long as it wished to hear of.
    Timeout,
    /// When it hibernates.
    Hibernate,
}

/// A parameter of a hook.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookArgument {
    /// The context.
    Context,
    /// The n-th of what is particular to the hook.
    Given(usize),
}

/// An `impl` block under `#[supervisor]`.
pub(crate) struct Tree {
    /// The supervisor type.
    pub(crate) subject: Subject,
    /// A variant of `Strategy`.
    pub(crate) strategy: &'static str,
    /// `intensity = ..`
    pub(crate) intensity: Option<Expr>,
    /// `period = ..`
    pub(crate) period: Option<Time>,
    /// A variant of `AutoShutdown`, if it is set to one that shuts down.
    pub(crate) auto_shutdown: Option<&'static str>,
    /// The children, in start order.
    pub(crate) children: Vec<Child>,
}

/// A method that makes a child.
pub(crate) struct Child {
    /// The method; its name is the child's id.
    pub(crate) origin: Origin,
    /// Whether there may be none or many.
    pub(crate) number: Number,
    /// A variant of `Restart`.
    pub(crate) restart: Option<&'static str>,
    /// `shutdown = ..`
    pub(crate) shutdown: Option<Shutdown>,
    /// `significant`
    pub(crate) significant: Option<Span>,
    /// `backoff = ..`: the first wait and the longest.
    pub(crate) backoff: Option<(Time, Time)>,
    /// `key = ..`: the parameter by which a dynamic child is found.
    pub(crate) key: Option<Ident>,
    /// `keep_mailbox`
    pub(crate) keep_mailbox: bool,
    /// `max_children = ..`
    pub(crate) max_children: Option<Expr>,
    /// The type that is started: what the method returns, without `Result` and `Option`.
    pub(crate) made: Type,
    /// Its parameters after `self`, in order.
    pub(crate) parameters: Vec<Parameter>,
    /// Nothing is wrong with it. A child that is not sound keeps its methods on the ref, so that
    /// its users see no errors, and is not called.
    pub(crate) sound: bool,
}

/// How many processes a child stands for.
pub(crate) enum Number {
    /// One.
    One,
    /// One or none: the method returns an `Option`.
    Optional,
    /// `count = ..`
    Counted(Box<Expr>),
    /// `partitions`, or `partitions = ..`: as many, found by key.
    Partitioned(Option<Box<Expr>>),
    /// As many as are started at run time.
    Dynamic,
}

/// How a child is stopped.
pub(crate) enum Shutdown {
    /// At once.
    BrutalKill,
    /// However long it takes.
    Infinity,
    /// Killed if it takes longer.
    After(Time),
}

/// A parameter of a child method.
pub(crate) struct Parameter {
    /// Its name.
    pub(crate) name: Ident,
    /// Its type.
    pub(crate) ty: Type,
    /// What is passed.
    pub(crate) source: Source,
}

/// Where a child's parameter comes from.
pub(crate) enum Source {
    /// The ref of the n-th child of the tree.
    Sibling(usize),
    /// The number among the children of the same method.
    Index,
    /// An argument of the start function.
    Start,
    /// Nowhere: reported.
    Unknown,
}
