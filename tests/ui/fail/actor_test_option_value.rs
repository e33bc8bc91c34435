use actor_testkit::{TestKit, actor_test};

#[actor_test(schedules)]
async fn no_value(_t: TestKit) {}

#[actor_test(schedules = "5")]
async fn no_number(_t: TestKit) {}

#[actor_test(max_steps = 0)]
async fn no_steps(_t: TestKit) {}

#[actor_test(seed = 1 + 1)]
async fn no_literal(_t: TestKit) {}

#[actor_test(seed = 1, seed = 2)]
async fn twice(_t: TestKit) {}

#[actor_test(time = "never", leaks = true)]
async fn other_words(_t: TestKit) {}

fn main() {}
