internal import Series

/// Reads `ExportMetricsServiceRequest` in protobuf. Throws where it is damaged; what of it cannot be stored is counted.
///
/// Complexity: linear in the message, times the labels that a resource gives to its points.
package func decodeOTLP(protobuf message: Span<UInt8>) throws(DecodeError) -> OTLPMetrics {
    var metrics = OTLPMetrics()
    var reader = ProtoReader(0..<message.count)
    while let field = try reader.next(in: message) {
        if field.isField(1, .bytes) { try resourceMetrics(message, field.range, into: &metrics) }
    }
    return metrics
}

private func resourceMetrics(
    _ message: Span<UInt8>, _ range: Range<Int>, into metrics: inout OTLPMetrics
) throws(DecodeError) {
    var attributes: [SeriesKey.Label] = []
    try message.each(1, in: range) { inner throws(DecodeError) in
        try message.each(1, in: inner) { pair throws(DecodeError) in try keyValue(message, pair, into: &attributes) }
    }
    let resource = OTLPResource(attributes)
    try message.each(2, in: range) { scope throws(DecodeError) in
        try message.each(2, in: scope) { inner throws(DecodeError) in
            try metric(message, inner, resource, into: &metrics)
        }
    }
}

extension Span<UInt8> {
    /// Calls `body` for the content of every field of that number; the fields of a message come in any order.
    fileprivate func each(
        _ number: UInt64, in range: Range<Int>, _ body: (Range<Int>) throws(DecodeError) -> Void
    ) throws(DecodeError) {
        var reader = ProtoReader(range)
        while let field = try reader.next(in: self) {
            if field.isField(number, .bytes) { try body(field.range) }
        }
    }
}

private func metric(
    _ message: Span<UInt8>, _ range: Range<Int>, _ resource: OTLPResource, into metrics: inout OTLPMetrics
) throws(DecodeError) {
    var head = OTLPMetricHead()
    try message.each(1, in: range) { name throws(DecodeError) in head.name = try message.text(name) }
    var reader = ProtoReader(range)
    while let field = try reader.next(in: message) {
        guard field.wire == .bytes, let shape = OTLPPointShape(metricField: field.number) else { continue }
        head.isDelta = try isDelta(message, field.range)
        var points = ProtoReader(field.range)
        while let inner = try points.next(in: message) {
            guard inner.isField(1, .bytes) else { continue }
            metrics.append(try point(message, inner.range, shape), of: head, from: resource)
        }
    }
}

/// Field 2 of a sum and of a histogram; a gauge and a summary have none.
private func isDelta(_ message: Span<UInt8>, _ range: Range<Int>) throws(DecodeError) -> Bool {
    var isDelta = false
    var reader = ProtoReader(range)
    while let field = try reader.next(in: message) {
        if field.isField(2, .varint) { isDelta = field.scalar == 1 }
    }
    return isDelta
}

/// Where the fields of a kind of point are.
private struct OTLPPointShape {
    let attributes: UInt64, flags: UInt64
    let isNumber: Bool

    init?(metricField: UInt64) {
        switch metricField {
        case 5, 7: (attributes, flags, isNumber) = (7, 8, true)  // gauge, sum
        case 9: (attributes, flags, isNumber) = (9, 10, false)  // histogram
        case 10: (attributes, flags, isNumber) = (1, 10, false)  // exponential histogram
        case 11: (attributes, flags, isNumber) = (7, 8, false)  // summary
        default: return nil
        }
    }
}

private func point(
    _ message: Span<UInt8>, _ range: Range<Int>, _ shape: OTLPPointShape
) throws(DecodeError) -> OTLPPoint {
    var point = OTLPPoint()
    var reader = ProtoReader(range)
    while let field = try reader.next(in: message) {
        switch (field.number, field.wire) {
        case (shape.attributes, .bytes): try keyValue(message, field.range, into: &point.attributes)
        case (shape.flags, .varint): point.hasNoValue = field.scalar & 1 == 1
        case (2, .fixed64): point.startTime = field.scalar
        case (3, .fixed64): point.time = field.scalar
        case (4, .fixed64) where shape.isNumber: point.values = [("", field.double)]
        case (6, .fixed64) where shape.isNumber: point.values = [("", Double(field.int64))]
        case (4, .fixed64): point.set("_count", Double(field.scalar))
        case (5, .fixed64): point.set("_sum", field.double)
        default: break
        }
    }
    return point
}

extension OTLPPoint {
    mutating func set(_ suffix: String, _ value: Double) {
        values.removeAll { $0.suffix == suffix }
        values.append((suffix, value))
    }
}

private func keyValue(
    _ message: Span<UInt8>, _ range: Range<Int>, into attributes: inout [SeriesKey.Label]
) throws(DecodeError) {
    var (key, value) = ("", String?.none)
    var reader = ProtoReader(range)
    while let field = try reader.next(in: message) {
        if field.isField(1, .bytes) { key = try message.text(field.range) }
        if field.isField(2, .bytes) { value = try anyValue(message, field.range) }
    }
    if let value { attributes.append(SeriesKey.Label(name: key, value: value)) }
}

/// The text of a string, a truth value or a number; nil for lists, maps and bytes.
private func anyValue(_ message: Span<UInt8>, _ range: Range<Int>) throws(DecodeError) -> String? {
    var text: String?
    var reader = ProtoReader(range)
    while let field = try reader.next(in: message) {
        switch (field.number, field.wire) {
        case (1, .bytes): text = try message.text(field.range)
        case (2, .varint): text = field.scalar == 0 ? "false" : "true"
        case (3, .varint): text = "\(field.int64)"
        case (4, .fixed64): text = otlpText(field.double)
        default: break
        }
    }
    return text
}

/// A number as an attribute's value: whole numbers without a fraction.
func otlpText(_ value: Double) -> String {
    value == value.rounded() && abs(value) < 1e15 ? "\(Int64(value))" : "\(value)"
}
