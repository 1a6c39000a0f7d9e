internal import Series

/// `text` with every character that Prometheus does not take in a name replaced by '_', and one put before a digit in
/// front: `http.server.duration` becomes `http_server_duration`. Colons stand in metric names only.
func prometheusName(_ text: some Sequence<UInt8>, allowsColons: Bool) -> String {
    var name: [UInt8] = []
    for byte in text {
        let isDigit = (48...57).contains(byte)
        let isLetter = (97...122).contains(byte | 0x20) || byte == 95 || (allowsColons && byte == 58)
        if name.isEmpty, isDigit { name.append(95) }
        // A character of several bytes becomes one '_'.
        if isLetter || isDigit { name.append(byte) } else if byte & 0xC0 != 0x80 { name.append(95) }
    }
    return String(decoding: name, as: UTF8.self)
}

/// Labels from names that need not be Prometheus's. Where two names become one, the values are joined by ';' in the order
/// of the original names, as Prometheus's own receiver of OTLP does.
func prometheusLabels(_ pairs: [SeriesKey.Label]) -> [SeriesKey.Label] {
    var labels: [SeriesKey.Label] = []
    for pair in pairs.sorted() where !pair.value.isEmpty {
        let name = prometheusName(pair.name.utf8, allowsColons: false)
        if let known = labels.firstIndex(where: { $0.name == name }) {
            labels[known] = SeriesKey.Label(name: name, value: labels[known].value + ";" + pair.value)
        } else {
            labels.append(SeriesKey.Label(name: name, value: pair.value))
        }
    }
    return labels
}
