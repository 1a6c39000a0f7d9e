/// Milliseconds in a duration as Prometheus writes it (`1h30m`, `500ms`, units descending and each at most once) or in a number
/// of seconds; nil where the text is neither, or over a hundred years.
package func queryDuration(_ text: some StringProtocol) -> Int64? {
    let limit = Int64(100 * 366) * 86_400_000
    if let seconds = Double(text) {
        let milliseconds = (seconds * 1_000).rounded()
        return abs(milliseconds) <= Double(limit) ? Int64(milliseconds) : nil
    }
    var rest = Substring(text).utf8
    var total: Int64 = 0
    var units: ArraySlice<(name: String, milliseconds: Int64)> = durationUnits[...]
    while !rest.isEmpty {
        let digits = rest.prefix { (48...57).contains($0) }
        let name = rest.dropFirst(digits.count).prefix { !(48...57).contains($0) }
        guard let amount = Int64(String(decoding: digits, as: UTF8.self)), amount <= limit,
            let unit = units.firstIndex(where: { $0.name.utf8.elementsEqual(name) })
        else { return nil }
        let (product, isOver) = amount.multipliedReportingOverflow(by: units[unit].milliseconds)
        total += isOver ? 0 : min(product, limit + 1)
        guard !isOver, total <= limit else { return nil }
        units = units[(unit + 1)...]
        rest = rest.dropFirst(digits.count + name.count)
    }
    return text.isEmpty ? nil : total
}

private let durationUnits: [(name: String, milliseconds: Int64)] = [
    ("y", 365 * 86_400_000), ("w", 7 * 86_400_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000),
    ("ms", 1),
]
