package import Series
package import Units

/// What a remote_read asks for: `prometheus.ReadRequest`. Hints are passed over; they only help a server to read less.
package struct ReadRequest: Hashable, Sendable {
    package var queries: [ReadQuery]
    /// False where the asker takes chunks alone, which are not written here.
    package var acceptsSamples: Bool

    package init(queries: [ReadQuery], acceptsSamples: Bool = true) {
        (self.queries, self.acceptsSamples) = (queries, acceptsSamples)
    }

    /// More in one request are refused.
    package static let maximumQueries = 64, maximumMatchers = 64
}

/// The series that all matchers fit, from `start` to `end`, both included.
package struct ReadQuery: Hashable, Sendable {
    package var start: Timestamp, end: Timestamp
    package var matchers: [ReadMatcher]

    package init(start: Timestamp, end: Timestamp, matchers: [ReadMatcher]) {
        (self.start, self.end, self.matchers) = (start, end, matchers)
    }
}

/// A condition on one label, `__name__` being the metric; a label that a series has not is empty.
package struct ReadMatcher: Hashable, Sendable {
    package enum Kind: UInt64, CaseIterable, Sendable {
        case equal = 0, notEqual = 1, matches = 2, matchesNot = 3
    }

    package var kind: Kind
    package var name: String, value: String

    package init(_ kind: Kind, _ name: String, _ value: String) {
        (self.kind, self.name, self.value) = (kind, name, value)
    }
}

/// Reads a request after decompression. Throws where it is damaged, asks for what there is not, or for too much at once.
///
/// Complexity: linear in the message.
package func decodeReadRequest(_ message: Span<UInt8>) throws(DecodeError) -> ReadRequest {
    var request = ReadRequest(queries: [])
    var accepted: Set<UInt64> = []
    var reader = ProtoReader(0..<message.count)
    while let field = try reader.next(in: message) {
        switch (field.number, field.wire) {
        case (1, .bytes): request.queries.append(try query(message, field.range))
        case (2, .varint): accepted.insert(min(field.scalar, 2))
        case (2, .bytes): try readTypes(message, field.range, into: &accepted)
        default: break
        }
        guard request.queries.count <= ReadRequest.maximumQueries else {
            throw DecodeError("more than \(ReadRequest.maximumQueries) queries in one request", at: reader.position)
        }
    }
    request.acceptsSamples = accepted.isEmpty || accepted.contains(0)
    return request
}

private func readTypes(
    _ message: Span<UInt8>, _ range: Range<Int>, into types: inout Set<UInt64>
) throws(DecodeError) {
    var reader = ProtoReader(range)
    while reader.position < range.upperBound { types.insert(min(try reader.varint(in: message), 2)) }
}

private func query(_ message: Span<UInt8>, _ range: Range<Int>) throws(DecodeError) -> ReadQuery {
    var (start, end) = (Int64(0), Int64(0))
    var matchers: [ReadMatcher] = []
    var reader = ProtoReader(range)
    while let field = try reader.next(in: message) {
        switch (field.number, field.wire) {
        case (1, .varint): start = field.int64
        case (2, .varint): end = field.int64
        case (3, .bytes): matchers.append(try matcher(message, field.range))
        default: break
        }
        guard matchers.count <= ReadRequest.maximumMatchers else {
            throw DecodeError("more than \(ReadRequest.maximumMatchers) matchers in one query", at: reader.position)
        }
    }
    guard start <= end else { throw DecodeError("a query that ends before it starts", at: range.lowerBound) }
    return ReadQuery(start: clamped(start), end: clamped(end), matchers: matchers)
}

/// Clients say "everything" with the smallest and the largest number.
private func clamped(_ milliseconds: Int64) -> Timestamp {
    Timestamp(millisecondsSinceEpoch: min(max(milliseconds, acceptedTimes.lowerBound), acceptedTimes.upperBound))
}

private func matcher(_ message: Span<UInt8>, _ range: Range<Int>) throws(DecodeError) -> ReadMatcher {
    var (kind, name, value) = (UInt64(0), "", "")
    var reader = ProtoReader(range)
    while let field = try reader.next(in: message) {
        switch (field.number, field.wire) {
        case (1, .varint): kind = field.scalar
        case (2, .bytes): name = try message.text(field.range)
        case (3, .bytes): value = try message.text(field.range)
        default: break
        }
    }
    guard let kind = ReadMatcher.Kind(rawValue: kind) else {
        throw DecodeError("matchers of type \(kind) are not known", at: range.lowerBound)
    }
    return ReadMatcher(kind, name, value)
}

/// The bytes of a request that asks for samples.
package func encodeReadRequest(_ request: ReadRequest) -> [UInt8] {
    var writer = ProtoWriter()
    for query in request.queries {
        writer.message(1) { writer in
            writer.varint(1, UInt64(bitPattern: query.start.millisecondsSinceEpoch))
            writer.varint(2, UInt64(bitPattern: query.end.millisecondsSinceEpoch))
            for matcher in query.matchers {
                writer.message(3) { writer in
                    writer.varint(1, matcher.kind.rawValue)
                    writer.string(2, matcher.name)
                    writer.string(3, matcher.value)
                }
            }
        }
    }
    writer.varint(2, 0)
    return writer.bytes
}

/// A series in an answer.
package struct ReadSeries: Sendable {
    package let key: SeriesKey
    /// Ascending in time.
    package let samples: SampleColumns

    package init(key: SeriesKey, samples: SampleColumns) { (self.key, self.samples) = (key, samples) }
}

/// The bytes of an answer, before compression: for each query, in the order of the request, the series that fit.
///
/// Labels are sorted as Prometheus sorts them, `__name__` among them; NaNs, which are gaps, are left out.
/// Complexity: linear in the samples.
package func encodeReadResponse(_ results: [[ReadSeries]]) -> [UInt8] {
    var writer = ProtoWriter()
    for series in results {
        writer.message(1) { writer in
            for one in series { writer.message(1) { writer in write(one, to: &writer) } }
        }
    }
    return writer.bytes
}

private func write(_ series: ReadSeries, to writer: inout ProtoWriter) {
    let labels = series.key.labels + [SeriesKey.Label(name: "__name__", value: series.key.metric)]
    for label in labels.sorted() {
        writer.message(1) { writer in
            writer.string(1, label.name)
            writer.string(2, label.value)
        }
    }
    for (time, value) in zip(series.samples.timestamps, series.samples.values) where !value.isNaN {
        writer.message(2) { writer in
            writer.double(1, value)
            writer.varint(2, UInt64(bitPattern: time.millisecondsSinceEpoch))
        }
    }
}

/// What of an answer could not be taken.
package struct ReadResponseOutcome: Hashable, Sendable {
    /// Series passed over because their names or sizes will not do, and why the first of them was.
    package var refusedSeries = 0
    package var firstProblem: String?
}

/// Reads an answer after decompression, all its queries, into a batch; nothing reaches the batch after an error.
///
/// Complexity: linear in the message.
package func decodeReadResponse(
    _ message: Span<UInt8>, into batch: inout SampleBatch
) throws(DecodeError) -> ReadResponseOutcome {
    var (outcome, read) = (ReadResponseOutcome(), batch)
    var reader = ProtoReader(0..<message.count)
    while let result = try reader.next(in: message) {
        guard result.isField(1, .bytes) else { continue }
        var inner = ProtoReader(result.range)
        while let field = try inner.next(in: message) {
            if field.isField(1, .bytes) { try series(message, field.range, into: &read, &outcome) }
        }
    }
    batch = read
    return outcome
}

/// A series of an answer has the encoding of one of remote_write 1.0.
private func series(
    _ message: Span<UInt8>, _ range: Range<Int>, into batch: inout SampleBatch, _ outcome: inout ReadResponseOutcome
) throws(DecodeError) {
    var (samples, metric, labels) = (WriteColumns(), "", [SeriesKey.Label]())
    var reader = ProtoReader(range)
    while let field = try reader.next(in: message) {
        if field.isField(2, .bytes) { try samples.appendSample(message, field.range) }
        guard field.isField(1, .bytes) else { continue }
        let label = try label(message, field.range)
        if label.name == "__name__" { metric = label.value } else { labels.append(label) }
    }
    do throws(SeriesNameError) {
        let key = try SeriesKey(metric: metric, labels: labels)
        for (time, value) in zip(samples.times, samples.values) {
            batch.append(key, Timestamp(millisecondsSinceEpoch: time), value)
        }
    } catch {
        outcome.refusedSeries += 1
        outcome.firstProblem = outcome.firstProblem ?? error.description
    }
}

private func label(_ message: Span<UInt8>, _ range: Range<Int>) throws(DecodeError) -> SeriesKey.Label {
    var (name, value) = ("", "")
    var reader = ProtoReader(range)
    while let field = try reader.next(in: message) {
        if field.isField(1, .bytes) { name = try message.text(field.range) }
        if field.isField(2, .bytes) { value = try message.text(field.range) }
    }
    return SeriesKey.Label(name: name, value: value)
}
