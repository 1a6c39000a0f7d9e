package import Ports
package import Series
package import Units

extension HeadStore {
    /// The head is looked at before the database: what a flush moves in between is then seen twice, and not missed. Days that have
    /// samples in the head are read from samples.
    package func windows(
        of key: SeriesKey, in range: Range<Timestamp>, step: Int
    ) async throws(StoreError) -> WindowColumns {
        let head = snapshot(of: key.labelBlock)
        let runs = head.map { head in head.parts.map { $0.run(of: head.number) } + [head.newest] } ?? []
        return try await database.windows(
            of: key, in: range, step: step, fresh: Run.merged(runs.map { $0.sortedByTime() }))
    }
}
