import Units

/// Where samples are kept, and how many.
package struct StoreSettings: Hashable, Sendable {
    package var path: String
    /// Samples and decisions older than this are removed, seconds.
    package var retentionSeconds = 90 * 86_400
    /// The oldest samples are removed beyond this size of the database; nil where it may grow.
    package var maximumBytes: Int?
    /// Samples in memory that are not in the database yet, at most.
    package var memoryBytes = 64 << 20
    package var maximumSeries = 1_000_000
    /// How long a sample may stay in memory, seconds. It is durable before.
    package var flushSeconds = 300.0

    package init(path: String) { self.path = path }

    init(reading section: YAMLSection?, _ problems: inout ProblemList) {
        self.init(path: section?.string("path") ?? "prewarm.db")
        guard let section else { return }
        section.allow(["path", "retention", "size", "memory", "series", "flush"], &problems)
        let retention = section.seconds("retention", default: Double(retentionSeconds), &problems)
        if retention < 86_400 { problems.add(section, "retention", "must be at least 1d") }
        retentionSeconds = Int(min(retention, 1e9))
        maximumBytes = section.bytes("size", in: 10_000_000...(1 << 50), &problems)
        memoryBytes = section.bytes("memory", in: 4_000_000...(1 << 36), &problems) ?? memoryBytes
        maximumSeries = section.integer("series", default: maximumSeries, &problems)
        if !(1...10_000_000).contains(maximumSeries) { problems.add(section, "series", "must be from 1 to 10000000") }
        flushSeconds = section.seconds("flush", default: flushSeconds, &problems)
        if !(1...86_400).contains(flushSeconds) { problems.add(section, "flush", "must be from 1s to 1d") }
    }
}
