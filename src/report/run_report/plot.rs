//! The rate over time as a picture: values a second between two points, as steps, in one SVG without a script.

use std::fmt::Write as _;

use crate::db::ledger::evidence::Point;

/// The picture in its own units, and the room for its scales.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 18.0;
const BOTTOM: f64 = 30.0;

/// Values a second from one point to the next.
struct Step {
    from: f64,
    to: f64,
    rate: f64,
}

/// `None` when there is no time in which anything was done. Only numbers come into it, so it needs no escaping.
pub fn svg(curve: &[Point]) -> Option<String> {
    let steps = steps(curve);
    let end = steps.last()?.to;
    let top = nice(steps.iter().map(|step| step.rate).fold(0.0, f64::max));
    if end <= 0.0 || top <= 0.0 {
        return None;
    }
    let x = |seconds: f64| LEFT + seconds / end * (WIDTH - LEFT - RIGHT);
    let y = |rate: f64| HEIGHT - BOTTOM - rate / top * (HEIGHT - TOP - BOTTOM);
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"values a second over time\">"
    );
    for quarter in 0..=4 {
        let rate = top * f64::from(quarter) / 4.0;
        let at = y(rate);
        let right = WIDTH - RIGHT;
        svg += &format!(
            "<path class=\"grid\" d=\"M{LEFT} {at:.1}H{right}\"/><text class=\"scale end\" x=\"{:.1}\" \
             y=\"{:.1}\">{}</text>",
            LEFT - 8.0,
            at + 4.0,
            short(rate)
        );
    }
    for quarter in 0..=4 {
        let seconds = end * f64::from(quarter) / 4.0;
        let side = ["start", "middle", "middle", "middle", "end"][quarter as usize];
        svg += &format!(
            "<text class=\"scale {side}\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            x(seconds),
            HEIGHT - 10.0,
            duration(seconds)
        );
    }
    let mut line = String::new();
    for (at, step) in steps.iter().enumerate() {
        let letter = if at == 0 { 'M' } else { 'L' };
        let written =
            write!(line, "{letter}{:.1} {:.1}H{:.1}", x(step.from), y(step.rate), x(step.to));
        written.expect("writing to a String cannot fail");
    }
    let (floor, start) = (y(0.0), x(steps.first()?.from));
    svg += &format!("<path class=\"area\" d=\"{line}V{floor:.1}H{start:.1}Z\"/>");
    svg += &format!("<path class=\"line\" d=\"{line}\"/>");
    for (seconds, pass) in passes(curve) {
        let at = x(seconds);
        svg += &format!(
            "<path class=\"pass\" d=\"M{at:.1} {TOP}V{floor:.1}\"/><text class=\"scale start\" x=\"{:.1}\" \
             y=\"{:.1}\">pass {pass}</text>",
            at + 4.0,
            TOP - 6.0
        );
    }
    Some(svg + "</svg>")
}

#[expect(clippy::cast_precision_loss, reason = "a picture")]
fn steps(curve: &[Point]) -> Vec<Step> {
    let pairs = curve.windows(2).filter(|pair| pair[1].seconds > pair[0].seconds);
    pairs
        .map(|pair| {
            let (from, to) = (pair[0].seconds, pair[1].seconds);
            let rate = (pair[1].values - pair[0].values).max(0) as f64 / (to - from);
            Step { from, to, rate }
        })
        .collect()
}

/// Where each pass begins, as far as the points tell.
fn passes(curve: &[Point]) -> Vec<(f64, i32)> {
    let mut begun = vec![];
    for point in curve {
        if begun.last().is_none_or(|(_, pass)| *pass < point.pass) {
            begun.push((point.seconds, point.pass));
        }
    }
    begun
}

/// The next of 1, 2, 4, 5, 10 … at or above it.
fn nice(value: f64) -> f64 {
    if value <= 0.0 {
        return 0.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    let steps = [1.0, 2.0, 4.0, 5.0, 8.0, 10.0];
    steps.into_iter().map(|step| step * power).find(|step| *step >= value).unwrap_or(value)
}

/// 1500 as `1.5 k`.
fn short(value: f64) -> String {
    let text = |value: f64, unit: &str| {
        let digits = if value.fract().abs() < 0.05 { 0 } else { 1 };
        format!("{value:.digits$}{unit}")
    };
    match value {
        value if value >= 1e6 => text(value / 1e6, " M"),
        value if value >= 1e3 => text(value / 1e3, " k"),
        value => text(value, ""),
    }
}

/// Seconds as people read them: `12 s`, `3 min 20 s`, `2 h 5 min`.
pub fn duration(seconds: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rounded, never negative"
    )]
    let whole = seconds.max(0.0).round() as u64;
    match whole {
        0..60 if seconds.fract() > 0.05 && whole < 10 => format!("{seconds:.1} s"),
        0..60 => format!("{whole} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(seconds: f64, pass: i32, values: i64) -> Point {
        Point { seconds, pass, values }
    }

    #[test]
    fn steps_are_values_a_second() {
        let curve = [point(0.0, 1, 0), point(2.0, 1, 100), point(2.0, 1, 100), point(4.0, 2, 400)];
        let rates: Vec<f64> = steps(&curve).iter().map(|step| step.rate).collect();
        assert_eq!(rates, [50.0, 150.0]);
        assert_eq!(passes(&curve), [(0.0, 1), (4.0, 2)]);
    }

    #[test]
    fn nothing_done_is_no_picture() {
        assert_eq!(svg(&[]), None);
        assert_eq!(svg(&[point(0.0, 1, 0), point(9.0, 1, 0)]), None);
        let drawn = svg(&[point(0.0, 1, 0), point(2.0, 1, 90)]).expect("a picture");
        assert!(drawn.starts_with("<svg ") && drawn.ends_with("</svg>"), "{drawn}");
    }

    #[test]
    fn scales_are_round() {
        assert_eq!([7.0, 45.0, 130.0, 1_000.0].map(nice), [8.0, 50.0, 200.0, 1_000.0]);
        assert_eq!([250.0, 1_500.0, 2e6].map(short), ["250", "1.5 k", "2 M"]);
        let times = [0.4, 12.0, 200.0, 7_500.0].map(duration);
        assert_eq!(times, ["0.4 s", "12 s", "3 min 20 s", "2 h 5 min"]);
    }
}
