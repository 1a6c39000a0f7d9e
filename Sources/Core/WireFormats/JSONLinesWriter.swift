package import Series
import Units

/// One line of VictoriaMetrics' import format, with its line break: what `decodeJSONLine` reads back equal.
///
/// Values keep every bit; infinities, which JSON has no number for, are the texts that VictoriaMetrics writes. Complexity: linear.
package func encodeJSONLine(_ key: SeriesKey, _ columns: SampleColumns) -> [UInt8] {
    var line: [UInt8] = []
    line.reserveCapacity(columns.count * 32 + 128)
    line += #"{"metric":{"__name__":"#.utf8
    appendQuoted(key.metric, to: &line)
    for label in key.labels {
        line.append(UInt8(ascii: ","))
        appendQuoted(label.name, to: &line)
        line.append(UInt8(ascii: ":"))
        appendQuoted(label.value, to: &line)
    }
    line += #"},"values":["#.utf8
    for (index, value) in columns.values.enumerated() {
        if index > 0 { line.append(UInt8(ascii: ",")) }
        line += text(of: value).utf8
    }
    line += #"],"timestamps":["#.utf8
    for (index, time) in columns.timestamps.enumerated() {
        if index > 0 { line.append(UInt8(ascii: ",")) }
        line += String(time.millisecondsSinceEpoch).utf8
    }
    line += "]}\n".utf8
    return line
}

private func text(of value: Double) -> String {
    if value.isNaN { return "null" }
    guard value.isFinite else { return value > 0 ? "\"Infinity\"" : "\"-Infinity\"" }
    // The shortest text that reads back as the same value; whole numbers without their `.0`.
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
}

private func appendQuoted(_ text: String, to line: inout [UInt8]) {
    line.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): line += [UInt8(ascii: "\\"), byte]
        case 0..<32: line += "\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8
        default: line.append(byte)
        }
    }
    line.append(UInt8(ascii: "\""))
}
