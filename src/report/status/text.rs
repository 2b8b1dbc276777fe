//! A run for people: a line a thing, none for what there is nothing to say about.

use std::fmt;

use super::StatusReport;
use crate::report::{OneLine, proof};

impl fmt::Display for StatusReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.run_id {
            Some(run_id) => write!(f, "run {run_id}: {}", self.status)?,
            None => return write!(f, "{}: no run has been started", self.status),
        }
        let about = if self.total_is_estimate { "about " } else { "" };
        write!(
            f,
            "\n  records    {about}{} total, {} processed, {} failed, {} remaining",
            self.total_records, self.processed_records, self.failed_records, self.remaining_records
        )?;
        if self.accepted_records > 0 {
            write!(f, "\n  accepted   {} of the failed", self.accepted_records)?;
        }
        write!(
            f,
            "\n  work       {} resealed, {} conflicts, {} passes",
            self.resealed_records, self.conflicts, self.passes
        )?;
        for ring in &self.rings {
            let previous = ring.previous.join(", ");
            let from = if previous.is_empty() { "none" } else { &previous };
            let ring = OneLine(format_args!("{}: current {}", ring.ring, ring.current));
            write!(f, "\n  keys       {ring}, previous {from}")?;
        }
        if let Some(key) = self.current_key.as_ref().filter(|_| self.rings.is_empty()) {
            let previous = self.previous_keys.join(", ");
            let from = if previous.is_empty() { "none".to_owned() } else { previous };
            write!(f, "\n  keys       current {key}, previous {from}")?;
        }
        if let Some(started) = &self.started_at {
            let ended = self.completed_at.as_deref().unwrap_or("not yet");
            write!(f, "\n  time       started {started}, ended {ended}")?;
        }
        if let Some(proof) = &self.proof {
            proof::write(f, proof)?;
        }
        for wait in &self.waiting {
            write!(f, "\n  waiting    {}", OneLine(&wait.text))?;
        }
        if let Some(rate) = self.rows_per_second {
            write!(f, "\n  set        {rate} rows a second in each process")?;
        }
        if let Some(workers) = self.workers {
            write!(f, "\n  set        {workers} workers in each process")?;
        }
        if let Some(reason) = &self.reason {
            write!(f, "\n  reason     {}", OneLine(reason))?;
        }
        for table in &self.tables {
            write!(
                f,
                "\n  table      {}: {} records, {} processed, {} resealed, {} failed",
                OneLine(&table.table),
                table.total_records,
                table.processed_records,
                table.resealed_records,
                table.failed_records
            )?;
        }
        for advice in &self.advice {
            write!(f, "\n  next       {}", OneLine(advice))?;
        }
        Ok(())
    }
}
