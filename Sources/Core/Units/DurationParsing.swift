/// Seconds written as `15s`, `2m`, `1h`, `21d` or `250ms`; a bare number is seconds. Nil where the text is none of these or
/// negative.
package func seconds(parsing text: String) -> Double? {
    let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3_600), ("d", 86_400), ("", 1)]
    for (unit, factor) in units where text.hasSuffix(unit) {
        guard let value = Double(text.dropLast(unit.utf8.count)), value.isFinite, value >= 0 else { continue }
        return value * factor
    }
    return nil
}
