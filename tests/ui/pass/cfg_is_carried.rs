use actor_core::prelude::*;

#[derive(Process)]
struct Account;

#[handlers]
impl Account {
    #[cfg(any())]
    #[call]
    fn gone(&self) -> Missing { Missing }
    #[cfg(all())]
    #[call]
    fn size(&self) -> u8 { 0 }
    #[cfg(not(all()))]
    #[call]
    fn size(&self) -> Missing { Missing }
}

fn main() {}
