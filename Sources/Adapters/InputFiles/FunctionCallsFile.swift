package import Series
import Units
import WireFormats

/// A table of a function a row, with its calls a minute in the columns `t0`, `t1`, ….
package enum FunctionCallsFile {
    /// The column that says what a function holds while it is loaded, megabytes; it may be absent or empty.
    package static let memoryColumn = "mem_mb"

    /// Reads a file whole, plain or gzip, in its order. An empty count is no call.
    ///
    /// - Throws: at the first line that is no row, has a count below zero, or names a function again.
    package static func read(path: String) throws(InputError) -> [FunctionCalls] {
        let reader = try LineReader(path: path)
        guard let header = try reader.next() else { throw InputError(path: path, "the file is empty") }
        let rows: Rows
        do throws(LineProblem) { rows = try Rows(header) } catch {
            throw InputError(path: path, line: 1, error.description)
        }
        return try read(rows, reader)
    }

    private static func read(_ rows: Rows, _ reader: LineReader) throws(InputError) -> [FunctionCalls] {
        var rows = rows
        var functions: [FunctionCalls] = []
        while let line = try reader.next() {
            if line.allSatisfy({ $0 <= 32 }) { continue }
            do throws(LineProblem) { try functions.append(contentsOf: rows.decode(line)) } catch {
                throw InputError(path: reader.path, line: reader.lineNumber, error.description)
            }
        }
        guard !functions.isEmpty else { throw InputError(path: reader.path, "a header and no function with a count") }
        return functions
    }

    private struct Rows {
        private static let grid = WideGrid(start: Timestamp(millisecondsSinceEpoch: 0), step: 60)
        private let minutes: Int
        /// Of any row; a copy for each, so that what is told of functions named twice is told here.
        private let decoder: WideCSVDecoder
        private var names: Set<String> = []

        init(_ header: ArraySlice<UInt8>) throws(LineProblem) {
            let text = String(decoding: header, as: UTF8.self)
            guard text.split(separator: ",").contains("series") else {
                throw LineProblem("a table of functions needs the column series, and t0, t1, … with the calls a minute")
            }
            let key: SeriesKey
            do throws(SeriesNameError) { key = try SeriesKey(metric: "calls") } catch {
                throw LineProblem("\(error)")
            }
            let hasMemory = text.split(separator: ",").contains { $0 == memoryColumn }
            decoder = try WideCSVDecoder(header: header, grid: Self.grid, key: key, by: hasMemory ? [memoryColumn] : [])
            minutes = WideCSVDecoder.timeColumns(inHeader: header) ?? 0
        }

        /// None where the row has no count.
        mutating func decode(_ line: ArraySlice<UInt8>) throws(LineProblem) -> [FunctionCalls] {
            var batch = SampleBatch(), decoder = decoder
            try decoder.decode(line, into: &batch)
            guard let key = batch.keys.first, let samples = batch.columns.first else { return [] }
            let name = key.labels.first { $0.name == "series" }?.value ?? ""
            guard !name.isEmpty else { throw LineProblem("series: a function needs a name") }
            guard names.insert(name).inserted else { throw LineProblem("series: \(name) was in a row before it") }
            var counts = [Double](repeating: 0, count: minutes)
            for (time, count) in zip(samples.timestamps, samples.values) {
                let minute = Int(time.secondsSinceEpoch) / Self.grid.step
                guard count >= 0, count.isFinite else { throw LineProblem("t\(minute): \(count) is no count of calls") }
                counts[minute] = count
            }
            return [FunctionCalls(name: name, gigabytes: try memory(key), counts: counts)]
        }

        private func memory(_ key: SeriesKey) throws(LineProblem) -> Double? {
            guard let text = key.labels.first(where: { $0.name == memoryColumn })?.value else { return nil }
            guard let megabytes = Double(text), megabytes > 0, megabytes.isFinite else {
                throw LineProblem("\(memoryColumn): \(text) is no number of megabytes above 0")
            }
            return megabytes / 1_000
        }
    }
}
