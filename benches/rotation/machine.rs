//! On what it was measured, so that figures of two machines are not compared by mistake.

use std::fs;
use std::thread::available_parallelism;

use super::table::connect;

pub async fn describe(url: &str, settings: &[(&str, &str)]) {
    let version = connect(url).await.query_one("SHOW server_version", &[]).await;
    let version: String = version.expect("a version").get(0);
    let cores = available_parallelism().map_or(0, usize::from);
    println!("machine: {cores} cores of {}, {} of memory", processor(), memory());
    println!("server: PostgreSQL {version} on the same machine, throwaway");
    let settings: Vec<String> =
        settings.iter().map(|(name, value)| format!("{name} = {value}")).collect();
    println!("settings: {}; CHECKPOINT before each measurement\n", settings.join(", "));
}

fn processor() -> String {
    field("/proc/cpuinfo", "model name").unwrap_or_else(|| "an unknown processor".to_owned())
}

fn memory() -> String {
    let kib = field("/proc/meminfo", "MemTotal");
    let kib = kib.and_then(|text| text.trim_end_matches("kB").trim().parse::<u64>().ok());
    kib.map_or_else(|| "an unknown amount".to_owned(), |kib| format!("{} GiB", kib >> 20))
}

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    Some(line.trim_start_matches([' ', '\t', ':']).to_owned())
}
