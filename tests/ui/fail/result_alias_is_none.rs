use actor_core::prelude::*;

type Result = u8;

#[derive(Process)]
struct Account;
#[handlers]
impl Account {
    #[call]
    fn size(&self) -> Result { 0 }
}

fn main() {}
