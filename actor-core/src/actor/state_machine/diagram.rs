//! The graph of a state machine, as text and for Mermaid. Pure: data in, text out.

use std::fmt::{self, Write as _};

/// The states of a machine and what leads from one to the other: `#[machine]` writes it from the
/// signatures of the handlers. It displays as text, a line for each transition; a `*` after an
/// event says that it does not change the state.
///
/// ```
/// use actor_core::prelude::*;
/// # #[derive(StateMachine)] struct Lamp;
/// # struct Off; struct On;
/// #[machine(initial = Off)]
/// impl Lamp {
///     #[cast(in = Off, ignore = _)] fn press(&mut self) -> To<On> { To::state(On) }
///     #[timeout(state, in = On)] fn go_out(&mut self) -> To<Off> { To::state(Off) }
///     #[call(in = On, postpone = Off)] fn watts(&self) -> u32 { 60 }
/// }
/// let text = "\
/// Lamp, at first Off
///   Off --press--> On
///   Off --watts (postponed)--> *
///   On --press (ignored)--> *
///   On --go_out (state time-out)--> Off
///   On --watts--> *
/// ";
/// assert_eq!(Lamp::diagram(), text);
/// assert!(Lamp::mermaid().contains("Off --> On: press"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Diagram {
    /// The machine's name.
    pub name: &'static str,
    /// The state it starts in.
    pub initial: &'static str,
    /// The states, the initial one first.
    pub states: &'static [&'static str],
    /// What leads where.
    pub arrows: &'static [Arrow],
}

/// What an event does in a state. The example of [`Diagram`] shows how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrow {
    /// The state.
    pub from: &'static str,
    /// The event.
    pub event: &'static str,
    /// What kind of event it is, or what happens to it, if that is to be said.
    pub note: &'static str,
    /// Where it may lead; the machine may stay in its state as well.
    pub to: &'static [&'static str],
}

impl fmt::Display for Arrow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.event)?;
        if self.note.is_empty() { Ok(()) } else { write!(f, " ({})", self.note) }
    }
}

impl Diagram {
    /// The graph in Mermaid's words; wherever Mermaid is rendered, it is a picture. Events that are
    /// ignored are left out, and those that change no state are listed under it.
    ///
    /// ```
    /// use actor_core::machine::{Arrow, Diagram};
    /// const PRESS: Arrow = Arrow { from: "Off", event: "press", note: "", to: &["On"] };
    /// let lamp =
    ///     Diagram { name: "Lamp", initial: "Off", states: &["Off", "On"], arrows: &[PRESS] };
    /// let text = "\
    /// stateDiagram-v2
    ///     [*] --> Off
    ///     Off --> On: press
    /// ";
    /// assert_eq!(lamp.mermaid(), text);
    /// ```
    pub fn mermaid(&self) -> String {
        let mut text = format!("stateDiagram-v2\n    [*] --> {}\n", self.initial);
        for arrow in self.arrows() {
            for to in arrow.to {
                let _ = writeln!(text, "    {} --> {to}: {arrow}", arrow.from);
            }
            if arrow.to.is_empty() && arrow.note != "ignored" {
                let _ = writeln!(text, "    {0} : {arrow}", arrow.from);
            }
        }
        text
    }

    /// State by state.
    fn arrows(&self) -> impl Iterator<Item = &Arrow> {
        let of = |state: &'static str| self.arrows.iter().filter(move |arrow| arrow.from == state);
        self.states.iter().flat_map(move |state| of(state))
    }
}

impl fmt::Display for Diagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, at first {}", self.name, self.initial)?;
        for arrow in self.arrows() {
            let to = if arrow.to.is_empty() { "*".to_owned() } else { arrow.to.join(" | ") };
            writeln!(f, "  {} --{arrow}--> {to}", arrow.from)?;
        }
        Ok(())
    }
}
