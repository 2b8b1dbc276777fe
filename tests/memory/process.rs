//! The memory of another process, read and searched.

use std::fs::{self, File};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

use memchr::memmem;

/// What a process can read of its own memory, region by region.
pub struct Memory(Vec<Region>);

struct Region {
    name: String,
    start: u64,
    bytes: Vec<u8>,
}

impl Memory {
    /// All of it but the environment as the kernel laid it out: nobody can wipe that.
    pub fn of(process: u32) -> Self {
        let environment = environment(process);
        let maps = fs::read_to_string(format!("/proc/{process}/maps")).expect("its regions");
        let memory = File::open(format!("/proc/{process}/mem")).expect("its memory");
        let regions = maps.lines().filter_map(|line| {
            let mut region = Region::read(line, &memory)?;
            region.leave_out(&environment);
            Some(region)
        });
        Self(regions.collect())
    }

    /// Where these bytes stand.
    pub fn find(&self, what: &str, needle: &[u8]) -> Vec<String> {
        let finder = memmem::Finder::new(needle);
        let places = self.0.iter().flat_map(|region| {
            finder.find_iter(&region.bytes).map(|at| region.place(what, at)).collect::<Vec<_>>()
        });
        places.collect()
    }
}

/// Where the environment was laid out: fields 50 and 51 of proc_pid_stat(5).
fn environment(process: u32) -> Range<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/stat")).expect("its status");
    let (_, fields) = status.rsplit_once(')').expect("the name of the program");
    let field = |number: usize| {
        let field = fields.split_whitespace().nth(number - 3).expect("as many fields");
        field.parse::<u64>().expect("a number")
    };
    assert!(field(50) > 0, "the memory of this process may not be looked into");
    field(50)..field(51)
}

impl Region {
    /// `None` for what the process cannot read itself, and for the kernel's own pages.
    fn read(line: &str, memory: &File) -> Option<Self> {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next()?, words.next()?);
        let name = words.nth(3).unwrap_or("anonymous").to_owned();
        if !rights.starts_with('r') || name.starts_with("[v") {
            return None;
        }
        let (start, end) = range.split_once('-')?;
        let [start, end] = [start, end].map(|text| u64::from_str_radix(text, 16).expect("hex"));
        let mut bytes = vec![0; usize::try_from(end - start).expect("a region")];
        memory.read_exact_at(&mut bytes, start).ok()?;
        Some(Self { name, start, bytes })
    }

    fn leave_out(&mut self, range: &Range<u64>) {
        let inside = |at: u64| usize::try_from(at.saturating_sub(self.start)).expect("a place");
        let length = self.bytes.len();
        self.bytes[inside(range.start).min(length)..inside(range.end).min(length)].fill(0);
    }

    fn place(&self, what: &str, at: usize) -> String {
        format!("{what} in {} at {:#x}", self.name, self.start + at as u64)
    }
}

/// Whether its limit on core files is zero, for good.
pub fn writes_no_core_file(process: u32) -> bool {
    let limits = fs::read_to_string(format!("/proc/{process}/limits")).expect("its limits");
    let line = limits.lines().find_map(|line| line.strip_prefix("Max core file size"));
    line.expect("a limit").split_whitespace().take(2).eq(["0", "0"])
}
