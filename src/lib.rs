pub mod db;
pub mod demo;
pub mod error;
