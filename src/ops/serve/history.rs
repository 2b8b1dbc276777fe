//! How many values this process had met at which time: as many points as a plot can show, over however
//! long a run.

use serde::Serialize;

/// When there are more, every second one is left out.
const POINTS_MAX: usize = 600;

/// The counters at one time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Since the start.
    pub seconds: f64,
    /// Values met.
    pub values: u64,
    pub resealed: u64,
}

#[derive(Debug)]
pub struct History {
    points: Vec<Point>,
    /// Of so many points that are offered, one is kept.
    every: u64,
    offered: u64,
}

impl Default for History {
    fn default() -> Self {
        Self { points: Vec::new(), every: 1, offered: 0 }
    }
}

impl History {
    pub fn offer(&mut self, point: Point) {
        if self.offered.is_multiple_of(self.every) {
            self.points.push(point);
        }
        self.offered += 1;
        if self.points.len() > POINTS_MAX {
            let mut number = 0_u32;
            self.points.retain(|_| {
                number += 1;
                number % 2 == 1
            });
            self.every *= 2;
        }
    }

    pub fn points(&self) -> &[Point] {
        &self.points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_has_as_many_points_as_a_short_one() {
        let mut history = History::default();
        for second in 0..100_000_u32 {
            let seconds = f64::from(second);
            history.offer(Point { seconds, values: second.into(), resealed: 0 });
        }
        let points = history.points();
        assert!((POINTS_MAX / 2..=POINTS_MAX).contains(&points.len()), "{}", points.len());
        assert_eq!(points[0].values, 0);
        let step = points[1].values;
        assert!(points.windows(2).all(|pair| pair[1].values - pair[0].values == step));
        assert!(points.last().unwrap().values >= 100_000 - step);
    }
}
