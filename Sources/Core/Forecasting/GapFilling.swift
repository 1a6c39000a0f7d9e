import Series

/// The known rows with every missing one filled from its own past: the same phase a season before, else the last known
/// value, else 0. Filling looks only back, so that a row's filling never depends on what comes after it.
/// At most `limit` rows come back, the newest ones.
func filledCausally(_ known: KnownDemand, season: Int, limit: Int = .max) -> [Double] {
    var values = Array(known.suffix(limit))
    var last = 0.0
    for row in values.indices {
        if values[row].isFinite {
            values[row] = max(values[row], 0)
            last = values[row]
        } else {
            values[row] = row >= season ? values[row - season] : last
        }
    }
    return values
}
