internal import Series

/// Reads `ExportMetricsServiceRequest` in JSON, by OTLP's rules for it: lower camel case, 64-bit integers as text or as
/// numbers, enumerations as numbers, unknown members passed over.
///
/// Complexity: linear in the message, times the labels that a resource gives to its points.
package func decodeOTLP(json message: ArraySlice<UInt8>) throws(DecodeError) -> OTLPMetrics {
    let tree = try JSONValue(parsing: message)
    guard case .object = tree else { throw DecodeError("a JSON object expected", at: 0) }
    var metrics = OTLPMetrics()
    for entry in tree["resourceMetrics"]?.elements ?? [] {
        let resource = OTLPResource(attributes(entry["resource"]))
        for scope in entry["scopeMetrics"]?.elements ?? [] {
            for metric in scope["metrics"]?.elements ?? [] { append(metric, resource, to: &metrics) }
        }
    }
    return metrics
}

private func append(_ metric: JSONValue, _ resource: OTLPResource, to metrics: inout OTLPMetrics) {
    var head = OTLPMetricHead(name: metric["name"]?.text ?? "")
    for kind in ["gauge", "sum", "histogram", "exponentialHistogram", "summary"] {
        guard let data = metric[kind] else { continue }
        let temporality = data["aggregationTemporality"]
        head.isDelta = temporality?.number == 1 || temporality?.text == "AGGREGATION_TEMPORALITY_DELTA"
        for entry in data["dataPoints"]?.elements ?? [] {
            metrics.append(point(entry, isNumber: kind == "gauge" || kind == "sum"), of: head, from: resource)
        }
    }
}

private func point(_ entry: JSONValue, isNumber: Bool) -> OTLPPoint {
    var point = OTLPPoint(attributes: attributes(entry))
    point.startTime = nanoseconds(entry["startTimeUnixNano"])
    point.time = nanoseconds(entry["timeUnixNano"])
    point.hasNoValue = entry["flags"]?.number == 1
    if isNumber {
        if let value = entry["asDouble"]?.number ?? entry["asInt"]?.number { point.set("", value) }
    } else {
        if let count = entry["count"]?.number { point.set("_count", count) }
        if let sum = entry["sum"]?.number { point.set("_sum", sum) }
    }
    return point
}

private func nanoseconds(_ value: JSONValue?) -> UInt64 {
    if let text = value?.text, let exact = UInt64(text) { return exact }
    return value?.number.flatMap(UInt64.init(exactly:)) ?? 0
}

private func attributes(_ owner: JSONValue?) -> [SeriesKey.Label] {
    var labels: [SeriesKey.Label] = []
    for pair in owner?["attributes"]?.elements ?? [] {
        guard let key = pair["key"]?.text, let value = pair["value"].flatMap(text) else { continue }
        labels.append(SeriesKey.Label(name: key, value: value))
    }
    return labels
}

/// As `anyValue` of the protobuf reader.
private func text(_ value: JSONValue) -> String? {
    if let text = value["stringValue"]?.text { return text }
    if case .bool(let truth)? = value["boolValue"] { return truth ? "true" : "false" }
    if let integer = value["intValue"] { return integer.text ?? integer.number.map(otlpText) }
    return value["doubleValue"]?.number.map(otlpText)
}
