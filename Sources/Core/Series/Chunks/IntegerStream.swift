/// Whole numbers as what a predictor leaves over, in Rice codes (R. Rice, "Some practical universal noiseless coding
/// techniques", 1979) whose parameter is chosen anew for every 64.
///
/// All arithmetic wraps, so that every sequence comes back as it was.
enum IntegerStream {
    static let block = 64
    /// A quotient that is coded in full; a larger number stands as it is behind as many zeros.
    private static let escape = 24
    /// Stands for a block of zeros in place of its parameter.
    private static let allZeros: UInt64 = 63

    /// How the next number is guessed from those before it.
    enum Predictor: UInt8, CaseIterable {
        /// As far on from the last as that was from the one before.
        case linear = 0
        /// The last number.
        case last = 1
        /// A mean that follows by a quarter, or a sixteenth, of each miss: for noise about a level.
        case quarter = 2
        case sixteenth = 3
        /// Every number is what `linear` says: nothing follows.
        case exactlyLinear = 4
    }

    static func write(_ numbers: [Int64], to bits: inout BitWriter) {
        guard let first = numbers.first else { return }
        let step = numbers.count > 1 ? numbers[1] &- first : 0
        let (predictor, residuals) = best(numbers, first: first, step: step)
        bits.write(byte: predictor.rawValue)
        bits.write(varint: zigzag(first))
        if predictor == .linear || predictor == .exactlyLinear { bits.write(varint: zigzag(step)) }
        guard predictor != .exactlyLinear else { return }
        for start in stride(from: 0, to: residuals.count, by: block) {
            writeBlock(residuals[start..<min(start + block, residuals.count)], to: &bits)
        }
    }

    /// Reads `count` numbers; nil where the bits are none of ours.
    static func read(_ count: Int, from bits: inout BitReader) -> [Int64]? {
        guard count > 0 else { return [] }
        guard let predictor = Predictor(rawValue: UInt8(bits.read(8))) else { return nil }
        let first = unzigzag(bits.readVarint())
        let step = predictor == .linear || predictor == .exactlyLinear ? unzigzag(bits.readVarint()) : 0
        var state = PredictorState(predictor, first: first, step: step)
        var numbers: [Int64] = [first]
        numbers.reserveCapacity(count)
        if predictor == .exactlyLinear {
            for _ in 1..<max(count, 1) { numbers.append(state.accept(residual: 0)) }
            return numbers
        }
        while numbers.count < count, !bits.isPastEnd {
            let size = min(block, count - numbers.count)
            let parameter = bits.read(6)
            for _ in 0..<size {
                let residual = parameter == allZeros ? 0 : readRice(Int(parameter), from: &bits)
                numbers.append(state.accept(residual: unzigzag(residual)))
            }
        }
        return numbers.count == count ? numbers : nil
    }

    /// The predictor that leaves the fewest bits over, by the sum of their widths, and what it leaves, zigzagged.
    private static func best(
        _ numbers: [Int64], first: Int64, step: Int64
    ) -> (predictor: Predictor, residuals: [UInt64]) {
        var best: (predictor: Predictor, residuals: [UInt64], cost: Int)?
        for predictor in [Predictor.linear, .last, .quarter, .sixteenth] {
            let residuals = residuals(numbers, predictor, first: first, step: step)
            var cost = 0
            for residual in residuals { cost += 64 - residual.leadingZeroBitCount }
            if predictor == .linear, cost == 0 { return (.exactlyLinear, []) }
            if cost < best?.cost ?? .max { best = (predictor, residuals, cost) }
        }
        return best.map { ($0.predictor, $0.residuals) } ?? (.exactlyLinear, [])
    }

    private static func residuals(_ numbers: [Int64], _ predictor: Predictor, first: Int64, step: Int64) -> [UInt64] {
        var state = PredictorState(predictor, first: first, step: step)
        var residuals: [UInt64] = []
        residuals.reserveCapacity(numbers.count)
        for number in numbers.dropFirst() { residuals.append(zigzag(state.residual(of: number))) }
        return residuals
    }

    private static func writeBlock(_ residuals: ArraySlice<UInt64>, to bits: inout BitWriter) {
        var (sum, overflow): (UInt64, Bool) = (0, false)
        for residual in residuals {
            let (next, isOver) = sum.addingReportingOverflow(residual)
            (sum, overflow) = (next, overflow || isOver)
        }
        guard sum > 0 || overflow else { return bits.write(allZeros, 6) }
        let mean = overflow ? UInt64.max >> 8 : sum / UInt64(residuals.count)
        let parameter = cheapest(residuals, about: min(max(63 - mean.leadingZeroBitCount, 0), 40))
        bits.write(UInt64(parameter), 6)
        for residual in residuals { writeRice(residual, parameter, to: &bits) }
    }

    private static func cheapest(_ residuals: ArraySlice<UInt64>, about guess: Int) -> Int {
        var best = (parameter: guess, cost: Int.max)
        for parameter in max(guess - 1, 0)...guess + 1 {
            var cost = 0
            for residual in residuals {
                let quotient = Int(truncatingIfNeeded: min(residual >> UInt64(parameter), UInt64(escape)))
                cost += quotient < escape ? quotient + 1 + parameter : escape + 64
            }
            if cost < best.cost { best = (parameter, cost) }
        }
        return best.parameter
    }

    private static func writeRice(_ value: UInt64, _ parameter: Int, to bits: inout BitWriter) {
        let quotient = value >> UInt64(parameter)
        if quotient < UInt64(escape), Int(quotient) + 1 + parameter <= 64 {
            let one = UInt64(1) << UInt64(parameter)
            bits.write(one | value & (one - 1), Int(quotient) + 1 + parameter)
        } else {
            bits.write(0, escape)
            bits.write(value, 64)
        }
    }

    private static func readRice(_ parameter: Int, from bits: inout BitReader) -> UInt64 {
        let quotient = bits.readZeros(limit: escape)
        guard quotient < escape else { return bits.read(64) }
        return UInt64(quotient) << UInt64(parameter) | bits.read(parameter)
    }

    static func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: value << 1 ^ value >> 63) }
    static func unzigzag(_ value: UInt64) -> Int64 { Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }
}

/// What a predictor remembers.
private struct PredictorState {
    private let predictor: IntegerStream.Predictor
    private var guess: Int64
    private var step: Int64
    private var last: Int64

    init(_ predictor: IntegerStream.Predictor, first: Int64, step: Int64) {
        (self.predictor, self.step, last) = (predictor, step, first)
        let isLinear = predictor == .linear || predictor == .exactlyLinear
        guess = isLinear ? first &+ step : first
    }

    mutating func residual(of number: Int64) -> Int64 {
        let residual = number &- guess
        advance(number, residual)
        return residual
    }

    mutating func accept(residual: Int64) -> Int64 {
        let number = guess &+ residual
        advance(number, residual)
        return number
    }

    private mutating func advance(_ number: Int64, _ residual: Int64) {
        switch predictor {
        case .linear, .exactlyLinear:
            step = number &- last
            guess = number &+ step
        case .last: guess = number
        case .quarter: guess = guess &+ residual >> 2
        case .sixteenth: guess = guess &+ residual >> 4
        }
        last = number
    }
}
