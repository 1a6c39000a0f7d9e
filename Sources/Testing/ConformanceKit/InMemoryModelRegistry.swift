package import Ports
package import Series

/// A registry that forgets.
package actor InMemoryModelRegistry: ModelRegistry {
    private var versions: [SeriesKey: [ModelVersion]] = [:]
    private var failure: StoreError?

    package init() {}

    /// While not nil, nothing can be published.
    package func fail(_ failure: StoreError?) { self.failure = failure }

    package func publish(_ model: ModelRecord) async throws(StoreError) -> Int {
        if let failure { throw failure }
        let version = (versions[model.series]?.last?.version ?? 0) + 1
        let all = versions[model.series, default: []] + [ModelVersion(version: version, record: model)]
        versions[model.series] = Array(all.suffix(modelVersionsKept))
        return version
    }

    package func latestModel(for key: SeriesKey) async throws(StoreError) -> ModelVersion? { versions[key]?.last }

    package func model(_ version: Int, for key: SeriesKey) async throws(StoreError) -> ModelVersion? {
        versions[key]?.first { $0.version == version }
    }

    package func newestModelVersion(for key: SeriesKey) async throws(StoreError) -> Int? {
        versions[key]?.last?.version
    }

    package func modelVersions() async throws(StoreError) -> [ModelVersion] {
        versions.sorted { $0.key < $1.key }.flatMap { $0.value.reversed() }.map { found in
            let record = found.record
            return ModelVersion(
                version: found.version,
                record: ModelRecord(
                    series: record.series, model: record.model, step: record.step, kind: record.kind,
                    trainedFrom: record.trainedFrom, trainedTo: record.trainedTo, createdAt: record.createdAt,
                    scores: record.scores, bytes: [], lineage: record.lineage))
        }
    }
}
