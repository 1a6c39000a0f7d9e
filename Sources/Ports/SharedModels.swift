package import Series

/// Where what many series have in common is kept: under a name of its own in the registry, made from the selector that matches
/// them and from how their rows are read, as `shared:http_requests{__kind__="count",__step__="300"}`.
package struct SharedModelName: Hashable, Sendable {
    private static let prefix = "shared:", kindLabel = "__kind__", stepLabel = "__step__"

    /// In the registry.
    package let key: SeriesKey
    /// Of the series that it is for.
    package let selector: SeriesSelector

    /// - Throws: where the selector has so long a name, or so many labels, that none can be added.
    package init(_ selector: SeriesSelector, kind: DemandKind, step: Int) throws(SeriesNameError) {
        let own = [
            SeriesKey.Label(name: Self.kindLabel, value: kind.rawValue),
            SeriesKey.Label(name: Self.stepLabel, value: "\(step)"),
        ]
        key = try SeriesKey(metric: Self.prefix + selector.metric, labels: selector.labels + own)
        self.selector = selector
    }

    /// Nil for the key of anything else.
    package init?(_ key: SeriesKey) {
        let own = [Self.kindLabel, Self.stepLabel]
        guard key.metric.hasPrefix(Self.prefix), own.allSatisfy({ key.value(of: $0) != nil }) else { return nil }
        self.key = key
        selector = SeriesSelector(
            metric: String(key.metric.dropFirst(Self.prefix.count)),
            labels: key.labels.filter { !own.contains($0.name) })
    }

    /// The metric under which those for the series of `metric` are.
    fileprivate static func metric(for metric: String) -> String { prefix + metric }
}

extension ModelRegistry {
    /// What was learnt last from series like this one: the newest of the shared models whose selector matches it and whose rows
    /// are as long and of the same kind; nil where there is none.
    package func sharedModel(
        for key: SeriesKey, kind: DemandKind, step: Int
    ) async throws(StoreError) -> ModelVersion? {
        let found = try await newestModels(ofMetric: SharedModelName.metric(for: key.metric)).filter {
            $0.record.kind == kind && $0.record.step == step
                && SharedModelName($0.record.series)?.selector.matches(key) == true
        }
        // Of those of one moment the one that says more.
        let newest = found.max {
            ($0.record.createdAt, $0.record.series.labels.count) < ($1.record.createdAt, $1.record.series.labels.count)
        }
        guard let newest else { return nil }
        return try await model(newest.version, for: newest.record.series)
    }
}
