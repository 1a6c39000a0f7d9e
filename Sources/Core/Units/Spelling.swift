/// The first of `known` that the fewest single-letter changes make of `word`; nil where those would be more than two, or more than there
/// are letters left. Capitals do not matter. Complexity: linear in the letters of all, times those of the word.
package func nearestName(to word: String, among known: [String]) -> String? {
    let word = Array(word.lowercased().prefix(80).utf8)
    var best: (name: String, changes: Int)?
    for name in known {
        let changes = letterChanges(word, Array(name.lowercased().prefix(80).utf8))
        if changes < best?.changes ?? .max { best = (name, changes) }
    }
    guard let best, best.changes <= 2, best.changes < word.count else { return nil }
    return best.name
}

/// Levenshtein's distance.
private func letterChanges(_ a: [UInt8], _ b: [UInt8]) -> Int {
    guard abs(a.count - b.count) <= 2 else { return .max }
    var row = Array(0...b.count)
    for (i, letter) in a.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, other) in b.enumerated() {
            let cost = min(diagonal + (letter == other ? 0 : 1), row[j] + 1, row[j + 1] + 1)
            (diagonal, row[j + 1]) = (row[j + 1], cost)
        }
    }
    return row[b.count]
}
