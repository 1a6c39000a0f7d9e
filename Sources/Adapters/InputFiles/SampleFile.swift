package import Series
import Units
import WireFormats

/// How a file of samples is written.
package enum SampleFormat: String, CaseIterable, Sendable {
    /// `timestamp,value` or `series,timestamp,value`.
    case csv
    /// VictoriaMetrics' import format, one series a line.
    case jsonl
}

/// A file of samples, plain or gzip, read in batches of bounded size.
package struct SampleFile: Sendable {
    package let path: String
    package let format: SampleFormat
    /// Its size as it lies on the disk.
    package let bytes: Int
    /// Names the series of a CSV file; its `series` column becomes the label `series`. Nil for JSON lines.
    private let key: SeriesKey?

    /// `format` nil: told by the file's name, or else by its first character.
    ///
    /// - Throws: where the file cannot be read, or is CSV and there is no `key`.
    package init(path: String, format: SampleFormat?, key: SeriesKey?) throws(InputError) {
        (self.path, self.key) = (path, key)
        let reader = try LineReader(path: path)
        bytes = reader.totalBytes
        if let format { self.format = format } else { self.format = try Self.guess(reader) }
        guard self.format == .jsonl || key != nil else {
            throw InputError(path: path, "a CSV file names no metric; give one with --metric")
        }
    }

    private static func guess(_ reader: LineReader) throws(InputError) -> SampleFormat {
        let name = reader.path.lowercased()
        for (ending, format) in [(".csv", SampleFormat.csv), (".jsonl", .jsonl), (".ndjson", .jsonl)]
        where name.hasSuffix(ending) || name.hasSuffix(ending + ".gz") {
            return format
        }
        let first = try reader.next()?.first { $0 > 32 }
        return first == UInt8(ascii: "{") ? .jsonl : .csv
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
        let reader = try LineReader(path: path)
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
        samples += batch.sampleCount
        guard samples > 0 else { throw InputError(path: path, "no samples in it") }
        if !batch.isEmpty { try await onBatch(batch) }
        onProgress(reader.totalBytes)
    }

    private func decoder(_ reader: LineReader) throws(InputError) -> LineDecoder {
        guard format == .csv, let key else { return .jsonl }
        guard let header = try reader.next() else { throw InputError(path: path, "the file is empty") }
        do throws(LineProblem) {
            return .csv(CSVSampleDecoder(try CSVTraceDecoder(header: header), key: key))
        } catch {
            throw InputError(path: path, line: 1, error.description)
        }
    }
}

private enum LineDecoder {
    case csv(CSVSampleDecoder)
    case jsonl

    mutating func decode(_ line: ArraySlice<UInt8>, into batch: inout SampleBatch) throws(LineProblem) {
        switch self {
        case .jsonl: try decodeJSONLine(line, into: &batch)
        case .csv(var decoder):
            self = .jsonl  // Moved out, so that the dictionaries in it are not copied.
            defer { self = .csv(decoder) }
            try decoder.decode(line, into: &batch)
        }
    }
}

/// Trace rows as samples; times ascend within each series, as in a trace.
private struct CSVSampleDecoder {
    private let decoder: CSVTraceDecoder
    private let base: SeriesKey
    private var keys: [String: SeriesKey] = [:]
    private var newest: [String: Timestamp] = [:]

    init(_ decoder: CSVTraceDecoder, key: SeriesKey) { (self.decoder, base) = (decoder, key) }

    mutating func decode(_ line: ArraySlice<UInt8>, into batch: inout SampleBatch) throws(LineProblem) {
        let row = try decoder.decode(line)
        if let last = newest[row.series], row.timestamp <= last {
            throw LineProblem("\(row.timestamp) is not after \(last) in the row before it; sort the file by time")
        }
        let key = try key(of: row.series)
        newest[row.series] = row.timestamp
        if let value = row.value { batch.append(key, row.timestamp, value) }
    }

    private mutating func key(of series: String) throws(LineProblem) -> SeriesKey {
        if let known = keys[series] { return known }
        do throws(SeriesNameError) {
            let labels = series.isEmpty ? base.labels : base.labels + [.init(name: "series", value: series)]
            let key = try SeriesKey(metric: base.metric, labels: labels)
            keys[series] = key
            return key
        } catch {
            throw LineProblem(error.description)
        }
    }
}
