//! `reseal demo`: a whole key rotation on a throwaway server, told step by step.

pub mod server;
