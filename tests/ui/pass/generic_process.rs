use actor_core::prelude::*;
use std::collections::BTreeMap;

#[derive(Process)]
struct Cache<K, V, const N: usize> { map: BTreeMap<K, V>, spare: [u8; N] }

#[handlers]
impl<K: Ord, V: Clone, const N: usize> Cache<K, V, N> {
    #[call]
    fn get(&self, key: K) -> Option<V> { self.map.get(&key).cloned() }
    #[call]
    fn values(&self) -> Vec<V> { self.map.values().cloned().collect() }
    #[call]
    fn spare(&self) -> usize { self.spare.len() }
}

fn uses(cache: &CacheRef<u8, String, 3>) { let _ = (cache.get(1), cache.values()); }

fn main() { let _ = uses; }
