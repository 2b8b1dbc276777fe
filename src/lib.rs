pub mod crypto;
pub mod demo;
pub mod error;
pub mod layout;
