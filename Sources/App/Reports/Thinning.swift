/// The rows of a line that still show it whole when drawn: for every pixel column its first, lowest, highest and last row.
///
/// No spike is lost, whatever the length. A column that holds no number keeps one NaN row, which breaks the line there.
/// At most four rows a column come back, ascending. U. Jugel et al., "M4: a visualization-oriented time series data
/// aggregation", VLDB 2014.
func thinnedRows(_ values: [Double], columnOf column: (Int) -> Int) -> [Int] {
    var rows: [Int] = []
    var current: ColumnExtremes?
    for row in values.indices {
        let place = column(row)
        if let open = current, open.column != place {
            rows += open.rows
            current = nil
        }
        var extremes = current ?? ColumnExtremes(column: place, row: row)
        extremes.take(row, values)
        current = extremes
    }
    return rows + (current?.rows ?? [])
}

private struct ColumnExtremes {
    let column: Int
    let anyRow: Int
    var first: Int?, lowest = 0, highest = 0, last = 0

    init(column: Int, row: Int) { (self.column, anyRow) = (column, row) }

    mutating func take(_ row: Int, _ values: [Double]) {
        guard values[row].isFinite else { return }
        if first == nil { (first, lowest, highest) = (row, row, row) }
        if values[row] < values[lowest] { lowest = row }
        if values[row] > values[highest] { highest = row }
        last = row
    }

    var rows: [Int] {
        guard let first else { return [anyRow] }
        return [first, lowest, highest, last].sorted().reduce(into: []) { kept, row in
            if kept.last != row { kept.append(row) }
        }
    }
}
