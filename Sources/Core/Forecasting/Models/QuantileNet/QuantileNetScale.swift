import Kernels

/// The space a quantile net works in: fourth roots of what is asked, in units of the series' mean.
struct QuantileNetScale: Hashable, Sendable {
    /// The mean; above 0.
    let unit: Double
    /// Added before the root, in units: one where all values are whole numbers, and a fiftieth of the mean otherwise.
    let shift: Double

    init(unit: Double, shift: Double) { (self.unit, self.shift) = (unit, shift) }

    /// - Precondition: `rows` are demand: finite and at least 0.
    init(of rows: [Double]) {
        let mean = rows.isEmpty ? 0 : rows.reduce(0, +) / Double(rows.count)
        unit = mean > 0 ? max(mean, 1e-12) : 1
        shift = rows.allSatisfy { $0 == $0.rounded() } ? 1 / unit : 0.02
    }

    func apply(_ y: Double) -> Double { (y / unit + shift).squareRoot().squareRoot() }

    func invert(_ z: Double) -> Double {
        let positive = max(z, 0)
        return (positive * positive * positive * positive - shift) * unit
    }

    /// The least value that demand is mapped to.
    var lowest: Double { shift.squareRoot().squareRoot() }
}

/// Transformed rows with their running sums: what features are made from.
struct QuantileNetRows: RidgeRows {
    let z: [Double]
    /// `sums[i]` is the sum of the first i rows. Rows are fourth roots, at most some 10⁷, so that differences of sums are sound.
    private let sums: [Double]
    /// Demand itself, for the cap.
    let demand: [Double]
    private let season: Int

    /// `rows` are demand: finite and at least 0.
    init(_ rows: [Double], scale: QuantileNetScale, season: Int) {
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

/// The rows as a ridge wants them: with as many in front as its features reach, taken from the oldest of the same phase.
struct PaddedRows: RidgeRows {
    let rows: QuantileNetRows
    let padding: Int

    subscript(row: Int) -> Double { rows[row - padding] }
}
