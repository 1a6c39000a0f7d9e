package import Units

/// Remembers how far the copying of a past has come, so that it goes on there after an interruption.
package protocol BackfillLedger: Sendable {
    /// What of `source` has been stored whole; nil where nothing has.
    func stored(of source: String) async throws(StoreError) -> Range<Timestamp>?

    /// Replaces what is remembered of `source`. The samples are stored before this is called.
    func setStored(_ range: Range<Timestamp>, of source: String) async throws(StoreError)
}
