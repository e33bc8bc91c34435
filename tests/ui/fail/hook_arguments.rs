use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[exit]
    fn gone(&mut self, from: Pid) { let _ = from; }
    #[init]
    fn begin(&mut self, size: usize) { let _ = size; }
    #[terminate]
    fn end(&mut self, reason: ExitReason) { let _ = reason; }
}

fn main() {}
