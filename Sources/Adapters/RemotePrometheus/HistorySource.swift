package import Series
package import Units

/// Something that can be asked for the past, a piece at a time.
package protocol HistorySource: Sendable {
    /// What identifies the source and the question, for whoever remembers how far a copy has come.
    var name: String { get }
    func page(of range: Range<Timestamp>) async throws(RemoteError) -> HistoryPage
}

/// A piece of the past.
package struct HistoryPage: Sendable {
    package var batch = SampleBatch()
    /// What the server said beside the samples.
    package var warnings: [String] = []
    /// Whether the server said that something may be missing.
    package var isPartial = false
    /// The size of the answer.
    package var bytes = 0

    package init() {}
}
