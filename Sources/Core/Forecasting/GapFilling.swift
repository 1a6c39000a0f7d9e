import Series

/// What counts as demand: at least 0, and no row above `highest`, so that squares and sums of it stay finite.
enum Demand {
    /// No service is asked for this much in a row; a larger value is a defect of the source.
    static let highest = 1e18

    static func bounded(_ value: Double) -> Double { min(max(value, 0), highest) }
}

/// The last known rows with every missing one filled from its own past: the same phase a season before, else the last
/// value known before it, else 0. Filling looks only back, so that it never depends on what comes after a row.
///
/// Filled as they are read, so that a forecast that looks at some hundred of ten thousand rows pays for those.
struct CausalRows {
    private let known: ArraySlice<Double>
    private let season: Int

    /// The newest rows of `known`, at most `limit`.
    init(_ known: KnownDemand, season: Int, limit: Int = .max) {
        (self.known, self.season) = (known.suffix(limit), season)
    }

    var count: Int { known.count }

    /// Row `row`, counted from the oldest. Complexity: O(1) where it is known; at worst the seasons, and then the rows
    /// of one.
    subscript(row: Int) -> Double {
        var index = known.startIndex + row
        while !known[index].isFinite, index - known.startIndex >= season { index -= season }
        while !known[index].isFinite, index > known.startIndex { index -= 1 }
        return known[index].isFinite ? Demand.bounded(known[index]) : 0
    }

    /// All of them. Complexity: linear.
    func filled() -> [Double] {
        var values = Array(known)
        var last = 0.0
        for row in values.indices {
            if values[row].isFinite {
                values[row] = Demand.bounded(values[row])
                last = values[row]
            } else {
                values[row] = row >= season ? values[row - season] : last
            }
        }
        return values
    }
}
