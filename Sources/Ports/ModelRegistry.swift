package import Series
package import Units

/// Where trained models are kept, a growing list of versions a series.
package protocol ModelRegistry: Sendable {
    /// Stores a version whole or not at all, and makes it the newest; returns its number, from 1 on.
    func publish(_ model: ModelRecord) async throws(StoreError) -> Int

    /// The newest version for this series, or nil.
    func latestModel(for key: SeriesKey) async throws(StoreError) -> ModelVersion?

    /// All versions, newest first within a series, without their bytes.
    func modelVersions() async throws(StoreError) -> [ModelVersion]
}

/// A trained model and where it came from.
package struct ModelRecord: Hashable, Sendable {
    package let series: SeriesKey
    /// As in the model catalogue.
    package let model: String
    /// Seconds a row spans.
    package let step: Int
    package let kind: DemandKind
    /// The rows it was trained on.
    package let trainedFrom: Timestamp, trainedTo: Timestamp
    package let createdAt: Timestamp
    /// Scores on held-out rows, by the names `forecast evaluate` prints.
    package let scores: [String: Double]
    package let bytes: [UInt8]

    package init(
        series: SeriesKey, model: String, step: Int, kind: DemandKind, trainedFrom: Timestamp, trainedTo: Timestamp,
        createdAt: Timestamp, scores: [String: Double], bytes: [UInt8]
    ) {
        (self.series, self.model, self.step, self.kind) = (series, model, step, kind)
        (self.trainedFrom, self.trainedTo, self.createdAt) = (trainedFrom, trainedTo, createdAt)
        (self.scores, self.bytes) = (scores, bytes)
    }
}

package struct ModelVersion: Hashable, Sendable {
    package let version: Int
    package let record: ModelRecord
    package init(version: Int, record: ModelRecord) { (self.version, self.record) = (version, record) }
}
