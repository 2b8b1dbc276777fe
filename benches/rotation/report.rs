//! The table of one scenario: every ratio is taken within its round, then the median of the rounds.

use super::round::Round;

pub fn print(name: &str, rounds: &[Round]) {
    println!("\n{name}, medians of {} rounds (least to most)\n", rounds.len());
    println!("| what | measured | to reach |\n|---|---|---|");
    let line = |what: &str, unit: &str, goal: &str, of: fn(&Round) -> f64| {
        let mut figures: Vec<f64> = rounds.iter().map(of).collect();
        figures.sort_by(f64::total_cmp);
        let (least, most) = (figures[0], figures[figures.len() - 1]);
        let median = figures[figures.len() / 2];
        let show = |figure: f64| match unit {
            " rows/s" => format!("{figure:.0}"),
            _ => format!("{figure:.2}"),
        };
        let (median, least, most) = (show(median), show(least), show(most));
        println!("| {what} | {median}{unit} ({least} to {most}) | {goal} |");
    };
    line("floor: plain SQL", " rows/s", "", |r| r.floor);
    line("pass 1", " rows/s", "", |r| r.pass_1);
    line("pass 1 against the floor", "", "0.75", |r| r.pass_1 / r.floor);
    line("whole run with its proof against the floor", "", "0.60", |r| r.whole / r.floor);
    line("pass 1 against one row a statement", " ×", "10", |r| r.pass_1 / r.script);
    line("`verify` against pass 1", " ×", "3", |r| r.verify / r.pass_1);
    line("`verify` against reading alone", "", "", |r| r.verify / r.reading);
    line("pass 1 against the cryptography alone", "", "", |r| r.pass_1 / r.cryptography);
    line("150 records, start to proof", " s", "0.5", |r| r.few.as_secs_f64());
    line("peak memory", " MiB", "below 100", |r| r.peak_kib as f64 / 1024.0);
}
