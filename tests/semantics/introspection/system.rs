//! What the runtime tells of itself.
