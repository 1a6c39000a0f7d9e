package import Series
package import Units

/// Where samples are kept. Batches in, contiguous columns out.
package protocol SampleStore: Sendable {
    /// Stores every sample of the batch or none; NaN stands for a missing value and is passed over. A sample stored before under the same series and time is replaced
    /// when the value differs and left alone when it does not, so that a file can be ingested again.
    ///
    /// When this returns, the samples survive the end of the process.
    func append(_ batch: SampleBatch) async throws(StoreError) -> AppendOutcome

    /// Stores the samples of a push, as `append` does: all of them or none, but for those that its outcome says were refused.
    func write(_ columns: WriteColumns) async throws(StoreError) -> WriteOutcome

    /// What is stored, ascending by key; all series where `selector` is nil.
    func series(matching selector: SeriesSelector?) async throws(StoreError) -> [SeriesSummary]

    /// The series alone, ascending, for callers that need nothing else of them; those without samples may be among them.
    func keys(matching selector: SeriesSelector?) async throws(StoreError) -> [SeriesKey]

    /// The samples of the one series with this key within [`range.lowerBound`, `range.upperBound`), ascending in time.
    /// Empty when there are none.
    func samples(of key: SeriesKey, in range: Range<Timestamp>) async throws(StoreError) -> SampleColumns

    /// The samples of the first of `keys`, in their order: of as many as hold about `limit` samples between them, and of one at
    /// least. Each as `samples(of:in:)` gives it.
    ///
    /// For reading many series; `forEachSeries` goes on with the rest.
    func samples(
        ofFirst keys: ArraySlice<SeriesKey>, in range: Range<Timestamp>, limit: Int
    ) async throws(StoreError) -> [SampleColumns]

    /// The series that have samples within [`range.lowerBound`, `range.upperBound`), ascending.
    func keys(matching selector: SeriesSelector?, in range: Range<Timestamp>) async throws(StoreError) -> [SeriesKey]

    /// What the samples of the series with this key come to in windows of `step` seconds: those that begin in the window that
    /// holds `range.lowerBound` or later, and before the one that holds `range.upperBound`. Windows without samples are left out.
    ///
    /// The same as from `samples`, bit for bit; where samples have been pruned, what the store keeps of them.
    func windows(of key: SeriesKey, in range: Range<Timestamp>, step: Int) async throws(StoreError) -> WindowColumns

    /// Removes what is older than `time`; returns how many samples went.
    func prune(before time: Timestamp) async throws(StoreError) -> Int
}

extension SampleStore {
    /// For stores that have no faster way.
    package func keys(matching selector: SeriesSelector?) async throws(StoreError) -> [SeriesKey] {
        try await series(matching: selector).map(\.key)
    }

    /// For stores that have no faster way: one after the other.
    package func samples(
        ofFirst keys: ArraySlice<SeriesKey>, in range: Range<Timestamp>, limit: Int
    ) async throws(StoreError) -> [SampleColumns] {
        var (found, count) = ([SampleColumns](), 0)
        for key in keys where found.isEmpty || count < limit {
            found.append(try await samples(of: key, in: range))
            count += found.last?.count ?? 0
        }
        return found
    }

    /// For stores that have no faster way: by reading them.
    package func keys(
        matching selector: SeriesSelector?, in range: Range<Timestamp>
    ) async throws(StoreError) -> [SeriesKey] {
        var found: [SeriesKey] = []
        for key in try await keys(matching: selector) where try await samples(of: key, in: range).count > 0 {
            found.append(key)
        }
        return found
    }

    /// Gives `take` every series of `keys` with its samples within `range`, in their order. Holds some four megabytes of samples
    /// at a time, or one series.
    package func forEachSeries(
        _ keys: [SeriesKey], in range: Range<Timestamp>, _ take: (SeriesKey, SampleColumns) throws -> Void
    ) async throws {
        var rest = keys[...]
        while !rest.isEmpty {
            let found = try await samples(ofFirst: rest, in: range, limit: 1 << 18)
            guard !found.isEmpty else { throw StoreError(.other, "the store gave no series where there are some") }
            for (key, samples) in zip(rest, found) { try take(key, samples) }
            rest = rest.dropFirst(found.count)
        }
    }

    /// For stores that keep samples alone.
    package func windows(
        of key: SeriesKey, in range: Range<Timestamp>, step: Int
    ) async throws(StoreError) -> WindowColumns {
        let width = Int64(step) * 1_000
        let numbers = WindowColumns.numbers(of: step, in: range)
        // Times before the first whole window there can be are as far away as it.
        let bounds = [numbers.lowerBound, numbers.upperBound].map { number in
            let (time, isTooFar) = number.multipliedReportingOverflow(by: width)
            return Timestamp(millisecondsSinceEpoch: isTooFar ? .min : time)
        }
        guard bounds[0] < bounds[1] else { return WindowColumns(step: step) }
        return WindowColumns(try await samples(of: key, in: bounds[0]..<bounds[1]), step: step)
    }

    /// For stores that have no faster way: by way of a batch.
    package func write(_ columns: WriteColumns) async throws(StoreError) -> WriteOutcome {
        var outcome = WriteOutcome()
        var batch = SampleBatch()
        var keys: [SeriesKey?] = []
        for block in columns.blocks { keys.append(try? SeriesKey(labelBlock: columns.bytes[block])) }
        for index in columns.times.indices {
            guard let key = keys[Int(columns.series[index])] else {
                outcome.badNames += 1
                continue
            }
            batch.append(key, Timestamp(millisecondsSinceEpoch: columns.times[index]), columns.values[index])
            outcome.accepted += 1
        }
        _ = try await append(batch)
        return outcome
    }
}

/// What became of a push: samples, by outcome.
package struct WriteOutcome: Hashable, Sendable {
    package var accepted: Int
    /// Refused because their series has names or sizes that will not do.
    package var badNames: Int
    /// Refused because they are older than late samples may be.
    package var tooOld: Int
    /// Refused because their series is new and there are as many as may be.
    package var overLimit: Int

    package init(accepted: Int = 0, badNames: Int = 0, tooOld: Int = 0, overLimit: Int = 0) {
        (self.accepted, self.badNames, self.tooOld, self.overLimit) = (accepted, badNames, tooOld, overLimit)
    }

    package var refused: Int { badNames + tooOld + overLimit }
}

/// What became of a batch.
package struct AppendOutcome: Hashable, Sendable {
    package var added: Int, replaced: Int, unchanged: Int
    package init(added: Int = 0, replaced: Int = 0, unchanged: Int = 0) {
        (self.added, self.replaced, self.unchanged) = (added, replaced, unchanged)
    }
    package static func += (a: inout Self, b: Self) {
        a.added += b.added
        a.replaced += b.replaced
        a.unchanged += b.unchanged
    }
}

/// One stored series at a glance.
package struct SeriesSummary: Hashable, Sendable {
    package let key: SeriesKey
    package let samples: Int
    package let first: Timestamp, last: Timestamp
    /// The commonest gap in milliseconds; nil for a single sample.
    package let stepMilliseconds: Int64?
    /// Places where more than one and a half steps lie between neighbours.
    package let gaps: Int
    package let bytes: Int

    package init(
        key: SeriesKey, samples: Int, first: Timestamp, last: Timestamp, stepMilliseconds: Int64?, gaps: Int, bytes: Int
    ) {
        (self.key, self.samples, self.first, self.last) = (key, samples, first, last)
        (self.stepMilliseconds, self.gaps, self.bytes) = (stepMilliseconds, gaps, bytes)
    }
}

extension SeriesSummary {
    /// Nil where there is no time; `times` ascend.
    package init?(_ key: SeriesKey, times: [Int64], bytes: Int) {
        guard let first = times.first, let last = times.last else { return nil }
        var gapCounts: [Int64: Int] = [:]
        for (earlier, later) in zip(times, times.dropFirst()) {
            let (gap, isTooFar) = later.subtractingReportingOverflow(earlier)
            gapCounts[isTooFar ? .max : gap, default: 0] += 1
        }
        // Of equally common gaps the shortest.
        let step = gapCounts.min { ($1.value, $0.key) < ($0.value, $1.key) }?.key
        let gaps = step.map { step in gapCounts.reduce(0) { $0 + ($1.key - step > step / 2 ? $1.value : 0) } }
        self.init(
            key: key, samples: times.count, first: Timestamp(millisecondsSinceEpoch: first),
            last: Timestamp(millisecondsSinceEpoch: last), stepMilliseconds: step, gaps: gaps ?? 0, bytes: bytes)
    }
}

/// Why a store refused; `isRetryable` tells a caller whether waiting can help.
package struct StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Code: String, Hashable, Sendable {
        case unwritable, inUse, full, tooLarge, corrupt, newerFormat, busy, cancelled, other
    }
    package let code: Code
    package let detail: String

    package init(_ code: Code, _ detail: String) { (self.code, self.detail) = (code, detail) }

    package var isRetryable: Bool { code == .busy || code == .full }
    package var description: String { detail }
}
