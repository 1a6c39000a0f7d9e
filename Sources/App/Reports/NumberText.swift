/// `value` with exactly `digits` decimals, so that the same figure is the same text everywhere.
///
/// NaN is `-`; the sign of a value that rounds to zero is dropped.
package func fixedText(_ value: Double, digits: Int = 1) -> String {
    guard value.isFinite else { return value.isNaN ? "-" : value < 0 ? "-∞" : "∞" }
    let places = min(max(digits, 0), 9)
    let factor = (0..<places).reduce(1.0) { product, _ in product * 10 }
    let scaled = (abs(value) * factor).rounded()
    guard scaled < 1e15 else { return "\(value)" }
    let number = Int(scaled)
    let sign = value < 0 && number != 0 ? "-" : ""
    guard places > 0 else { return "\(sign)\(number)" }
    let unit = Int(factor)
    let fraction = "\(number % unit)"
    return "\(sign)\(number / unit)." + String(repeating: "0", count: places - fraction.count) + fraction
}

/// `value` to about three significant digits, with k, M or G for thousands, millions and billions: `48.2k`.
package func shortText(_ value: Double) -> String {
    guard value.isFinite else { return fixedText(value) }
    let (scale, suffix) = thousands(abs(value))
    let scaled = abs(value) / scale
    if scale == 1, value == value.rounded() { return fixedText(value, digits: 0) }
    var digits = scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2
    // A small share keeps two digits that say something.
    var lead = scaled
    while lead > 0, lead < 0.1, digits < 6 {
        lead *= 10
        digits += 1
    }
    return fixedText(value / scale, digits: digits) + suffix
}

/// A length of time in the unit a reader would use: `0.4 s`, `42 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`.
package func durationText(seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return "-" }
    if seconds < 9.95 { return "\(fixedText(seconds, digits: 1)) s" }
    let whole = Int(seconds.rounded())
    let units = [(86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")]
    for (size, name, smaller, smallerName) in units where whole >= size {
        let rest = whole % size / smaller
        return "\(whole / size) \(name)" + (rest == 0 ? "" : " \(rest) \(smallerName)")
    }
    return "\(whole) s"
}

/// The power of a thousand that suits a magnitude, and its letter.
func thousands(_ magnitude: Double) -> (scale: Double, suffix: String) {
    switch magnitude {
    case 999_500_000...: (1e9, "G")
    case 999_500...: (1e6, "M")
    case 9_999.5...: (1e3, "k")
    default: (1, "")
    }
}
