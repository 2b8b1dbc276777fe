//! What must be so for the demo to go on; each is an error that says what was found instead.

use serde_json::{Value, json};

use super::child::Ended;
use crate::error::{Error, ExitCode, Result};

impl Ended {
    /// The command ended with this exit code, else the error shows what it said.
    pub fn expect(self, code: ExitCode) -> Result<Self> {
        if self.code == Some(code as i32) {
            return Ok(self);
        }
        let found = self.code.map_or("ended by a signal".to_owned(), |code| format!("exit {code}"));
        Err(broken(&self, format!("{found}, where {} was expected", code as i32))
            .hint(format!("it said:\n{}{}", self.stdout, self.stderr)))
    }

    /// Its JSON holds this value at the place (as in `/checks/key_valid`).
    pub fn expect_field(&self, place: &str, expected: impl Into<Value>) -> Result<()> {
        let (document, expected) = (self.json()?, expected.into());
        let found = document.pointer(place);
        if found == Some(&expected) || (found.is_none() && expected.is_null()) {
            return Ok(());
        }
        let found = found.map_or("nothing".to_owned(), Value::to_string);
        Err(broken(self, format!("{place} is {found}, where {expected} was expected")))
    }

    /// A count of its JSON.
    pub fn count(&self, place: &str) -> Result<u64> {
        let document = self.json()?;
        document
            .pointer(place)
            .and_then(Value::as_u64)
            .ok_or_else(|| broken(self, format!("{place} is not a count")))
    }

    /// The runbook's health, exactly.
    pub fn expect_health(&self, dual_key_mode: bool) -> Result<()> {
        let mut expected = json!({
            "status": "healthy",
            "dual_key_mode": dual_key_mode,
            "checks": { "key_valid": true, "round_trip": true },
        });
        if dual_key_mode {
            expected["checks"]["previous_key_valid"] = true.into();
        }
        self.expect_field("", expected)
    }

    /// A run that ended with its proof: all values under the current key, and the counts add up.
    pub fn expect_completed(&self) -> Result<()> {
        self.expect_field("/status", "completed")?;
        self.expect_field("/failed_records", 0)?;
        self.expect_field("/remaining_records", 0)?;
        self.expect_field("/processed_records", self.count("/total_records")?)
    }
}

fn broken(ended: &Ended, what: String) -> Error {
    Error::bug(what).at(format!("reseal {}", ended.words))
}
