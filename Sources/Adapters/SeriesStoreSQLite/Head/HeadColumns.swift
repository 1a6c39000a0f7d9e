/// Samples in the order they came, as flat columns in parts of a fixed size. A full part never changes again, so that a
/// reader can hold it while writers go on.
struct HeadColumns: Sendable {
    struct Part: Sendable {
        static let capacity = 1 << 16
        var series: [UInt32] = [], times: [Int64] = [], values: [Double] = []

        /// The samples of one series, in the order they came. Complexity: linear in the part.
        func run(of number: UInt32) -> Run {
            var run = Run()
            for index in series.indices where series[index] == number {
                run.times.append(times[index])
                run.values.append(values[index])
            }
            return run
        }
    }

    static let bytesPerSample = 20

    private(set) var parts: [Part] = []
    private(set) var count = 0

    var bytes: Int { count * Self.bytesPerSample }

    /// Appends one sample. Amortised O(1).
    @inline(__always)
    mutating func append(_ series: UInt32, _ time: Int64, _ value: Double) {
        if count & (Part.capacity - 1) == 0 { parts.append(Self.emptyPart()) }
        let last = parts.count - 1
        parts[last].series.append(series)
        parts[last].times.append(time)
        parts[last].values.append(value)
        count += 1
    }

    private static func emptyPart() -> Part {
        var part = Part()
        part.series.reserveCapacity(Part.capacity)
        part.times.reserveCapacity(Part.capacity)
        part.values.reserveCapacity(Part.capacity)
        return part
    }

    /// The samples of each series below `seriesCount` side by side, in the order they came: the samples of series *n* are
    /// those from `ends[n - 1]` to `ends[n]`. Complexity: linear.
    func grouped(seriesCount: Int) -> (times: [Int64], values: [Double], ends: [Int]) {
        var ends = [Int](repeating: 0, count: seriesCount + 1)
        for part in parts {
            for series in part.series { ends[Int(series) + 1] += 1 }
        }
        for index in 1..<max(ends.count, 1) { ends[index] += ends[index - 1] }
        var times = [Int64](repeating: 0, count: count), values = [Double](repeating: 0, count: count)
        for part in parts {
            for index in part.series.indices {
                let slot = ends[Int(part.series[index])]
                times[slot] = part.times[index]
                values[slot] = part.values[index]
                ends[Int(part.series[index])] = slot + 1
            }
        }
        ends.removeLast()
        return (times, values, ends)
    }
}
