//! Amounts in people's words.

use std::time::Duration;

/// `12 s`.
pub fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs())
}

/// `3.9 KiB`, `48 MiB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "KiB", "MiB", "GiB", "TiB"];
    #[expect(clippy::cast_precision_loss, reason = "rounded to a tenth anyway")]
    let mut amount = bytes as f64;
    let mut unit = 0;
    while amount >= 1024.0 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(amount < 10.0 && amount.fract() >= 0.05);
    format!("{amount:.digits$} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_the_unit_that_fits() {
        for (amount, text) in [
            (0, "0 bytes"),
            (1_023, "1023 bytes"),
            (4_000, "3.9 KiB"),
            (48 << 20, "48 MiB"),
            (5 << 40, "5 TiB"),
            (9_000 << 40, "9000 TiB"),
        ] {
            assert_eq!(bytes(amount), text);
        }
    }
}
