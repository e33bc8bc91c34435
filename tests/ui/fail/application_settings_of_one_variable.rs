use actor_core::prelude::*;

#[derive(Application)]
struct Shop {
    max_size: usize,
    #[env(key = "max.size")]
    size: usize,
}

fn main() {}
