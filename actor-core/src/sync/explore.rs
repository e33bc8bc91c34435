//! How a model is explored: wholly by `loom`, by chance by `shuttle`.

/// Tries the model in every schedule with so many forced switches at most.
#[cfg(not(shuttle))]
pub(crate) fn explore(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// Tries it in every schedule, or in those that `LOOM_MAX_PREEMPTIONS` allows.
#[cfg(not(shuttle))]
pub(crate) fn explore_all(model: impl Fn() + Send + Sync + 'static) {
    loom::model(model);
}

/// As [`explore`].
#[cfg(shuttle)]
pub(crate) fn explore_all(model: impl Fn() + Send + Sync + 'static) {
    explore(3, model);
}

/// Tries the model in schedules by chance, as many as `SHUTTLE_RUNS` says: half of them with a
/// switch possible at every step, half with few switches at steps that are chosen before (PCT).
#[cfg(shuttle)]
pub(crate) fn explore(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let runs = std::env::var("SHUTTLE_RUNS").ok().and_then(|text| text.parse().ok());
    let runs = runs.unwrap_or(1_000_usize).max(2);
    let model = std::sync::Arc::new(model);
    let again = std::sync::Arc::clone(&model);
    shuttle::check_random(move || model(), runs / 2);
    shuttle::check_pct(move || again(), runs / 2, preemptions + 1);
}

/// What models build their own world of, beside what they are about: atomics that are not
/// announced, so that `loom` has less to try, and a wait.
#[cfg(not(shuttle))]
pub(crate) mod world {
    pub(crate) use loom::sync::{
        Notify,
        atomic::{AtomicBool, AtomicUsize},
    };
}

/// The same for `shuttle`.
#[cfg(shuttle)]
pub(crate) mod world {
    pub(crate) use crate::sync::{AtomicBool, AtomicUsize};
    use crate::sync::{Condvar, Mutex};

    /// What one waits for that another tells; if that is first, there is no wait.
    #[derive(Default)]
    pub(crate) struct Notify(Mutex<bool>, Condvar);

    impl Notify {
        pub(crate) fn new() -> Self {
            Self::default()
        }

        pub(crate) fn notify(&self) {
            *self.0.lock() = true;
            self.1.notify_one();
        }

        pub(crate) fn wait(&self) {
            let mut told = self.0.lock();
            while !*told {
                told = self.1.wait(told);
            }
            *told = false;
        }
    }
}
