package import Series
package import Units

/// The text formats in which programs show their metrics to a scraper.
package enum ExpositionFormat: String, CaseIterable, Sendable {
    /// Prometheus text 0.0.4: timestamps in milliseconds.
    case prometheusText
    /// OpenMetrics 1.0: timestamps in seconds, exemplars, and `# EOF` as the last line.
    case openMetrics
}

/// Reads a whole exposition. Samples without a timestamp are given `time`; a NaN is a gap and gives none.
///
/// Counters, gauges and the parts of histograms and summaries come as the series they are written as; metadata, comments
/// and exemplars are passed over. Throws at the first line that is wrong, with its number. Complexity: linear.
package func decodeExposition(
    _ text: ArraySlice<UInt8>, format: ExpositionFormat, at time: Timestamp
) throws(DecodeError) -> SampleBatch {
    var decoder = ExpositionDecoder(format: format, at: time)
    var batch = SampleBatch()
    var (rest, number) = (text, 0)
    while !rest.isEmpty {
        let line = rest.prefix { $0 != 10 }
        number += 1
        do throws(LineProblem) {
            try decoder.decode(line, into: &batch)
            try batch.checkSize()
        } catch {
            throw DecodeError("line \(number): \(error.description)", at: line.startIndex - text.startIndex)
        }
        rest = rest[line.endIndex...].dropFirst()
    }
    do throws(LineProblem) { try decoder.finish() } catch {
        throw DecodeError("line \(number): \(error.description)", at: text.count)
    }
    return batch
}

/// Reads an exposition line by line, for what is too long to hold.
package struct ExpositionDecoder: Sendable {
    private let format: ExpositionFormat
    private let defaultTime: Timestamp
    private var isEnded = false

    package init(format: ExpositionFormat, at time: Timestamp) { (self.format, defaultTime) = (format, time) }

    /// `line` is without its end, but for a carriage return. Nothing reaches the batch unless the whole line is right.
    package mutating func decode(_ line: ArraySlice<UInt8>, into batch: inout SampleBatch) throws(LineProblem) {
        var scanner = ExpositionScanner(line.last == 13 ? line.dropLast() : line)
        scanner.skipBlanks()
        if scanner.isAtEnd { return }
        guard !isEnded else { throw LineProblem("text after '# EOF'") }
        guard scanner.peek != UInt8(ascii: "#") else {
            isEnded = format == .openMetrics && scanner.rest.elementsEqual("# EOF".utf8)
            return
        }
        let key = try scanner.key()
        let value = try scanner.number("a value")
        let time = try timestamp(&scanner)
        if !value.isNaN { batch.append(key, time, value) }
    }

    /// Throws where the text must say that it is complete and does not.
    package func finish() throws(LineProblem) {
        guard format != .openMetrics || isEnded else {
            throw LineProblem("the text is cut: it does not end in '# EOF'")
        }
    }

    /// What may follow the value: a timestamp, and in OpenMetrics an exemplar after '#'.
    private func timestamp(_ scanner: inout ExpositionScanner) throws(LineProblem) -> Timestamp {
        scanner.skipBlanks()
        var time = defaultTime
        if let next = scanner.peek, next != UInt8(ascii: "#") {
            let number = try scanner.number("a timestamp")
            guard let read = Timestamp(secondsSinceEpoch: format == .openMetrics ? number : number / 1_000) else {
                throw LineProblem("the timestamp is beyond any calendar")
            }
            time = read
            scanner.skipBlanks()
        }
        guard scanner.isAtEnd || (format == .openMetrics && scanner.peek == UInt8(ascii: "#")) else {
            throw LineProblem("text after the sample")
        }
        return time
    }
}

private struct ExpositionScanner {
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    init(_ bytes: ArraySlice<UInt8>) { (self.bytes, position) = (bytes, bytes.startIndex) }

    var isAtEnd: Bool { position == bytes.endIndex }
    var peek: UInt8? { isAtEnd ? nil : bytes[position] }
    var rest: ArraySlice<UInt8> { bytes[position...] }

    mutating func skipBlanks() {
        while let next = peek, next == 32 || next == 9 { position += 1 }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        skipBlanks()
        guard let next = peek, UInt32(next) == character.value else { return false }
        position += 1
        return true
    }

    /// `name`, `name{label="value",…}` or, for names of any characters, `{"name",label="value",…}`.
    mutating func key() throws(LineProblem) -> SeriesKey {
        var metric = word()
        var labels: [SeriesKey.Label] = []
        if take("{") {
            while !take("}") {
                try label(&metric, &labels)
                guard take(",") || peek == UInt8(ascii: "}") else { throw LineProblem("'}' expected after the labels") }
            }
        }
        do throws(SeriesNameError) { return try SeriesKey(metric: metric, labels: labels) } catch {
            throw LineProblem(error.description)
        }
    }

    private mutating func label(_ metric: inout String, _ labels: inout [SeriesKey.Label]) throws(LineProblem) {
        skipBlanks()
        let isQuoted = peek == UInt8(ascii: "\"")
        let name = isQuoted ? try quoted() : word()
        guard take("=") else {
            guard isQuoted, metric.isEmpty else {
                throw LineProblem("'=' expected after the label '\(name.prefix(40))'")
            }
            return metric = name
        }
        skipBlanks()
        labels.append(SeriesKey.Label(name: name, value: try quoted()))
    }

    /// Up to the next character that has a meaning between names.
    private mutating func word() -> String {
        let word = rest.prefix { $0 > 32 && !Self.separators.contains($0) }
        position = word.endIndex
        return String(decoding: word, as: UTF8.self)
    }

    private static let separators = Array("{}=,\"".utf8)

    /// A text in quotes, with `\\`, `\"` and `\n` for a backslash, a quote and a new line.
    private mutating func quoted() throws(LineProblem) -> String {
        guard peek == UInt8(ascii: "\"") else { throw LineProblem("a text in double quotes expected") }
        position += 1
        var text: [UInt8] = []
        while let next = peek, next != UInt8(ascii: "\"") {
            position += 1
            if next == UInt8(ascii: "\\"), let escaped = peek {
                position += 1
                // An unknown escape stands for itself, as Prometheus reads it.
                if escaped == UInt8(ascii: "n") {
                    text.append(10)
                } else {
                    if escaped != next, escaped != UInt8(ascii: "\"") { text.append(next) }
                    text.append(escaped)
                }
            } else {
                text.append(next)
            }
        }
        guard !isAtEnd else { throw LineProblem("a quote is not closed") }
        position += 1
        return String(decoding: text, as: UTF8.self)
    }

    /// The next word as a number; `what` names it in the error.
    mutating func number(_ what: String) throws(LineProblem) -> Double {
        skipBlanks()
        let word = rest.prefix { $0 > 32 }
        position = word.endIndex
        let text = String(decoding: word.prefix(400), as: UTF8.self)
        guard word.count < 400, let number = Double(text) else {
            throw LineProblem(text.isEmpty ? "\(what) expected" : "'\(text.prefix(40))' is no number: \(what) expected")
        }
        return number
    }
}
