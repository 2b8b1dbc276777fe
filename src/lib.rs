pub mod demo;
pub mod error;
