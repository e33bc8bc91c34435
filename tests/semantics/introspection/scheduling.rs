//! What the scheduler and the limits promise.
