package import Units

extension RegularSeries {
    /// Puts samples on the regular grid they imply: the step is the commonest gap, a sample goes to the nearest row,
    /// a row without one is missing.
    ///
    /// Complexity: linear in the rows of the grid; at most `maximumRows`.
    /// - Throws: where there are fewer than two samples, times do not ascend, two samples go to one row, the step is no whole second, a value is
    ///   infinite, or the grid would be out of all proportion to the samples.
    package init(inferringGridOf samples: SampleColumns) throws(GridError) {
        let times = samples.timestamps.map(\.millisecondsSinceEpoch)
        guard times.count >= 2 else { throw .tooFewSamples(times.count) }
        var gaps: [Int64: Int] = [:]
        for (row, (earlier, later)) in zip(times, times.dropFirst()).enumerated() {
            guard later > earlier else { throw .notAscending(index: row + 1, time: samples.timestamps[row + 1]) }
            gaps[later - earlier, default: 0] += 1
        }
        let step = Self.commonest(gaps, inOrderOf: times)
        guard step >= 1_000, step % 1_000 == 0 else { throw .stepNotWholeSeconds(milliseconds: step) }
        let rows = Self.nearestRow(of: times[times.count - 1], from: times[0], step: step) + 1
        guard rows <= GridError.maximumRows else { throw .tooManyRows(rows) }
        var values = [Double](repeating: .nan, count: rows)
        var last = -1
        for (place, (time, value)) in zip(times, samples.values).enumerated() {
            guard !value.isInfinite else { throw .infinite(time: Timestamp(millisecondsSinceEpoch: time)) }
            let row = Self.nearestRow(of: time, from: times[0], step: step)
            guard row > last else {
                throw .overlapping(
                    samples.timestamps[place - 1], samples.timestamps[place], stepSeconds: Int(step / 1_000))
            }
            (values[row], last) = (value, row)
        }
        self.init(start: samples.timestamps[0], step: Int(step / 1_000), values: values)
    }

    /// The commonest gap; of equally common ones the one met first, so that the outcome does not depend on hashing.
    private static func commonest(_ gaps: [Int64: Int], inOrderOf times: [Int64]) -> Int64 {
        let most = gaps.values.max() ?? 0
        for (earlier, later) in zip(times, times.dropFirst()) where gaps[later - earlier] == most {
            return later - earlier
        }
        return 0
    }

    private static func nearestRow(of time: Int64, from start: Int64, step: Int64) -> Int {
        Int((Double(time - start) / Double(step)).rounded(.toNearestOrEven))
    }
}

/// Why samples imply no grid.
package enum GridError: Error, Hashable, Sendable, CustomStringConvertible {
    /// 30 years of minutes; a trace beyond it is a mistake in a date, and would fill the memory.
    package static let maximumRows = 16_000_000

    case tooFewSamples(Int), notAscending(index: Int, time: Timestamp), stepNotWholeSeconds(milliseconds: Int64)
    case tooManyRows(Int), infinite(time: Timestamp), overlapping(Timestamp, Timestamp, stepSeconds: Int)

    package var description: String {
        switch self {
        case .tooFewSamples(let count):
            "\(count) sample\(count == 1 ? "" : "s"); at least two are needed to tell the step"
        case .notAscending(let index, let time): "sample \(index + 1) at \(time) is not after the one before it"
        case .stepNotWholeSeconds(let milliseconds):
            "the commonest gap is \(Double(milliseconds) / 1_000) s; whole seconds only"
        case .tooManyRows(let rows): "\(rows) rows between the first and the last sample; is a date wrong?"
        case .infinite(let time): "an infinite value at \(time)"
        case .overlapping(let earlier, let later, let step):
            "\(later) overlaps \(earlier): rows span \(step) s, the commonest gap; leave one of them out"
        }
    }
}
