//! Which children stop, which start, and in which order: pure.
//!
//! The supervisor asks two questions. *Is the dead child restarted at all?* ([`after_exit`]) and,
//! if it is, *who else is touched?* ([`plan`]). The answers are lists of keys; carrying them out,
//! waiting, failing and trying again are the supervisor's business.
//!
//! A retry after a failed restart asks `plan` again with the child that failed as the dead one.
//! That alone gives OTP's behaviour: under `OneForAll` those that had already started stop again
//! and the whole group is tried; under `RestForOne` those before the failed one keep running.

use crate::exit::ExitReason;

/// Which other children a child's death touches.
///
/// ```
/// use actor_core::supervisor::{Strategy, SupervisorSpec};
/// let spec = SupervisorSpec::new("bank").strategy(Strategy::RestForOne);
/// assert!(spec.to_string().starts_with("bank  rest_for_one"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Strategy {
    /// Only the dead child is restarted.
    #[default]
    OneForOne,
    /// All others stop in reverse start order, then all start in start order.
    OneForAll,
    /// Those started after the dead one stop in reverse start order, then it and those start in
    /// start order. Those before it are not touched.
    RestForOne,
}

/// When a child that ended is started again.
///
/// ```
/// use actor_core::supervisor::Restart;
/// assert_eq!(Restart::default(), Restart::Permanent);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Restart {
    /// Always, also after a normal end.
    #[default]
    Permanent,
    /// Unless it ended with `Normal`, `Shutdown` or `ShutdownWith`.
    Transient,
    /// Never; the supervisor forgets it when it ends.
    Temporary,
}

/// Whether a supervisor ends when its significant children have: those whose end is the end of
/// what the tree is for. [`ChildSpec::significant`](super::ChildSpec::significant) says when the
/// end of one counts.
///
/// Then the others stop in reverse start order, and the supervisor's reason is `Shutdown`, which is
/// a normal one: it climbs if the supervisor is itself a significant child of its own.
///
/// ```
/// use actor_core::supervisor::{AutoShutdown, SupervisorSpec};
/// let spec = SupervisorSpec::new("import").auto_shutdown(AutoShutdown::AllSignificant);
/// assert_eq!(
///     spec.to_string(),
///     "import  one_for_one, intensity 1 in 5s, auto_shutdown all_significant"
/// );
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AutoShutdown {
    /// Not by itself; then no child may be significant.
    #[default]
    Never,
    /// When one of them has ended.
    AnySignificant,
    /// When the last one that was active has ended: one that waits to be restarted is active, one
    /// that chose not to start, had ended before or was terminated is not.
    AllSignificant,
}

impl AutoShutdown {
    /// Whether the end of a significant child is its supervisor's; `left` says whether another one
    /// is active.
    pub(crate) fn ends(self, left: impl FnOnce() -> bool) -> bool {
        match self {
            Self::Never => false,
            Self::AnySignificant => true,
            Self::AllSignificant => !left(),
        }
    }
}

/// What a supervisor does about a child that ended by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum AfterExit {
    /// Restart it, and with it whom the strategy says.
    Restart,
    /// Leave it stopped; it can be started by hand.
    Keep,
    /// Drop it with its spec.
    Forget,
}

/// The restart decision.
pub(crate) fn after_exit(restart: Restart, reason: &ExitReason) -> AfterExit {
    match restart {
        Restart::Permanent => AfterExit::Restart,
        Restart::Transient if reason.is_normal() => AfterExit::Keep,
        Restart::Transient => AfterExit::Restart,
        Restart::Temporary => AfterExit::Forget,
    }
}

/// What a strategy needs to know of a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// Whether it has a live process.
    pub(crate) running: bool,
    /// Temporary children that are caught in a group restart are not started again.
    pub(crate) restart: Restart,
}

/// A group restart in three lists, to be carried out in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) struct Plan<K> {
    /// Stop these, one after the other.
    pub(crate) stop: Vec<K>,
    /// Then forget these (they may also be in `stop`).
    pub(crate) forget: Vec<K>,
    /// Then start these, one after the other; on a failure stop there and try again later.
    pub(crate) start: Vec<K>,
}

/// Whom the restart of `dead` touches. `children` are all children in start order, `dead` is
/// among them and has no process.
///
/// Children in range that were not running (a transient one that finished, one that was stopped by
/// hand) are started too, as in OTP.
pub(crate) fn plan<K: Copy + Eq>(
    strategy: Strategy,
    children: impl Iterator<Item = (K, Standing)>,
    dead: K,
) -> Plan<K> {
    let mut plan = Plan { stop: Vec::new(), forget: Vec::new(), start: Vec::new() };
    if strategy == Strategy::OneForOne {
        plan.start.push(dead);
        return plan;
    }
    let mut in_range = strategy == Strategy::OneForAll;
    for (key, child) in children {
        in_range |= key == dead;
        if !in_range {
            continue;
        }
        if child.running && key != dead {
            plan.stop.push(key);
        }
        if child.restart == Restart::Temporary && key != dead {
            plan.forget.push(key);
        } else {
            plan.start.push(key);
        }
    }
    plan.stop.reverse();
    plan
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{
        Strategy as Generator, any, prop, prop_assert, prop_assert_eq, proptest,
    };

    use super::*;

    const P: Standing = Standing { running: true, restart: Restart::Permanent };
    const T: Standing = Standing { running: true, restart: Restart::Temporary };
    const DEAD: Standing = Standing { running: false, restart: Restart::Permanent };

    fn check(
        strategy: Strategy,
        children: &[Standing],
        stop: &[usize],
        forget: &[usize],
        start: &[usize],
    ) {
        let dead = 2;
        let plan = plan(strategy, children.iter().copied().enumerate(), dead);
        assert_eq!((&*plan.stop, &*plan.forget, &*plan.start), (stop, forget, start));
    }

    #[test]
    fn a_permanent_child_is_always_restarted_and_a_temporary_one_never() {
        for reason in [ExitReason::Normal, ExitReason::Shutdown, ExitReason::Killed] {
            assert_eq!(after_exit(Restart::Permanent, &reason), AfterExit::Restart);
            assert_eq!(after_exit(Restart::Temporary, &reason), AfterExit::Forget);
        }
    }

    #[test]
    fn a_transient_child_is_restarted_unless_it_ended_normally() {
        let why = ExitReason::ShutdownWith("done".into());
        for reason in [ExitReason::Normal, ExitReason::Shutdown, why] {
            assert_eq!(after_exit(Restart::Transient, &reason), AfterExit::Keep);
        }
        for reason in [ExitReason::Killed, ExitReason::NoProc, ExitReason::error("x")] {
            assert_eq!(after_exit(Restart::Transient, &reason), AfterExit::Restart);
        }
    }

    #[test]
    fn one_for_one_touches_nobody_else() {
        check(Strategy::OneForOne, &[P, P, DEAD, P], &[], &[], &[2]);
    }

    #[test]
    fn one_for_all_stops_in_reverse_and_starts_all_in_order() {
        check(Strategy::OneForAll, &[P, P, DEAD, P], &[3, 1, 0], &[], &[0, 1, 2, 3]);
    }

    #[test]
    fn rest_for_one_leaves_earlier_children_alone() {
        check(Strategy::RestForOne, &[P, P, DEAD, P, P], &[4, 3], &[], &[2, 3, 4]);
    }

    #[test]
    fn a_temporary_bystander_is_stopped_and_forgotten() {
        check(Strategy::OneForAll, &[T, P, DEAD, T], &[3, 1, 0], &[0, 3], &[1, 2]);
        check(Strategy::RestForOne, &[T, P, DEAD, T], &[3], &[3], &[2]);
    }

    #[test]
    fn a_bystander_that_was_stopped_is_started_too() {
        check(Strategy::OneForAll, &[DEAD, P, DEAD, DEAD], &[1], &[], &[0, 1, 2, 3]);
    }

    fn a_child() -> impl Generator<Value = Standing> {
        let restart =
            prop::sample::select(vec![Restart::Permanent, Restart::Transient, Restart::Temporary]);
        (any::<bool>(), restart).prop_map(|(running, restart)| Standing { running, restart })
    }

    proptest! {
        #[test]
        fn every_child_in_range_is_started_or_forgotten_and_no_other_is_touched(
            mut children in prop::collection::vec(a_child(), 1..12),
            dead in any::<prop::sample::Index>(),
        ) {
            let dead = dead.index(children.len());
            children[dead] = DEAD;
            for (strategy, first, end) in [
                (Strategy::OneForOne, dead, dead + 1),
                (Strategy::OneForAll, 0, children.len()),
                (Strategy::RestForOne, dead, children.len()),
            ] {
                let plan = plan(strategy, children.iter().copied().enumerate(), dead);
                let mut touched = [plan.start.clone(), plan.forget.clone()].concat();
                touched.sort_unstable();
                prop_assert_eq!(touched, (first..end).collect::<Vec<_>>());
                prop_assert!(plan.start.is_sorted() && plan.stop.iter().rev().is_sorted());
                let running =
                    (first..end).rev().filter(|i| children[*i].running).collect::<Vec<_>>();
                prop_assert_eq!(&plan.stop, &running);
                prop_assert!(plan.start.contains(&dead));
            }
        }
    }
}
