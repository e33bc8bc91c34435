use actor_core::prelude::*;

#[derive(Process)]
#[process(mailbx = 10, priority = hihg)]
struct Account;
#[handlers]
impl Account {}

fn main() {}
