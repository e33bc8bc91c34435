//! Ordered tables: what only they do.

use actor_core::ets::{Table, TableAccess, TableError};

use crate::kit::{on, plain};
use crate::tables::made;

/// T.15: several entries of an ordered set go in at once: readers see all of them or none, and
/// without room for all none goes in.
#[test]
fn several_entries_of_an_ordered_set_go_in_in_one_step() {
    on(2, |rt| {
        let options = || Table::<u8, u64>::ordered_set().access(TableAccess::Public).limit(3);
        let table = made(&plain(rt), options).expect("room");
        table.insert_all([(1, 0), (2, 0), (1, 7)]).expect("room");
        assert_eq!(table.entries(), Ok(vec![(1, 7), (2, 0)]), "the last one of a key counts");
        assert_eq!(table.insert_all([(1, 9), (3, 9), (4, 9)]), Err(TableError::Full(3)));
        assert_eq!(table.entries(), Ok(vec![(1, 7), (2, 0)]), "none of them went in");
        table.insert_all([(1, 0), (2, 0)]).expect("room");
        let its = table.clone();
        let reader = std::thread::spawn(move || {
            loop {
                let all = its.entries().expect("there");
                assert_eq!(all[0].1, all[1].1, "halfway");
                if all[0].1 == u64::MAX {
                    return;
                }
            }
        });
        for number in (1..20_000).chain([u64::MAX]) {
            table.insert_all([(1, number), (2, number)]).expect("room");
        }
        reader.join().expect("it saw no half");
    });
}
