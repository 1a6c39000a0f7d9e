package import Series
import Units
package import WireFormats

/// How a file of samples is written.
package enum SampleFormat: String, CaseIterable, Sendable {
    /// `timestamp,value` or `series,timestamp,value`.
    case csv
    /// VictoriaMetrics' import format, one series a line.
    case jsonl
    /// OpenMetrics text with a timestamp a sample, in seconds, and `# EOF` at its end.
    case openmetrics
    /// Prometheus text with a timestamp a sample, in milliseconds.
    case prometheus
    /// A table of a series a row, with the columns `t0`, `t1`, ….
    case wide
    /// A table of an event a row, with a column of times; events are counted.
    case events
    /// An access log in common or combined format, as nginx and Apache write it; its lines are counted.
    case clf

    /// Whether the file does not say itself what its series are called.
    package var needsMetric: Bool { [.csv, .wide, .events, .clf].contains(self) }
    /// Whether its lines are counted and are no samples themselves.
    package var isCounted: Bool { self == .events || self == .clf }
}

/// What a table does not say of itself.
package struct TableLayout: Sendable {
    /// Of wide tables, which need it.
    package var grid: WideGrid?
    /// Columns of wide tables that become labels, beside `series`.
    package var by: [String] = []
    package var events = EventColumns()

    package init() {}
}

/// A file of samples, plain or gzip, read in batches of bounded size.
package struct SampleFile: Sendable {
    /// Where it is opened, and what it is called in messages.
    private let location: String
    package let path: String
    package let format: SampleFormat
    /// Its size as it lies on the disk.
    package let bytes: Int
    /// Names the series of a CSV file; its `series` column becomes the label `series`. Nil for formats that name their own.
    private let key: SeriesKey?
    private let layout: TableLayout

    /// `format` nil: told by the file's name, or else by what it holds.
    ///
    /// - Throws: where the file cannot be read, or needs a `key` and there is none.
    package init(
        path: String, format: SampleFormat?, key: SeriesKey?, layout: TableLayout = TableLayout()
    ) throws(InputError) {
        try self.init(location: path, name: path, bytes: nil, format: format, key: key, layout: layout)
    }

    /// What has been read from standard input. The caller keeps `input` as long as this is read.
    package init(
        _ input: SpooledInput, format: SampleFormat?, key: SeriesKey?, layout: TableLayout = TableLayout()
    ) throws(InputError) {
        try self.init(
            location: input.path, name: SpooledInput.name, bytes: input.bytes, format: format, key: key, layout: layout)
    }

    private init(
        location: String, name: String, bytes: Int?, format: SampleFormat?, key: SeriesKey?, layout: TableLayout
    ) throws(InputError) {
        (self.location, path, self.key, self.layout) = (location, name, key, layout)
        if let bytes { self.bytes = bytes } else { self.bytes = try LineReader(path: location, name: name).totalBytes }
        self.format = if let format { format } else { try guessFormat(of: location, name: name, layout) }
        guard !self.format.needsMetric || key != nil else {
            let kind = self.format == .clf ? "an access log" : "a CSV file"
            throw InputError(path: name, "\(kind) names no metric; give one with --metric")
        }
    }

    /// Reads the whole file and hands on what it holds, `batchSize` samples or a little more at a time.
    ///
    /// A bad line goes to `onBadLine`, which throws to stop or returns to go on. Holds one batch, whatever the file's size.
    /// `onProgress` gets how many of the file's bytes have been read.
    /// - Throws: at a line where `onBadLine` does, and where the file cannot be read on or holds nothing.
    package func read(
        batchSize: Int = 50_000, onBadLine: (InputError) throws -> Void, onProgress: (Int) -> Void = { _ in },
        onBatch: (SampleBatch) async throws -> Void
    ) async throws {
        let reader = try LineReader(path: location, name: path)
        var decoder = try decoder(reader)
        var batch = SampleBatch()
        var samples = 0
        while let line = try reader.next() {
            if line.allSatisfy({ $0 <= 32 }) { continue }
            do throws(LineProblem) { try decoder.decode(line, into: &batch) } catch {
                try onBadLine(InputError(path: path, line: reader.lineNumber, error.description))
            }
            guard batch.sampleCount >= batchSize else { continue }
            samples += batch.sampleCount
            onProgress(reader.bytesRead)
            try await onBatch(batch)
            batch.removeAll()
        }
        do throws(LineProblem) { try decoder.finish() } catch {
            throw InputError(path: path, line: reader.lineNumber, error.description)
        }
        samples += batch.sampleCount
        guard samples > 0 else { throw InputError(path: path, "no samples in it") }
        if !batch.isEmpty { try await onBatch(batch) }
        onProgress(bytes)
    }

    /// Reads an access log to its end and counts its lines. `onProgress` gets how many of the file's bytes have been read.
    package func count(
        into counter: inout AccessLogCounter, onProgress: (Int) -> Void = { _ in }
    ) throws(InputError) {
        let reader = try LineReader(path: location, name: path)
        while let line = try reader.next() {
            counter.count(line)
            if reader.lineNumber % 10_000 == 0 { onProgress(reader.bytesRead) }
        }
        onProgress(bytes)
    }

    /// Reads a table of events to its end and counts its rows. `onBadLine` and `onProgress` as with `read`.
    package func count(
        into counter: inout EventCounter, onBadLine: (InputError) throws -> Void, onProgress: (Int) -> Void = { _ in }
    ) throws {
        let reader = try LineReader(path: location, name: path)
        let decoder = try header(reader) { header, key throws(LineProblem) in
            try EventCSVDecoder(header: header, layout.events, key: key)
        }
        while let line = try reader.next() {
            if line.allSatisfy({ $0 <= 32 }) { continue }
            do throws(LineProblem) { try counter.count(decoder.decode(line)) } catch {
                try onBadLine(InputError(path: path, line: reader.lineNumber, error.description))
            }
            if reader.lineNumber % 10_000 == 0 { onProgress(reader.bytesRead) }
        }
        onProgress(bytes)
    }

    private func decoder(_ reader: LineReader) throws(InputError) -> LineDecoder {
        switch format {
        case .jsonl: return .jsonl
        case .clf, .events: throw InputError(path: path, "its lines are counted and are no samples")
        case .openmetrics: return .exposition(TimedExpositionDecoder(.openMetrics))
        case .prometheus: return .exposition(TimedExpositionDecoder(.prometheusText))
        case .csv:
            return .csv(
                try header(reader) { header, key throws(LineProblem) in
                    do throws(LineProblem) {
                        return CSVSampleDecoder(try CSVTraceDecoder(header: header), key: key)
                    } catch { throw LineProblem("\(error); --format events reads a table of an event a row") }
                })
        case .wide:
            return .wide(
                try header(reader) { header, key throws(LineProblem) in
                    guard let grid = layout.grid else { throw missingGrid(header) }
                    return try WideCSVDecoder(header: header, grid: grid, key: key, by: layout.by)
                })
        }
    }

    /// Makes a decoder of a table's first line.
    private func header<Decoder>(
        _ reader: LineReader, _ make: (ArraySlice<UInt8>, SeriesKey) throws(LineProblem) -> Decoder
    ) throws(InputError) -> Decoder {
        guard let header = try reader.next(), let key else { throw InputError(path: path, "the file is empty") }
        do throws(LineProblem) { return try make(header, key) } catch {
            throw InputError(path: path, line: 1, error.description)
        }
    }
}

private func missingGrid(_ header: ArraySlice<UInt8>) -> LineProblem {
    let columns = WideCSVDecoder.timeColumns(inHeader: header).map { " in \($0) columns" } ?? ""
    return LineProblem(
        "a table of a series a row\(columns): say with --start when t0 is, and with --step how far apart the columns are"
    )
}

/// Of the tables, the one whose header says so; a table of events says it only by the options that were given for it.
private func guessTable(_ header: ArraySlice<UInt8>, _ layout: TableLayout) -> SampleFormat {
    if (try? CSVTraceDecoder(header: header)) != nil { return .csv }
    if WideCSVDecoder.timeColumns(inHeader: header) != nil { return .wide }
    return layout.events.time == nil ? .csv : .events
}

/// By name where that tells, else by the first line that is not empty. Exposition text is OpenMetrics where it says `# EOF`, which
/// stands at its end, so that such a file is read whole.
private func guessFormat(
    of location: String, name: String, _ layout: TableLayout
) throws(InputError) -> SampleFormat {
    let lowercased = name.lowercased()
    let endings: [(String, SampleFormat)] = [
        (".csv", .csv), (".jsonl", .jsonl), (".ndjson", .jsonl), (".prom", .prometheus), (".om", .openmetrics),
    ]
    let named = endings.first { lowercased.hasSuffix($0.0) || lowercased.hasSuffix($0.0 + ".gz") }?.1
    if let named, named != .csv { return named }
    let reader = try LineReader(path: location, name: name)
    var first: ArraySlice<UInt8>?
    while first == nil, let line = try reader.next() { first = line.contains { $0 > 32 } ? line : nil }
    guard let first, let start = first.first(where: { $0 > 32 }) else { return .csv }
    if named == .csv { return guessTable(first, layout) }
    if start == UInt8(ascii: "{") { return .jsonl }
    if (try? AccessLogEntry(parsing: first)) != nil { return .clf }
    var decoder = ExpositionDecoder(format: .prometheusText, at: TimedExpositionDecoder.noTime)
    var scratch = SampleBatch()
    let isExposition = (try? decoder.decode(first, into: &scratch)) != nil
    guard isExposition else { return guessTable(first, layout) }
    while let line = try reader.next() {
        if line.elementsEqual("# EOF".utf8) { return .openmetrics }
    }
    return .prometheus
}

private enum LineDecoder {
    case csv(CSVSampleDecoder)
    case wide(WideCSVDecoder)
    case exposition(TimedExpositionDecoder)
    case jsonl

    mutating func decode(_ line: ArraySlice<UInt8>, into batch: inout SampleBatch) throws(LineProblem) {
        switch self {
        case .jsonl: try decodeJSONLine(line, into: &batch)
        case .exposition(var decoder):
            defer { self = .exposition(decoder) }
            try decoder.decode(line, into: &batch)
        case .csv(var decoder):
            self = .jsonl  // Moved out, so that the dictionaries in it are not copied.
            defer { self = .csv(decoder) }
            try decoder.decode(line, into: &batch)
        case .wide(var decoder):
            self = .jsonl
            defer { self = .wide(decoder) }
            try decoder.decode(line, into: &batch)
        }
    }

    func finish() throws(LineProblem) {
        if case .exposition(let decoder) = self { try decoder.finish() }
    }
}

/// Exposition text whose samples carry their times: a file that is read tomorrow must say the same as today.
private struct TimedExpositionDecoder {
    static let noTime = Timestamp(millisecondsSinceEpoch: .min)
    private var decoder: ExpositionDecoder

    init(_ format: ExpositionFormat) { decoder = ExpositionDecoder(format: format, at: Self.noTime) }

    mutating func decode(_ line: ArraySlice<UInt8>, into batch: inout SampleBatch) throws(LineProblem) {
        var read = SampleBatch()
        try decoder.decode(line, into: &read)
        for (key, columns) in zip(read.keys, read.columns) {
            for (time, value) in zip(columns.timestamps, columns.values) {
                guard time != Self.noTime else {
                    throw LineProblem("no timestamp; in a file every sample needs one after its value")
                }
                batch.append(key, time, value)
            }
        }
    }

    func finish() throws(LineProblem) { try decoder.finish() }
}
