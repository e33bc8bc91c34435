use actor_core::prelude::*;

#[derive(Default)]
struct Colour;

#[derive(Application)]
struct Shop {
    colour: Colour,
    #[env(default)]
    other: Colour,
    words: Option<Vec<String>>,
}

fn main() {}
