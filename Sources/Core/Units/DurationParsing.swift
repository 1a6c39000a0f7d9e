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

/// Bytes written as `64MB`, `20GB`, `1.5GiB` or `65536`; MB is a million, MiB 2^20. Nil where the text is none of these.
package func bytes(parsing text: String) -> Int? {
    let units: [(String, Double)] = [
        ("KiB", 0x1p10), ("MiB", 0x1p20), ("GiB", 0x1p30), ("TiB", 0x1p40), ("kB", 1e3), ("KB", 1e3), ("MB", 1e6),
        ("GB", 1e9), ("TB", 1e12), ("", 1),
    ]
    for (unit, factor) in units where text.hasSuffix(unit) {
        let number = text.dropLast(unit.utf8.count)
        guard let value = Double(number.last == " " ? number.dropLast() : number), value >= 0 else { continue }
        return value * factor < 0x1p60 ? Int(value * factor) : nil
    }
    return nil
}
