/// Transformed rows with their running sums: what features are made from.
package struct QuantileNetRows: RidgeRows {
    let z: [Double]
    /// `sums[i]` is the sum of the first i rows. Rows are fourth roots, at most some 10⁷, so that differences of sums are sound.
    private let sums: [Double]
    /// Demand itself, for the cap.
    let demand: [Double]
    private let season: Int

    /// `rows` are demand: finite and at least 0.
    package init(_ rows: [Double], scale: FourthRoot, season: Int) {
        z = rows.map(scale.apply)
        var sums = [0.0]
        sums.reserveCapacity(z.count + 1)
        var sum = 0.0
        for value in z {
            sum += value
            sums.append(sum)
        }
        (self.sums, demand, self.season) = (sums, rows, season)
    }

    var count: Int { z.count }

    /// Row `row`; where that lies before the first one, the oldest of its phase.
    subscript(row: Int) -> Double { z[available(row)] }

    @inline(__always) func available(_ row: Int) -> Int {
        if row >= 0 { return row }
        let phase = row % season
        return phase < 0 ? phase + season : phase
    }

    /// - Precondition: 0 ≤ lower < upper ≤ count.
    @inline(__always) func mean(_ lower: Int, _ upper: Int) -> Double {
        (sums[upper] - sums[lower]) / Double(upper - lower)
    }
}
