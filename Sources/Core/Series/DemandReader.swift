package import Units

extension RegularSeries {
    /// Samples on a grid of `step` seconds that ends at the row boundary at or before `now`: the rows that have ended.
    ///
    /// A count is summed within a row; a rate or gauge is averaged; a counter gives the increase over the row, where a
    /// fall means that it restarted from zero. A row without a sample is missing, never zero.
    ///
    /// Nil where no row has ended yet. Complexity: linear in samples and rows.
    package init?(resampling samples: SampleColumns, kind: DemandKind, step: Int, endingBy now: Timestamp) {
        let stepMilliseconds = Int64(step) * 1_000
        guard let first = samples.timestamps.first?.millisecondsSinceEpoch else { return nil }
        let start = first.flooredDivision(by: stepMilliseconds).quotient * stepMilliseconds
        let rows = Int((now.millisecondsSinceEpoch - start).flooredDivision(by: stepMilliseconds).quotient)
        guard rows > 0, rows <= GridError.maximumRows else { return nil }
        let grid = TimeGrid(start: Timestamp(millisecondsSinceEpoch: start), step: step, count: rows)
        var sums = [Double](repeating: 0, count: rows)
        var counts = [Int](repeating: 0, count: rows)
        var previous: Double?
        for (time, value) in zip(samples.timestamps, samples.values) where value.isFinite {
            let increase = previous.map { value >= $0 ? value - $0 : value }
            previous = value
            let row = grid.row(holding: time)
            guard (0..<rows).contains(row), let amount = kind == .counter ? increase : value else { continue }
            sums[row] += amount
            counts[row] += 1
        }
        let isMean = kind == .rate || kind == .gauge
        let values = zip(sums, counts).map { sum, count in
            count == 0 ? Double.nan : isMean ? sum / Double(count) : sum
        }
        self.init(start: grid.start, step: step, values: values)
    }
}
