pub mod db;
pub mod error;
