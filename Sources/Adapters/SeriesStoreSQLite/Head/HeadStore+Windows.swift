package import Ports
package import Series
package import Units

extension HeadStore {
    /// The head is looked at before the database: what a flush moves in between is then seen twice, and not missed. Days that have
    /// samples in the head are read from samples.
    package func windows(
        of key: SeriesKey, in range: Range<Timestamp>, step: Int
    ) async throws(StoreError) -> WindowColumns {
        try await database.windows(of: key, in: range, step: step, fresh: freshRun(of: key, in: .always))
    }
}
