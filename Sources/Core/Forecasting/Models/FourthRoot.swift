/// The fourth root of demand over its mean: about even variance at any height, and a far tail that logarithms would ruin.
///
/// Counts are taken with one added, so that zeros do not stretch what lies near them; other quantities, which may be tiny,
/// with a fiftieth of their mean, and no less than 1e-9.
package struct FourthRoot: Hashable, Sendable {
    /// What demand is divided by, and what is added before; both above 0.
    let scale: Double, offset: Double

    init(scale: Double, offset: Double) { (self.scale, self.offset) = (scale, offset) }

    /// The fourth root of demand and one.
    static let ofCounts = FourthRoot(scale: 1, offset: 1)

    /// The transform of rows that are finite and at least 0.
    package init(of rows: [Double]) {
        let isCount = rows.allSatisfy { $0 == $0.rounded() }
        let mean = rows.isEmpty ? 0 : rows.reduce(0) { $0 + $1 / Double(rows.count) }
        let offset = isCount ? 1 : max(mean / 50, 1e-9)
        self.init(scale: mean + offset, offset: offset)
    }

    func apply(_ y: Double) -> Double { ((max(y, 0) + offset) / scale).squareRoot().squareRoot() }

    func invert(_ z: Double) -> Double {
        let positive = max(z, 0)
        return max(positive * positive * positive * positive * scale - offset, 0)
    }

    /// What an error around `point` is measured in: it grows with the root of demand, as that of counts does.
    func unit(around point: Double) -> Double { ((max(point, 0) + offset) * scale).squareRoot() }
}
