//! Supervisors at work.
