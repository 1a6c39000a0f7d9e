package import Units

extension RegularSeries {
    /// Samples on a grid of `step` seconds that ends at the row boundary at or before `now`: the rows that have ended.
    ///
    /// A count is summed within a row; a rate or gauge is averaged; a counter gives the increase over the row, where a
    /// fall means that it restarted from zero. A row without a sample is missing, never zero.
    ///
    /// Nil where no row has ended yet. Complexity: linear in samples and rows.
    package init?(resampling samples: SampleColumns, kind: DemandKind, step: Int, endingBy now: Timestamp) {
        self.init(windows: WindowColumns(samples, step: step), kind: kind, endingBy: now)
    }

    /// The same from windows, one a row: a store may keep them where it no longer keeps the samples.
    package init?(windows: WindowColumns, kind: DemandKind, endingBy now: Timestamp) {
        let width = Int64(windows.step) * 1_000
        guard let first = windows.numbers.first else { return nil }
        let (rows, isTooFar) = now.millisecondsSinceEpoch.flooredDivision(by: width).quotient
            .subtractingReportingOverflow(first)
        guard !isTooFar, rows > 0, rows <= Int64(GridError.maximumRows) else { return nil }
        var values = [Double](repeating: .nan, count: Int(rows))
        var previous: Double?
        for (number, window) in zip(windows.numbers, windows.windows) {
            guard number - first < rows else { break }
            if let value = window.demand(kind, after: previous) { values[Int(number - first)] = value }
            previous = window.last
        }
        self.init(start: Timestamp(millisecondsSinceEpoch: first * width), step: windows.step, values: values)
    }
}

extension Window {
    /// What a row of `kind` holds. Nil where a counter has nothing to compare with: a lone sample, and none before it.
    fileprivate func demand(_ kind: DemandKind, after previous: Double?) -> Double? {
        switch kind {
        case .count: sum
        case .rate, .gauge: sum / Double(count)
        case .counter: previous.map { increase(after: $0) } ?? (count > 1 ? increase : nil)
        }
    }
}
