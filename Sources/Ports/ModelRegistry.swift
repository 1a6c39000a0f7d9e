package import Series
package import Units

/// Where trained models are kept, a growing list of versions a series.
package protocol ModelRegistry: Sendable {
    /// Stores a version whole or not at all, and makes it the newest, which is the one that is served; returns its number,
    /// from 1 on. Of a series only the newest versions are kept, at least `modelVersionsKept`.
    func publish(_ model: ModelRecord) async throws(StoreError) -> Int

    /// Stores versions of several series in one go, as `publish` does each; returns their numbers in their order.
    func publish(all models: [ModelRecord]) async throws(StoreError) -> [Int]

    /// The newest version for this series, or nil.
    func latestModel(for key: SeriesKey) async throws(StoreError) -> ModelVersion?

    /// Version `version` for this series, or nil where there is none or it is no longer kept.
    func model(_ version: Int, for key: SeriesKey) async throws(StoreError) -> ModelVersion?

    /// The number of the newest version for this series, or nil. Cheap enough to be asked every minute.
    func newestModelVersion(for key: SeriesKey) async throws(StoreError) -> Int?

    /// All versions, newest first within a series, without their bytes.
    func modelVersions() async throws(StoreError) -> [ModelVersion]

    /// The newest version of each series of a metric, without its bytes.
    func newestModels(ofMetric metric: String) async throws(StoreError) -> [ModelVersion]
}

extension ModelRegistry {
    /// For registries that have no faster way: one after the other, so that a failure leaves those before it.
    package func publish(all models: [ModelRecord]) async throws(StoreError) -> [Int] {
        var versions: [Int] = []
        for model in models { versions.append(try await publish(model)) }
        return versions
    }

    /// For registries that have no faster way: by looking at all there are.
    package func newestModels(ofMetric metric: String) async throws(StoreError) -> [ModelVersion] {
        var newest: [SeriesKey: ModelVersion] = [:]
        for each in try await modelVersions() where each.record.series.metric == metric {
            guard each.version > newest[each.record.series]?.version ?? 0 else { continue }
            newest[each.record.series] = each
        }
        return newest.values.sorted { $0.record.series < $1.record.series }
    }
}

/// Versions of a series that are kept.
package let modelVersionsKept = 20

extension ModelRegistry {
    /// Makes an older version the one that is served, by a new version that holds the same model and names it as its parent.
    /// Nothing is taken back or deleted, so the list of versions tells what was served when. It is held: no refit replaces it
    /// before `release`, or a training by hand.
    ///
    /// - Returns: the new version, or nil where there is no version `version`.
    package func rollBack(
        _ key: SeriesKey, to version: Int, at time: Timestamp, program: String
    ) async throws(StoreError) -> Int? {
        guard let old = try await model(version, for: key) else { return nil }
        var record = old.record
        record.createdAt = time
        record.lineage.reason = .rollback
        (record.lineage.parent, record.lineage.program) = (version, program)
        return try await publish(record)
    }

    /// Lets refits replace what was rolled back to, by a new version that holds the same model.
    ///
    /// - Returns: the new version, or nil where the one that is served is not held.
    package func release(_ key: SeriesKey, at time: Timestamp, program: String) async throws(StoreError) -> Int? {
        guard let newest = try await latestModel(for: key), newest.record.isHeld else { return nil }
        var record = newest.record
        record.createdAt = time
        record.lineage.reason = .release
        (record.lineage.parent, record.lineage.program) = (newest.version, program)
        return try await publish(record)
    }
}

/// Where a version comes from.
package struct ModelLineage: Hashable, Sendable {
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        /// A user's command, the first model of a workload, the cadence, a model that stopped fitting, a return to an older
        /// version, the end of that.
        case hand, start, schedule, drift, rollback, release
    }

    package var reason: Reason
    /// The version that was served when this one was trained; of a rollback or a release, the version whose model it holds.
    package var parent: Int?
    /// Of the random numbers that were used; nil where there were none.
    package var seed: UInt64?
    /// The version of the program that trained it.
    package var program: String
    /// What it was asked for and trained with, such as `horizon`, in words.
    package var options: [String: String]

    package init(
        _ reason: Reason = .hand, parent: Int? = nil, seed: UInt64? = nil, program: String = "",
        options: [String: String] = [:]
    ) {
        (self.reason, self.parent, self.seed, self.program, self.options) = (reason, parent, seed, program, options)
    }
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
    package fileprivate(set) var createdAt: Timestamp
    /// Scores on held-out rows, by the names `forecast evaluate` prints.
    package let scores: [String: Double]
    package let bytes: [UInt8]
    package fileprivate(set) var lineage: ModelLineage

    /// Whether it stays served, whatever refits would learn: an operator went back to it.
    package var isHeld: Bool { lineage.reason == .rollback }

    package init(
        series: SeriesKey, model: String, step: Int, kind: DemandKind, trainedFrom: Timestamp, trainedTo: Timestamp,
        createdAt: Timestamp, scores: [String: Double], bytes: [UInt8], lineage: ModelLineage = ModelLineage()
    ) {
        (self.series, self.model, self.step, self.kind) = (series, model, step, kind)
        (self.trainedFrom, self.trainedTo, self.createdAt) = (trainedFrom, trainedTo, createdAt)
        (self.scores, self.bytes, self.lineage) = (scores, bytes, lineage)
    }
}

package struct ModelVersion: Hashable, Sendable {
    package let version: Int
    package let record: ModelRecord
    package init(version: Int, record: ModelRecord) { (self.version, self.record) = (version, record) }
}
