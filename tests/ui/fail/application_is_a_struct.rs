use actor_core::prelude::*;

#[derive(Application)]
enum Shop { Open, Closed }

#[derive(Application)]
struct Pair(u8, u8);

fn main() {}
