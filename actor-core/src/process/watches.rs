//! Those outside of any process who wait for the end of one: mostly nobody, sometimes one (a
//! supervisor that stops its child, a foreign thread), who then needs no room of its own.

use std::{iter, option, sync::Arc, vec};

use crate::signal::Watch;

/// See the module.
#[derive(Default)]
pub(crate) struct Watches {
    one: Option<Arc<dyn Watch>>,
    more: Vec<Arc<dyn Watch>>,
}

impl Watches {
    /// Remembers another one; forgets who has given up, each time the list has doubled.
    pub(super) fn add(&mut self, watch: Arc<dyn Watch>) {
        if self.one.as_ref().is_none_or(|one| !one.is_wanted()) {
            self.one = Some(watch);
            return;
        }
        if self.more.len() == self.more.capacity() {
            self.more.retain(|watch| watch.is_wanted());
        }
        self.more.push(watch);
    }

    /// Forgets who has given up, and gives back the room of what is not there.
    pub(super) fn shrink(&mut self) {
        self.one.take_if(|one| !one.is_wanted());
        self.more.retain(|watch| watch.is_wanted());
        self.more.shrink_to_fit();
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        usize::from(self.one.is_some()) + self.more.len()
    }

    /// How many bytes they take beside themselves.
    pub(super) fn size(&self) -> usize {
        self.more.capacity() * size_of::<Arc<dyn Watch>>()
    }
}

/// What there is to be told, one by one.
pub(crate) type IntoWatches =
    iter::Chain<option::IntoIter<Arc<dyn Watch>>, vec::IntoIter<Arc<dyn Watch>>>;

impl IntoIterator for Watches {
    type Item = Arc<dyn Watch>;
    type IntoIter = IntoWatches;

    fn into_iter(self) -> IntoWatches {
        self.one.into_iter().chain(self.more)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{exit::ExitReason, pid::Pid, sync::StaticMutex};

    /// Wanted or not.
    struct Waiting(StaticMutex<bool>);

    impl Watch for Waiting {
        fn ended(&self, _: Pid, _: &ExitReason) {}

        fn is_wanted(&self) -> bool {
            *self.0.lock()
        }
    }

    #[test]
    fn who_has_given_up_takes_no_room() {
        let mut watches = Watches::default();
        let waiting = |wanted| Arc::new(Waiting(StaticMutex::new(wanted)));
        (0..1000).for_each(|_| watches.add(waiting(false)));
        assert_eq!((watches.len(), watches.size()), (1, 0), "the last one");
        let kept = [waiting(true), waiting(true)];
        kept.iter().for_each(|watch| watches.add(watch.clone()));
        (0..1000).for_each(|_| watches.add(waiting(false)));
        assert!((3..20).contains(&watches.len()), "{}", watches.len());
        watches.shrink();
        assert_eq!((watches.len(), watches.size()), (2, 16));
        *kept[0].0.lock() = false;
        watches.shrink();
        assert_eq!((watches.len(), watches.into_iter().count()), (1, 1));
    }
}
