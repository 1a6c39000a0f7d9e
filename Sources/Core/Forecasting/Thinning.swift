/// About `most` of `rows`, spread evenly over time and over every cycle that they hold.
///
/// Every n-th row would fall on the same hours of each day where n divides a day, and what is learnt from those holds at those
/// hours alone. Multiples of the golden ratio fill the unit interval evenly, and so do those of the rows of any one hour
/// (H. Weyl, "Über die Gleichverteilung von Zahlen mod. Eins", 1916). Whether a row stays does not depend on the others.
func thinned(_ rows: [Int], most: Int) -> [Int] {
    guard rows.count > most else { return rows }
    return thinned(rows, share: Double(most) / Double(rows.count))
}

/// About `share` of `rows`. `shift` moves the choice, so that of many lists with the same rows not the same ones stay.
func thinned(_ rows: [Int], share: Double, shift: Int = 0) -> [Int] {
    rows.filter { row in
        let multiple = Double(row &+ shift) * 0.618_033_988_749_894_9
        return multiple - multiple.rounded(.down) < share
    }
}

/// `stride`, or the next greater one after which origins come upon every row of a season.
func stride(_ stride: Int, throughout season: Int) -> Int {
    (max(1, stride)...).first { greatestCommonDivisor($0, season) == 1 } ?? stride
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int { b == 0 ? a : greatestCommonDivisor(b, a % b) }
