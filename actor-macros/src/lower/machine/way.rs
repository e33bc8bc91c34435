//! A machine's methods: what is the machine's own is taken off, and the rest is read as a handler
//! of the plain kind is.

use syn::{Attribute, FnArg, Ident, ReturnType, Type};

use super::states;
use crate::diagnose::Diagnostics;
use crate::lower::handler;
use crate::lower::hook;
use crate::lower::method::origin;
use crate::model::machine::{
    EventKind, MachineHook, StateName, Timer, Way, WayArgument, Which, last,
};
use crate::model::{Argument, Handler, Hook, HookArgument, HookKind, Kind, OnErr, Subject};
use crate::names::{last_segment, type_arguments};
use crate::parse::block::Method;
use crate::parse::options::Options;

/// What methods of a block are read with.
pub(crate) struct Reader<'a> {
    pub(crate) subject: &'a Subject,
    /// The enum of states.
    pub(crate) state: &'a Ident,
    /// All states that are named anywhere.
    pub(crate) known: &'a [StateName],
    pub(crate) report: &'a Diagnostics,
}

/// A handler, and what its marker says of the event.
pub(crate) struct Read {
    pub(crate) way: Way,
    pub(crate) kind: EventKind,
    /// `event = ..`
    pub(crate) event: Option<Ident>,
    /// Its message; none of exits and downs.
    pub(crate) handler: Option<Handler>,
    pub(crate) postponed: Which,
    pub(crate) ignored: Which,
}

/// A method without what only machines know.
struct Stripped {
    method: Method,
    arguments: Vec<Option<WayArgument>>,
    /// The state that it is given.
    given: Option<StateName>,
}

impl Reader<'_> {
    /// Reads a handler; `None` if it is nothing like one, which is reported.
    pub(crate) fn event(&self, method: &Method, marker: &str, attr: &Attribute) -> Option<Read> {
        let report = self.report;
        let before = report.count();
        let own = options_of(marker);
        let mut options = Options::of(&format!("#[{marker}]"), attr, own, report);
        let within = states::which("in", &mut options, report);
        if let Some(span) = within.rest {
            report.at(span, "leave out `in` to handle an event in all states");
        }
        let postponed = states::which("postpone", &mut options, report);
        let ignored = states::which("ignore", &mut options, report);
        let kind = match marker {
            "call" => EventKind::Call,
            "cast" => EventKind::Cast,
            "internal" => EventKind::Internal,
            "exit" => EventKind::Exit,
            "down" => EventKind::Down,
            _ => EventKind::Timeout(self.timer(method, &mut options)),
        };
        let event = match marker {
            "timeout" | "exit" | "down" => None,
            _ => options.name("event", report),
        };
        let (goes, output) = states::goes(&method.sig.output, report);
        let mut stripped = self.strip(method);
        stripped.method.sig.output = output;
        let plain = states::only(attr, &["timeout", "result", "on_err", "yields"]);
        let (handler, rest) = self.read(&kind, &stripped, event.as_ref(), &plain)?;
        let arguments = merge(stripped.arguments, rest);
        let deferred = arguments.iter().any(|argument| matches!(argument, WayArgument::Reply));
        if deferred && goes.as_ref().is_some_and(|goes| goes.postpones) {
            report.on(
                &method.sig.output,
                "a handler that is given its `Reply` cannot postpone the call: reply with what it \
                 returns, `To<(.., Postpone), R>`, or remove `Postpone`",
            );
        }
        let on_err = match handler.as_ref().map(|handler| &handler.kind) {
            Some(Kind::Call(call)) if call.crash => OnErr::Crash,
            Some(Kind::Cast(on_err)) => *on_err,
            _ => OnErr::Infallible,
        };
        if on_err != OnErr::Infallible && goes.is_some() {
            report.on(
                &method.sig.output,
                "a handler that says where it goes says how it ends as well: return \
                 `To::stop(reason)`, and remove `on_err`",
            );
        }
        let within = self.within(method, within.named, stripped.given);
        let yields = handler.as_ref().is_some_and(|handler| handler.yields);
        let sound = report.count() == before && handler.as_ref().is_none_or(|it| it.sound);
        let origin = origin(method);
        let way = Way { origin, arguments, within, goes, yields, on_err, sound };
        self.refuse_cfg(&way);
        Some(Read { way, kind, event, handler, postponed, ignored })
    }

    fn refuse_cfg(&self, way: &Way) {
        for cfg in &way.origin.cfgs {
            self.report.on(
                cfg,
                "which states and events a machine has cannot depend on `#[cfg]`: write it inside \
                 of the method",
            );
        }
    }

    /// The handler as if it were of the plain kind, and its arguments.
    fn read(
        &self,
        kind: &EventKind,
        stripped: &Stripped,
        event: Option<&Ident>,
        attr: &Attribute,
    ) -> Option<(Option<Handler>, Vec<WayArgument>)> {
        let (subject, report) = (self.subject, self.report);
        let mut method = Method {
            attrs: stripped.method.attrs.clone(),
            vis: stripped.method.vis.clone(),
            sig: stripped.method.sig.clone(),
            body: stripped.method.body.clone(),
        };
        if let EventKind::Exit | EventKind::Down = kind {
            let kind = if *kind == EventKind::Exit { HookKind::Exit } else { HookKind::Down };
            let hook = hook::read(&method, attr, kind, report)?;
            return Some((None, given(hook)));
        }
        if let Some(name) = event {
            method.sig.ident = name.clone();
        }
        let handler = match kind {
            EventKind::Call => handler::call(&method, attr, subject, report)?,
            _ => handler::cast(&method, attr, subject, report)?,
        };
        let arguments = handler.arguments.iter().map(|argument| match argument {
            Argument::Context => WayArgument::Context,
            Argument::Reply => WayArgument::Reply,
            Argument::Field(field) => WayArgument::Field(field.name.clone()),
        });
        let arguments = arguments.collect();
        Some((Some(handler), arguments))
    }

    /// `#[init]` or `#[terminate]`.
    pub(crate) fn hook(
        &self,
        method: &Method,
        attr: &Attribute,
        kind: HookKind,
    ) -> Option<MachineHook> {
        let stripped = self.strip(method);
        if let Some(state) = &stripped.given {
            let (whole, marker) = (self.state, kind.marker());
            let text = format!("`#[{marker}]` may be in any state: take `state: &mut {whole}`");
            self.report.on(state, text);
            return None;
        }
        let hook = hook::read(&stripped.method, attr, kind, self.report)?;
        let arguments = merge(stripped.arguments, given(hook));
        Some(MachineHook { origin: origin(method), kind, arguments })
    }

    /// `#[enter]`: the states and the parameters.
    pub(crate) fn enter(
        &self,
        method: &Method,
        attr: &Attribute,
    ) -> Option<crate::model::machine::Enter> {
        let report = self.report;
        let before = report.count();
        let mut stripped = self.strip(method);
        if let (Some(goes), _) = states::goes(&method.sig.output, report) {
            let _ = goes;
            report.on(
                &method.sig.output,
                "an enter call cannot change the state: return nothing, or insert an event by \
                 `cx.next_event(..)` and go on from its handler",
            );
            stripped.method.sig.output = ReturnType::Default;
        }
        // Read as a hook that is given nothing: what is left besides is reported.
        let none = states::only(attr, &[]);
        let hook = hook::read(&stripped.method, &none, HookKind::Init, report)?;
        let arguments = merge(stripped.arguments, given(hook));
        let states = self.within(method, states::entered(attr, report), stripped.given);
        if states.is_empty() {
            let name = &method.sig.ident;
            report.on(
                attr,
                format!(
                    "which state does `{name}` enter? Write `#[enter(Open)]`, or take the state: \
                     `open: &mut Open`"
                ),
            );
        }
        let origin = origin(method);
        let enter = crate::model::machine::Enter { origin, states, arguments };
        (report.count() == before).then_some(enter)
    }

    /// The states a method is for, by its marker and by what it is given, which must agree.
    fn within(
        &self,
        method: &Method,
        named: Vec<StateName>,
        given: Option<StateName>,
    ) -> Vec<StateName> {
        let Some(given) = given else { return named };
        let agrees = matches!(&*named, [one] if last(one) == last(&given));
        if !named.is_empty() && !agrees {
            let (name, state) = (&method.sig.ident, crate::names::pretty(&given));
            let whole = self.state;
            self.report.on(
                &given,
                format!(
                    "`{name}` is given `{state}`, so it is called in that state alone: remove the \
                     list of states, or take `state: &mut {whole}`"
                ),
            );
        }
        vec![given]
    }

    fn timer(&self, method: &Method, options: &mut Options) -> Timer {
        let report = self.report;
        let state = options.flag("state", report);
        let event = options.flag("event", report);
        let name = options.expr("name", report);
        let is_set = [state.is_some(), event.is_some(), name.is_some()];
        if is_set.iter().filter(|set| **set).count() > 1 {
            report.on(
                &method.sig.ident,
                "a time-out is one of `state`, `event` and `name = \"..\"`: choose one",
            );
        }
        match (state, event, name) {
            (Some(_), ..) => Timer::State,
            (_, Some(_), _) => Timer::Event,
            (_, _, Some(syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(name), .. }))) => {
                Timer::Named(name.value())
            }
            (_, _, Some(other)) => {
                report.on(other, "`name` is a text, as in `name = \"grace\"`");
                Timer::State
            }
            (None, None, None) => {
                use syn::ext::IdentExt as _;
                Timer::Named(method.sig.ident.unraw().to_string())
            }
        }
    }

    /// Takes off the parameters that only a machine's methods have.
    fn strip(&self, method: &Method) -> Stripped {
        let mut given = None;
        let (mut arguments, mut inputs) = (Vec::new(), syn::punctuated::Punctuated::new());
        for input in &method.sig.inputs {
            let FnArg::Typed(typed) = input else {
                inputs.push(input.clone());
                continue;
            };
            let own = self.own(&typed.ty, &mut given);
            if own.is_none() {
                inputs.push(input.clone());
            }
            arguments.push(own);
        }
        let Method { attrs, vis, sig, body } = method;
        let sig = syn::Signature { inputs, ..sig.clone() };
        let method = Method { attrs: attrs.clone(), vis: vis.clone(), sig, body: body.clone() };
        Stripped { method, arguments, given }
    }

    fn own(&self, ty: &Type, given: &mut Option<StateName>) -> Option<WayArgument> {
        let report = self.report;
        let (name, arguments) = last_segment(ty).map_or((None, None), |(a, b)| (Some(a), Some(b)));
        if let (Some(name), Some(arguments)) = (name, arguments) {
            if name == "StateContext" {
                let text = "the context belongs to the process and is only lent: write \
                            `cx: &mut StateContext<Self>`";
                report.on(ty, text);
                return Some(WayArgument::Context);
            }
            if let (true, [Type::Reference(old)]) = (name == "Option", &*type_arguments(arguments))
            {
                let whole = last_segment(&old.elem).is_some_and(|(name, _)| name == self.state);
                return whole.then_some(WayArgument::Old);
            }
            return None;
        }
        let Type::Reference(reference) = ty else { return None };
        let Type::Path(path) = &*reference.elem else { return None };
        let name = last(&path.path)?;
        if name == "StateContext" {
            return Some(WayArgument::Context);
        }
        if name == "Context" {
            let text = "the handlers of a state machine are given more than a context: write \
                        `&mut StateContext<Self>`";
            report.on(ty, text);
            return Some(WayArgument::Context);
        }
        if name == self.state {
            return Some(WayArgument::Whole);
        }
        let is_state = self.known.iter().any(|state| last(state) == Some(name));
        if !is_state {
            return None;
        }
        if given.is_some() {
            report.on(ty, "a machine is in one state at a time: remove one of the two parameters");
        }
        *given = Some(path.path.clone());
        Some(WayArgument::State)
    }
}

/// The options of a marker.
fn options_of(marker: &str) -> &'static [&'static str] {
    match marker {
        "call" => &["in", "event", "postpone", "ignore", "timeout", "result", "on_err", "yields"],
        "timeout" => &["state", "event", "name", "in", "postpone", "ignore", "on_err", "yields"],
        "exit" | "down" => &["in", "postpone", "ignore"],
        _ => &["in", "event", "postpone", "ignore", "on_err", "yields"],
    }
}

/// The parameters in the order written: the machine's own, and between them the rest.
fn merge(own: Vec<Option<WayArgument>>, rest: Vec<WayArgument>) -> Vec<WayArgument> {
    let mut rest = rest.into_iter();
    own.into_iter().filter_map(|own| own.or_else(|| rest.next())).collect()
}

fn given(hook: Hook) -> Vec<WayArgument> {
    let arguments = hook.arguments.into_iter().map(|argument| match argument {
        HookArgument::Context => WayArgument::Context,
        HookArgument::Given(at) => WayArgument::Given(at),
    });
    arguments.collect()
}
