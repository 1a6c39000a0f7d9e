import Series

/// Names the series of rows by what stands in some of their columns. A column gives the label of its name; an empty field none.
struct CSVLabels: Sendable {
    private let base: SeriesKey
    private let columns: [(name: String, index: Int)]

    /// - Throws: where a column of `names` is not in the header.
    init(_ names: [String], of header: [String], key: SeriesKey) throws(LineProblem) {
        base = key
        var columns: [(name: String, index: Int)] = []
        for name in names where !columns.contains(where: { $0.name == name }) {
            guard let index = header.firstIndex(of: name) else {
                throw LineProblem("no column '\(name)'; there are: \(CSVFields.list(header))")
            }
            columns.append((name, index))
        }
        self.columns = columns
    }

    func key(_ fields: [ArraySlice<UInt8>]) throws(LineProblem) -> SeriesKey {
        let own = columns.map { SeriesKey.Label(name: $0.name, value: CSVFields.text(fields[$0.index])) }
        do throws(SeriesNameError) { return try SeriesKey(metric: base.metric, labels: base.labels + own) } catch {
            throw LineProblem(error.description)
        }
    }
}
