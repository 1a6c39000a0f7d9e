/// Samples in the order they came, as flat columns in parts of a fixed size. A full part is put in the order of its series and
/// never changes again, so that a reader can hold it while writers go on, and finds a series in it without looking at the rest.
struct HeadColumns: Sendable {
    /// Samples as they came, while there is room.
    struct OpenPart: Sendable {
        static let capacity = 1 << 16
        fileprivate(set) var series: [UInt32] = [], times: [Int64] = [], values: [Double] = []

        /// The samples of one series, in the order they came. Complexity: linear in the part.
        func run(of number: UInt32) -> Run {
            var run = Run()
            for index in series.indices where series[index] == number {
                run.times.append(times[index])
                run.values.append(values[index])
            }
            return run
        }

        /// A copy with storage of its own: a shared one would be copied by the writer that comes next.
        func copied() -> OpenPart {
            var copy = OpenPart()
            copy.series.append(contentsOf: series)
            copy.times.append(contentsOf: times)
            copy.values.append(contentsOf: values)
            return copy
        }

        fileprivate mutating func removeAll() {
            series.removeAll(keepingCapacity: true)
            times.removeAll(keepingCapacity: true)
            values.removeAll(keepingCapacity: true)
        }
    }

    /// What flushing counts with: a full part takes 16 bytes a sample, and 8 a series in it.
    static let bytesPerSample = 20

    private(set) var parts: [GroupedPart] = []
    private(set) var open = OpenPart()

    var count: Int { parts.count * OpenPart.capacity + open.times.count }
    var bytes: Int { count * Self.bytesPerSample }

    /// Appends one sample. Amortised O(1); every 65,536th puts a part in order, which takes about a millisecond.
    @inline(__always)
    mutating func append(_ series: UInt32, _ time: Int64, _ value: Double) {
        if open.times.capacity == 0 { reserve() }
        open.series.append(series)
        open.times.append(time)
        open.values.append(value)
        if open.times.count == OpenPart.capacity { close() }
    }

    private mutating func reserve() {
        open.series.reserveCapacity(OpenPart.capacity)
        open.times.reserveCapacity(OpenPart.capacity)
        open.values.reserveCapacity(OpenPart.capacity)
    }

    private mutating func close() {
        parts.append(GroupedPart(open))
        open.removeAll()
    }

    /// The samples of each series below `seriesCount` side by side, in the order they came: the samples of series *n* are
    /// those from `ends[n - 1]` to `ends[n]`. Complexity: linear.
    func grouped(seriesCount: Int) -> (times: [Int64], values: [Double], ends: [Int]) {
        let parts = parts + [GroupedPart(open)]
        var ends = [Int](repeating: 0, count: seriesCount + 1)
        for part in parts {
            for (index, series) in part.series.enumerated() { ends[Int(series) + 1] += part.range(index).count }
        }
        for index in 1..<max(ends.count, 1) { ends[index] += ends[index - 1] }
        var times = [Int64](repeating: 0, count: count), values = [Double](repeating: 0, count: count)
        for part in parts {
            for (index, series) in part.series.enumerated() {
                var slot = ends[Int(series)]
                for place in part.range(index) {
                    times[slot] = part.times[place]
                    values[slot] = part.values[place]
                    slot += 1
                }
                ends[Int(series)] = slot
            }
        }
        ends.removeLast()
        return (times, values, ends)
    }

    /// What there is now, sharing no storage that a writer changes. Complexity: linear in the open part.
    func copied() -> HeadColumns {
        var copy = HeadColumns()
        copy.parts = parts
        copy.open = open.copied()
        return copy
    }
}

/// Samples side by side by series; those of one in the order they came.
struct GroupedPart: Sendable {
    /// The series that have samples here, ascending, and where those of each end.
    let series: [UInt32]
    private let ends: [UInt32]
    let times: [Int64], values: [Double]
    /// The earliest and the latest time in it; none where it is empty.
    private let span: ClosedRange<Int64>?

    /// Complexity: linear in the part, and in the highest number of a series in it.
    init(_ part: HeadColumns.OpenPart) {
        var starts = [UInt32](repeating: 0, count: Int(part.series.max() ?? 0) + 1)
        for number in part.series { starts[Int(number)] += 1 }
        var (series, ends) = ([UInt32](), [UInt32]())
        var start: UInt32 = 0
        for number in starts.indices where starts[number] > 0 {
            let end = start + starts[number]
            series.append(UInt32(number))
            ends.append(end)
            (starts[number], start) = (start, end)
        }
        var times = [Int64](repeating: 0, count: part.times.count)
        var values = [Double](repeating: 0, count: part.times.count)
        for (index, number) in part.series.enumerated() {
            let slot = Int(starts[Int(number)])
            times[slot] = part.times[index]
            values[slot] = part.values[index]
            starts[Int(number)] += 1
        }
        (self.series, self.ends, self.times, self.values) = (series, ends, times, values)
        span = if let first = times.min(), let last = times.max() { first...last } else { nil }
    }

    /// Whether a sample of it can lie within [`from`, `to`).
    func touches(_ from: Int64, _ to: Int64) -> Bool {
        span.map { $0.lowerBound < to && from <= $0.upperBound } ?? false
    }

    /// Where the samples of the series at `index` lie.
    func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : Int(ends[index - 1]))..<Int(ends[index]) }

    func holds(_ number: UInt32) -> Bool { index(of: number) != nil }

    private func index(of number: UInt32) -> Int? {
        let index = series.partitioningIndex { $0 >= number }
        return index < series.count && series[index] == number ? index : nil
    }

    /// The samples of one series, in the order they came. Complexity: O(log n), and the size of the answer.
    func run(of number: UInt32) -> Run {
        guard let index = index(of: number) else { return Run() }
        let range = range(index)
        return Run(times: Array(times[range]), values: Array(values[range]))
    }
}

extension Array {
    /// The first index whose element fulfils `predicate`, of elements that do from some index on. Complexity: O(log n).
    func partitioningIndex(_ predicate: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = low + (high - low) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
