use actor_core::prelude::*;

#[derive(Process)]
struct Account;
#[handlers]
impl Account {
    #[init]
    fn begin(&mut self) -> u8 { 0 }
    #[down]
    fn gone(&mut self, down: Down) -> Option<u8> { let _ = down; None }
}

fn main() {}
