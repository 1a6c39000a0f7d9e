package import Series
import Units
import WireFormats

/// A file of traces, read whole.
package struct TraceFile: Sendable {
    package let path: String
    /// Ascending by name; the name is empty where the file has no series column.
    package let series: [(name: String, values: RegularSeries)]

    /// Reads `timestamp,value` or `series,timestamp,value`, plain or gzip; absent and empty rows are missing.
    ///
    /// - Throws: at the first line that is no row or goes back in time within its series.
    package init(path: String) throws(InputError) {
        let reader = try LineReader(path: path)
        guard let header = try reader.next() else { throw InputError(path: path, "the file is empty") }
        let decoder = try Self.located(reader) { () throws(LineProblem) in try CSVTraceDecoder(header: header) }
        var columns: [String: SampleColumns] = [:]
        while let line = try reader.next() {
            if line.isEmpty { continue }
            let row = try Self.located(reader) { () throws(LineProblem) in try decoder.decode(line) }
            if let last = columns[row.series]?.timestamps.last, row.timestamp <= last {
                let problem =
                    row.timestamp == last
                    ? "\(last) stands in the row before it too; leave one of them out"
                    : "\(row.timestamp) is not after \(last) in the row before it; sort the file by time"
                throw InputError(path: path, line: reader.lineNumber, problem)
            }
            columns[row.series, default: SampleColumns()].append(row.timestamp, row.value ?? .nan)
        }
        guard !columns.isEmpty else { throw InputError(path: path, "a header and no rows") }
        self.path = path
        var found: [(name: String, values: RegularSeries)] = []
        for (name, samples) in columns.sorted(by: { $0.key < $1.key }) {
            do throws(GridError) {
                found.append((name, try RegularSeries(inferringGridOf: samples)))
            } catch {
                throw InputError(path: path, (name.isEmpty ? "" : "series '\(name)': ") + error.description)
            }
        }
        series = found
    }

    /// The series called `name`, or the only one where `name` is nil.
    package func pick(_ name: String?) throws(InputError) -> RegularSeries {
        if let name {
            guard let found = series.first(where: { $0.name == name }) else {
                let others =
                    series.contains { $0.name.isEmpty }
                    ? "it holds just one; leave --series out" : "there are: \(names)"
                throw InputError(path: path, "no series '\(name)'; \(others)")
            }
            return found.values
        }
        guard series.count == 1 else {
            throw InputError(path: path, "\(series.count) series, name one with --series: \(names)")
        }
        return series[0].values
    }

    private var names: String {
        series.prefix(8).map(\.name).joined(separator: ", ") + (series.count > 8 ? ", …" : "")
    }

    private static func located<Value>(
        _ reader: LineReader, _ body: () throws(LineProblem) -> Value
    ) throws(InputError)
        -> Value
    {
        do throws(LineProblem) { return try body() } catch {
            throw InputError(path: reader.path, line: reader.lineNumber, error.description)
        }
    }
}
