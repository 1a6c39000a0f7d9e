package import Series
import Units

/// A trace as CSV, `timestamp,value`: times in UTC, whole values without a fraction, nothing where a value is missing.
///
/// Reading it back gives the same samples, bit for bit. Complexity: linear in the samples.
package func encodedTraceCSV(_ samples: SampleColumns) -> [UInt8] {
    var bytes = Array("timestamp,value\n".utf8)
    bytes.reserveCapacity(samples.count * 28)
    for (time, value) in zip(samples.timestamps, samples.values) {
        bytes += time.description.utf8
        bytes.append(UInt8(ascii: ","))
        if value.isFinite { bytes += numberText(value).utf8 }
        bytes.append(UInt8(ascii: "\n"))
    }
    return bytes
}

private func numberText(_ value: Double) -> String {
    guard abs(value) < 1e15, value == value.rounded(.towardZero) else { return "\(value)" }
    return "\(Int64(value))"
}
