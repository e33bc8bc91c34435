use actor_core::prelude::*;

#[derive(Process)]
union Account { a: u8, b: i8 }
#[handlers]
impl Account {}

fn main() {}
