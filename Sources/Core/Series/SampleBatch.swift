package import Units

/// Samples of one series, in columns: `timestamps[i]` goes with `values[i]`.
package struct SampleColumns: Sendable {
    package var timestamps: [Timestamp]
    package var values: [Double]

    package init(timestamps: [Timestamp] = [], values: [Double] = []) {
        precondition(timestamps.count == values.count, "columns have one length")
        (self.timestamps, self.values) = (timestamps, values)
    }

    package var count: Int { values.count }

    package mutating func append(_ timestamp: Timestamp, _ value: Double) {
        timestamps.append(timestamp)
        values.append(value)
    }
}

/// What a decoder hands to a store at once: per series its columns, in order of first appearance.
package struct SampleBatch: Sendable {
    package private(set) var keys: [SeriesKey] = []
    package private(set) var columns: [SampleColumns] = []
    package private(set) var sampleCount = 0
    private var index: [SeriesKey: Int] = [:]

    package init() {}

    package var isEmpty: Bool { sampleCount == 0 }

    /// Complexity: amortised O(1) for a series seen before.
    package mutating func append(_ key: SeriesKey, _ timestamp: Timestamp, _ value: Double) {
        columns[slot(of: key)].append(timestamp, value)
        sampleCount += 1
    }

    /// Adds a whole column of one series, looking it up once.
    package mutating func append(_ key: SeriesKey, contentsOf samples: SampleColumns) {
        guard samples.count > 0 else { return }
        let slot = slot(of: key)
        columns[slot].timestamps += samples.timestamps
        columns[slot].values += samples.values
        sampleCount += samples.count
    }

    package mutating func removeAll() { self = SampleBatch() }

    private mutating func slot(of key: SeriesKey) -> Int {
        if let known = index[key] { return known }
        index[key] = keys.count
        keys.append(key)
        columns.append(SampleColumns())
        return keys.count - 1
    }
}
