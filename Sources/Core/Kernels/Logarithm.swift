/// The natural logarithm of a positive, finite number, by the series of the inverse hyperbolic tangent.
///
/// Written here, like `cosineAndSine`, because Core links no C library module. Relative error below 1e-15.
package func logarithm(_ x: Double) -> Double {
    precondition(x > 0 && x.isFinite, "a logarithm of a positive number")
    var (mantissa, exponent) = (x.significand, Double(x.exponent))
    if mantissa > 2.0.squareRoot() { (mantissa, exponent) = (mantissa / 2, exponent + 1) }
    let t = (mantissa - 1) / (mantissa + 1)
    var (sum, power) = (0.0, t)
    for n in stride(from: 1.0, through: 41, by: 2) {
        sum += power / n
        power *= t * t
    }
    return 2 * sum + exponent * 0.693_147_180_559_945_309_417
}

/// e to the power of `x`, for |x| ≤ 700. Relative error below 1e-14.
package func exponential(_ x: Double) -> Double {
    let halvings = (x / 0.693_147_180_559_945_309_417).rounded()
    let rest = x - halvings * 0.693_147_180_559_945_309_417
    var (sum, term) = (1.0, 1.0)
    for n in stride(from: 1.0, through: 22, by: 1) {
        term *= rest / n
        sum += term
    }
    return Double(sign: .plus, exponent: Int(min(max(halvings, -1_000), 1_000)), significand: sum)
}
