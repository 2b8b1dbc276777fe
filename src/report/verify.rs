//! The verdict of `verify`, for people and as JSON.

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

use super::OneLine;
use super::proof::{self, About};
use crate::rotate::verify::{Verdict, Verified};

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VerifyReport {
    /// `verified`, or `not_verified`.
    pub status: &'static str,
    pub total_records: u64,
    pub processed_records: u64,
    pub failed_records: u64,
    pub remaining_records: u64,
    pub accepted_records: u64,
    pub current_keys: Vec<String>,
    pub proof: Value,
    pub tables: Vec<Value>,
    pub standbys_behind: Vec<String>,
    pub advice: Vec<String>,
}

/// `columns` are those it is about, `left_out` names what of the configuration is no part of it.
pub fn of(
    verdict: &Verdict,
    current_keys: Vec<String>,
    columns: &[String],
    left_out: &[String],
) -> VerifyReport {
    let sum = |of: fn(&Verified) -> u64| verdict.tables.iter().map(of).sum::<u64>();
    let remaining = sum(|t| t.remaining);
    let (processed, failed) = (sum(|t| t.current), sum(|t| t.failed));
    VerifyReport {
        status: if verdict.is_good() { "verified" } else { "not_verified" },
        total_records: processed + failed + remaining,
        processed_records: processed,
        failed_records: failed,
        remaining_records: remaining,
        accepted_records: sum(|t| t.accepted),
        current_keys,
        proof: proof_of(verdict),
        tables: verdict.tables.iter().map(table).collect(),
        standbys_behind: verdict.standbys_behind.clone(),
        advice: advice(verdict, columns, left_out),
    }
}

fn proof_of(verdict: &Verdict) -> Value {
    let moment = &verdict.moment;
    let mut proof = json!({
        "moment": moment.time, "lsn": moment.lsn, "timeline": moment.timeline,
        "walks": verdict.walks, "found_in_close": verdict.found_in_close,
    });
    if !verdict.key_services.is_empty() {
        proof["key_services"] = verdict.key_services.clone().into();
    }
    proof
}

fn table(verified: &Verified) -> Value {
    json!({
        "table": verified.table,
        "total_records": verified.current + verified.failed + verified.remaining,
        "processed_records": verified.current,
        "failed_records": verified.failed,
        "remaining_records": verified.remaining,
    })
}

fn advice(verdict: &Verdict, columns: &[String], left_out: &[String]) -> Vec<String> {
    if !verdict.is_good() {
        return vec![
            "values are left that the current key does not open: keep the previous keys and run \
             `reseal run`"
                .to_owned(),
        ];
    }
    let accepted = verdict.tables.iter().map(|t| t.accepted).sum();
    let about = About { columns, left_out, accepted };
    let mut advice = proof::advice(&verdict.moment.time, about);
    advice.extend(proof::standbys(&verdict.standbys_behind));
    advice
}

impl fmt::Display for VerifyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: of {} records the current key opens {}, {} need another key, {} cannot be read",
            self.status,
            self.total_records,
            self.processed_records,
            self.remaining_records,
            self.failed_records
        )?;
        if self.accepted_records > 0 {
            write!(f, "\n  accepted   {}", self.accepted_records)?;
        }
        proof::write(f, &self.proof)?;
        for advice in &self.advice {
            write!(f, "\n  next       {}", OneLine(advice))?;
        }
        Ok(())
    }
}
