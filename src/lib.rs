pub mod crypto;
pub mod error;
pub mod keys;
pub mod layout;
pub mod rotate;
