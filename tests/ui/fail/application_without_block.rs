use actor_core::{application::Applications, prelude::*};

#[derive(Application)]
struct Shop;

fn all() -> Applications {
    Applications::new().load::<Shop>()
}

fn main() {}
