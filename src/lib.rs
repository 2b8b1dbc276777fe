pub mod crypto;
pub mod error;
