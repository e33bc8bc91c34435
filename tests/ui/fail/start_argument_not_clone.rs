use actor_core::prelude::*;

#[derive(Process)]
struct Teller;
#[handlers]
impl Teller {}

struct Key;

#[derive(Supervisor)]
struct Bank;
#[supervisor]
impl Bank {
    #[child(dynamic)]
    fn teller(&self, key: Key) -> Teller { let _ = key; Teller }
}

fn main() {}
