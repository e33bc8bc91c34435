use actor_core::prelude::*;

#[derive(Process)]
struct Parser<'a> { text: &'a str }

fn main() {}
