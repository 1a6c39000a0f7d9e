package import Series
package import Units

/// Where the columns of a wide table stand in time.
package struct WideGrid: Hashable, Sendable {
    /// Of the column `t0`.
    package let start: Timestamp
    /// From a column to the next, seconds.
    package let step: Int

    package init(start: Timestamp, step: Int) {
        precondition(step > 0, "a step lasts")
        (self.start, self.step) = (start, step)
    }
}

/// Reads tables of a series a row, whose columns `t0`, `t1`, … are a step apart.
///
/// The column `series` and those named in `by` become labels; other columns are passed over, because what is measured once for
/// a whole series does not name it. An empty field is a gap.
package struct WideCSVDecoder: Sendable {
    /// More rows than this are no table of series, and remembering them would fill the memory.
    package static let maximumSeries = 1_000_000

    private let labels: CSVLabels
    private let grid: WideGrid
    private let columns: Int
    private let values: Range<Int>
    private var seen: Set<SeriesKey> = []

    package init(
        header: ArraySlice<UInt8>, grid: WideGrid, key: SeriesKey, by: [String] = []
    ) throws(LineProblem) {
        let names = CSVFields.split(header).map(CSVFields.text)
        guard let values = Self.timeColumns(names) else {
            throw LineProblem("a table of a series a row needs the columns t0, t1, … one after the other")
        }
        labels = try CSVLabels((names.contains("series") ? ["series"] : []) + by, of: names, key: key)
        (self.grid, self.values, columns) = (grid, values, names.count)
    }

    /// How many columns `t0`, `t1`, … a header has; nil where it has none, or not one after the other.
    package static func timeColumns(inHeader header: ArraySlice<UInt8>) -> Int? {
        timeColumns(CSVFields.split(header).map(CSVFields.text))?.count
    }

    /// Columns before and after them are other ones; another of their kind is a table that was put together wrongly.
    private static func timeColumns(_ names: [String]) -> Range<Int>? {
        guard let first = names.firstIndex(of: "t0") else { return nil }
        var end = first
        while end < names.count, names[end] == "t\(end - first)" { end += 1 }
        let isStray = { (name: String) in name.first == "t" && name.count > 1 && Int(name.dropFirst()) != nil }
        return names[..<first].contains(where: isStray) || names[end...].contains(where: isStray) ? nil : first..<end
    }

    /// Adds a row's values, all or none. Complexity: linear in the line.
    package mutating func decode(_ line: ArraySlice<UInt8>, into batch: inout SampleBatch) throws(LineProblem) {
        let fields = try CSVFields.split(line, columns: columns)
        let key = try labels.key(fields)
        guard !seen.contains(key) else {
            throw LineProblem("\(key) was in a row before it; --by adds a column that tells the two apart")
        }
        guard seen.count < Self.maximumSeries else { throw LineProblem("over \(Self.maximumSeries) series") }
        var samples = SampleColumns()
        for (number, column) in values.enumerated() {
            do throws(LineProblem) {
                guard let value = try CSVFields.number(fields[column]) else { continue }
                samples.append(grid.start.advanced(bySeconds: number * grid.step), value)
            } catch { throw LineProblem("t\(number): \(error)") }
        }
        seen.insert(key)
        batch.append(key, contentsOf: samples)
    }
}
