use actor_core::prelude::*;

#[derive(Process)]
struct Source<T>(T);

#[handlers]
impl<T: Clone> Source<T> {
    #[call]
    fn value(&self) -> T { self.0.clone() }
}

fn uses(source: &SourceRef<u8>) { let _ = source.value(); }

fn main() { let _ = uses; }
