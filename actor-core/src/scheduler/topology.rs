//! Which CPU each worker sits on, and whom it robs first.
//!
//! Pure but for `here`: the files of the kernel are read through a function, so a test can lay out
//! any machine. Missing files mean a flat machine: CPUs in plain order, everybody equally near.

use std::fs;

/// Where the kernel describes CPUs.
const ROOT: &str = "/sys/devices/system/cpu";

/// A place for each worker.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// The CPU of each worker.
    pub(super) cpus: Vec<usize>,
    /// For each worker the other workers in rings, nearest ring first.
    pub(super) rings: Vec<Vec<Vec<usize>>>,
}

/// Plans `workers` on the CPUs of this machine that `allowed` names.
pub(super) fn here(allowed: &[usize], workers: usize) -> Plan {
    plan(allowed, workers, &|path| fs::read_to_string(path).ok())
}

/// Plans `workers` on `allowed`, with `read` to read a file of the kernel.
fn plan(allowed: &[usize], workers: usize, read: &dyn Fn(&str) -> Option<String>) -> Plan {
    let places: Vec<Place> = allowed.iter().map(|cpu| Place::read(*cpu, read)).collect();
    let order = physical_cores_first(&places);
    // More workers than CPUs share them in turn.
    let seats: Vec<Place> = order.iter().copied().cycle().take(workers).collect();
    let rings = (0..seats.len()).map(|worker| rings(worker, &seats)).collect();
    // With no CPU known there is nothing to cycle through: leave all unpinned and equally near.
    if seats.is_empty() {
        let flat = (0..workers).map(|me| vec![(0..workers).filter(|w| *w != me).collect()]);
        return Plan { cpus: Vec::new(), rings: flat.collect() };
    }
    Plan { cpus: seats.iter().map(|place| place.cpu).collect(), rings }
}

/// Where a CPU sits. `None` where the kernel does not say.
#[derive(Clone, Copy)]
struct Place {
    cpu: usize,
    package: Option<usize>,
    cache: Option<usize>,
    core: Option<usize>,
}

impl Place {
    fn read(cpu: usize, read: &dyn Fn(&str) -> Option<String>) -> Self {
        let number = |file: &str| {
            // A core id may be -1 where the kernel does not know: that is not a number here.
            read(&format!("{ROOT}/cpu{cpu}/{file}")).and_then(|text| text.trim().parse().ok())
        };
        Self {
            cpu,
            package: number("topology/physical_package_id"),
            cache: number("cache/index3/id"),
            core: number("topology/core_id"),
        }
    }

    /// Core ids repeat between packages.
    fn same_core(self, other: Self) -> bool {
        self.core.is_some() && (self.package, self.core) == (other.package, other.core)
    }

    /// 0 on one core, 1 on one cache, 2 in one package, 3 beyond.
    fn distance(self, other: Self) -> usize {
        if self.same_core(other) || self.cpu == other.cpu {
            0
        } else if self.package != other.package {
            3
        } else if self.cache.is_some() && self.cache == other.cache {
            1
        } else {
            2
        }
    }
}

/// One CPU of every core, then the second of every core, and so on.
fn physical_cores_first(places: &[Place]) -> Vec<Place> {
    let rank = |index: usize| {
        places[..index].iter().filter(|before| before.same_core(places[index])).count()
    };
    let mut order: Vec<(usize, Place)> =
        places.iter().enumerate().map(|(index, place)| (rank(index), *place)).collect();
    // Stable: within a rank the CPUs stay in plain order.
    order.sort_by_key(|(rank, _)| *rank);
    order.into_iter().map(|(_, place)| place).collect()
}

fn rings(worker: usize, seats: &[Place]) -> Vec<Vec<usize>> {
    let mut rings = vec![Vec::new(); 4];
    for (other, place) in seats.iter().enumerate().filter(|(other, _)| *other != worker) {
        rings[seats[worker].distance(*place)].push(other);
    }
    rings.retain(|ring| !ring.is_empty());
    rings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two packages of two cores of two threads; CPU numbers as Linux usually gives them.
    fn two_sockets(path: &str) -> Option<String> {
        let (cpu, file) = path.strip_prefix(ROOT)?.strip_prefix("/cpu")?.split_once('/')?;
        let cpu: usize = cpu.parse().ok()?;
        let core = cpu % 4;
        match file {
            "topology/physical_package_id" | "cache/index3/id" => Some(format!("{}\n", core / 2)),
            "topology/core_id" => Some(format!("{}\n", core % 2)),
            _ => None,
        }
    }

    #[test]
    fn physical_cores_come_before_their_second_threads() {
        let plan = plan(&[0, 4, 1, 5, 2, 6, 3, 7], 8, &two_sockets);
        assert_eq!(plan.cpus, [0, 1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn the_nearest_are_robbed_first() {
        let plan = plan(&[0, 1, 2, 3, 4, 5, 6, 7], 8, &two_sockets);
        assert_eq!(plan.rings[0], [vec![4], vec![1, 5], vec![2, 3, 6, 7]]);
    }

    #[test]
    fn only_allowed_cpus_are_used() {
        let plan = plan(&[3, 5], 2, &two_sockets);
        assert_eq!(plan.cpus, [3, 5]);
        assert_eq!(plan.rings, [vec![vec![1]], vec![vec![0]]]);
    }

    #[test]
    fn without_the_kernels_files_the_machine_is_flat() {
        let plan = plan(&[2, 3, 9], 3, &|_| None);
        assert_eq!(plan.cpus, [2, 3, 9]);
        assert_eq!(plan.rings[1], [vec![0, 2]]);
    }

    #[test]
    fn more_workers_than_cpus_share_them() {
        let plan = plan(&[0, 1], 3, &two_sockets);
        assert_eq!(plan.cpus, [0, 1, 0]);
        assert_eq!(plan.rings[2], [vec![0], vec![1]]);
    }

    #[test]
    fn with_no_cpu_known_there_are_still_victims() {
        let plan = plan(&[], 2, &two_sockets);
        assert_eq!(plan, Plan { cpus: vec![], rings: vec![vec![vec![1]], vec![vec![0]]] });
    }
}
