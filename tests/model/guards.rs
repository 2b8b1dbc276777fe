//! What the protocol is careful about. Each can be taken out, to see that something breaks without it.

/// The guards of the protocol.
#[derive(Clone, Copy, Debug)]
pub struct Guards {
    /// A page's write matches the `xmin` that was read (`sql/commit/write.sql`).
    pub compares_xmin: bool,
    /// Behind a pooler it matches the stored value too.
    pub compares_values: bool,
    /// The commit of a page, a round and the end ask whether epoch, position and run still stand
    /// (`sql/ledger/fence.sql`).
    pub fences: bool,
    /// Rows and checkpoint commit together.
    pub shares_transaction: bool,
    /// A page is thrown away with the session that read it.
    pub discards_pages: bool,
    /// The close waits for those who may have written.
    pub waits: bool,
    /// The close looks at what was written since the barrier.
    pub looks: bool,
    /// The barrier is the snapshot's xmin (its xmax otherwise).
    pub barrier_is_xmin: bool,
    /// The extents are read after the barrier (before it otherwise).
    pub extents_after_barrier: bool,
    /// After a walk with conflicts the close reads every row.
    pub conflicts_lower_barrier: bool,
    /// The barrier stays where it is while a row that was found is held, or has moved.
    pub held_rows_keep_barrier: bool,
    /// Behind a pooler every transaction asks which incarnation of the server it meets.
    pub asks_incarnation: bool,
    /// The end of the run is on disk before anybody is told.
    pub ends_durably: bool,
}

impl Guards {
    /// The protocol as it is.
    pub const ALL: Self = Self {
        compares_xmin: true,
        compares_values: true,
        fences: true,
        shares_transaction: true,
        discards_pages: true,
        waits: true,
        looks: true,
        barrier_is_xmin: true,
        extents_after_barrier: true,
        conflicts_lower_barrier: true,
        held_rows_keep_barrier: true,
        asks_incarnation: true,
        ends_durably: true,
    };
}
