import Units

/// Character cells with dots in them: two by four a cell in braille, one in ASCII.
struct PlotCanvas {
    enum Ink: Int { case history, median }

    private let columns: Int, rows: Int
    private let dotsAcross: Int, dotsDown: Int
    private let x: (low: Double, high: Double), y: (low: Double, high: Double)
    private var cells: [Cell]

    private struct Cell {
        var dots: [UInt8] = [0, 0]
        var isBand = false, isNow = false
    }

    init(columns: Int, rows: Int, isBraille: Bool, x: (Double, Double), y: (Double, Double)) {
        (self.columns, self.rows, self.x, self.y) = (columns, rows, x, y)
        (dotsAcross, dotsDown) = isBraille ? (2, 4) : (1, 1)
        cells = Array(repeating: Cell(), count: columns * rows)
    }

    private var isBraille: Bool { dotsAcross == 2 }

    /// The column of cells a time falls into.
    func column(_ time: Double) -> Int { across(time) / dotsAcross }

    /// The row of cells a value falls into, from the top.
    func row(_ value: Double) -> Int { down(value) / dotsDown }

    private func across(_ time: Double) -> Int {
        let dots = columns * dotsAcross
        return min(max(Int(clamping: ((time - x.low) / (x.high - x.low) * Double(dots - 1)).rounded()), 0), dots - 1)
    }

    private func down(_ value: Double) -> Int {
        let dots = rows * dotsDown
        let share = (y.high - value) / (y.high - y.low)
        return min(max(Int(clamping: (share * Double(dots - 1)).rounded()), 0), dots - 1)
    }

    mutating func fill(_ time: Double, from low: Double, to high: Double) {
        guard low.isFinite, high.isFinite else { return }
        let column = column(time), ends = [row(high), row(low)].sorted()
        for row in ends[0]...ends[1] { cells[row * columns + column].isBand = true }
    }

    mutating func mark(_ time: Double) {
        guard time >= x.low, time <= x.high else { return }
        let column = column(time)
        for row in 0..<rows { cells[row * columns + column].isNow = true }
    }

    /// Points joined by straight strokes; a NaN lifts the pen.
    mutating func line(_ points: [(time: Double, value: Double)], as ink: Ink) {
        var last: (across: Int, down: Int)?
        for (time, value) in points {
            guard value.isFinite else {
                last = nil
                continue
            }
            let next = (across: across(time), down: down(value))
            stroke(from: last ?? next, to: next, ink)
            last = next
        }
    }

    private mutating func stroke(from a: (across: Int, down: Int), to b: (across: Int, down: Int), _ ink: Ink) {
        let length = max(abs(b.across - a.across), abs(b.down - a.down), 1)
        for step in 0...length {
            let share = Double(step) / Double(length)
            let across = a.across + Int((Double(b.across - a.across) * share).rounded())
            let down = a.down + Int((Double(b.down - a.down) * share).rounded())
            let cell = down / dotsDown * columns + across / dotsAcross
            cells[cell].dots[ink.rawValue] |= isBraille ? brailleBit(across % 2, down % 4) : 1
        }
    }

    /// A row of cells as text; a cell shows the history before the median, that before now, and now before the band.
    func text(_ row: Int, colour: Bool) -> String {
        var line = ""
        var active = ""
        for cell in cells[row * columns..<(row + 1) * columns] {
            let (character, code) = glyph(cell)
            if colour, code != active {
                line += code.isEmpty ? "\u{1B}[0m" : "\u{1B}[0m\u{1B}[\(code)m"
                active = code
            }
            line.append(character)
        }
        return line + (active.isEmpty ? "" : "\u{1B}[0m")
    }

    private func glyph(_ cell: Cell) -> (character: Character, code: String) {
        let history = cell.dots[Ink.history.rawValue], median = cell.dots[Ink.median.rawValue]
        if history | median != 0 {
            let isHistory = history != 0
            let ascii: Character = isHistory ? "*" : "o"
            return (isBraille ? braille(history | median) : ascii, isHistory ? "36" : "1;33")
        }
        if cell.isNow { return ("|", "1") }
        if cell.isBand { return (isBraille ? "░" : ":", "33") }
        return (" ", "")
    }

    private func braille(_ dots: UInt8) -> Character {
        Unicode.Scalar(0x2800 + UInt32(dots)).map(Character.init) ?? " "
    }
}

/// The bit of a dot in a braille cell, whose columns are numbered 1 to 3 and 4 to 6 with 7 and 8 below them.
private func brailleBit(_ across: Int, _ down: Int) -> UInt8 {
    let bits: [[UInt8]] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]]
    return bits[across][down]
}
