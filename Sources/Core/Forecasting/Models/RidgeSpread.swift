import Kernels

/// How the values of each step ahead lie around a ridge's point forecast, learnt from errors on rows it had not seen.
///
/// An error is measured in counts and in units of the root of the forecast and one, as counts vary. Quantiles of errors in
/// fourth roots, taken to the fourth power again, blow up in the far tail, which is where capacity is bought.
struct RidgeSpread: Sendable {
    /// No quantile goes beyond: one and a half times the highest value seen.
    let cap: Double
    /// Horizon × levels, in units.
    let quantiles: Matrix

    /// The space the point forecast was made in.
    let transform: FourthRoot

    /// Appends the quantiles of `step` around `point`, none above `limit`.
    func append(to values: inout [Double], step: Int, point: Double, limit: Double) {
        let unit = transform.unit(around: point)
        for column in 0..<quantiles.columns { values.append(min(point + unit * quantiles[step, column], limit)) }
    }
}
