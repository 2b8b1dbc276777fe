//! What stays the same in every report: what it does not show, and toward which requirements it is evidence.

use super::Evidence;

pub const NOT_SHOWN: &[&str] = &[
    "Write-ahead log and its archive: old ciphertext stays in them until they are recycled or expire.",
    "Backups, dumps, snapshots and delayed standbys: they hold what the database held when they were made. The \
     previous keys open them, so these stay archived until the last of them is gone.",
    "Standbys that lag: the proof is about the primary at its moment; a standby follows when it has replayed it.",
    "Dead row versions until VACUUM, and statistics (pg_statistic may hold sampled ciphertext) until ANALYZE.",
    "Copies elsewhere: exports, caches, queues, logs, logical subscribers, tables and columns out of scope.",
    "Services that still write with a previous key: one that began a write after the moment can leave such a value.",
    "Whether a value was forged. Resealing after a compromise keeps whatever was written with the leaked key, under \
     the new one: who had the key could write values that open. Compare with what is known from before the leak.",
    "Who held the keys, how they were generated, distributed and destroyed, and what other copies of them there are.",
];

/// Sections by the numbers of the named editions.
pub const EVIDENCE: &[Evidence] = &[
    Evidence {
        standard: "PCI DSS v4.0.1",
        section: "3.6.1",
        what: "procedures that protect keys used for stored account data: sources of the keys by name, who ran it, \
               and that no key is stored with the data",
    },
    Evidence {
        standard: "PCI DSS v4.0.1",
        section: "3.7.4",
        what: "key changes at the end of a cryptoperiod: from which key to which, when, and over which data",
    },
    Evidence {
        standard: "PCI DSS v4.0.1",
        section: "3.7.5",
        what: "retirement or replacement of keys, also when suspected of compromise or when personnel leave: the \
               reason, the proof that no value in scope needs the previous key, and until when it stays archived",
    },
    Evidence {
        standard: "PCI DSS v4.0.1",
        section: "3.7.7",
        what: "unauthorized substitution of keys: ids of the keys in use, and a refusal to go back unasked",
    },
    Evidence {
        standard: "SOC 2 (TSC 2017, revised 2022)",
        section: "CC6.1",
        what: "logical protection of information assets: encryption keys protected in use and replaced, with a trail",
    },
    Evidence {
        standard: "ISO/IEC 27001:2022",
        section: "Annex A 8.24 (2013: A.10.1.2)",
        what: "use of cryptography, key management: the rotation as a controlled, recorded change",
    },
    Evidence {
        standard: "NIST SP 800-57 Part 1 Rev. 5",
        section: "5.3, 8.2.3, 8.3.1",
        what: "cryptoperiods, key change and archive: when a key was first seen, replaced, and how long it is needed",
    },
];
