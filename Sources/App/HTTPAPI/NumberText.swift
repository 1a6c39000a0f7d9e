/// Numbers as text straight into bytes: an answer holds thousands of them, and a `String` for each is most of its cost.
extension [UInt8] {
    mutating func append(decimal number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        append(digits: number.magnitude)
    }

    private static let eightDigits: UInt64 = 100_000_000

    /// With zeros before it up to `width` digits, which is eight at most. Complexity: O(digits).
    mutating func append(digits number: UInt64, atLeast width: Int = 1) {
        guard number >= Self.eightDigits else { return append(short: number, atLeast: width) }
        let (high, low) = number.quotientAndRemainder(dividingBy: Self.eightDigits)
        append(digits: high)
        append(short: low, atLeast: 8)
    }

    /// Eight digits at most, gathered in one word from the last to the first, so that none is moved afterwards.
    @inline(__always)
    private mutating func append(short number: UInt64, atLeast width: Int) {
        var (rest, word, written) = (UInt32(truncatingIfNeeded: number), UInt64(0), 0)
        repeat {
            word = word << 8 | UInt64(UInt32(UInt8(ascii: "0")) + rest % 10)
            rest /= 10
            written += 1
        } while rest > 0 || written < width
        for _ in 0..<written {
            append(UInt8(truncatingIfNeeded: word))
            word >>= 8
        }
    }

    /// A value as Prometheus's clients read it, with the fewest digits that give it back.
    mutating func append(sample value: Double) {
        // Most are whole numbers of thousandths. With at most fifteen digits no shorter text gives the same value back.
        let scaled = value * 1_000
        if abs(scaled) < 1e15, scaled != 0, case let number = Int64(scaled.rounded()), Double(number) / 1_000 == value {
            append(thousandths: number)
        } else {
            append(contentsOf: sampleText(value).utf8)
        }
    }

    private mutating func append(thousandths number: Int64) {
        if number < 0 { append(UInt8(ascii: "-")) }
        let (whole, rest) = number.magnitude.quotientAndRemainder(dividingBy: 1_000)
        append(digits: whole)
        guard rest > 0 else { return }
        append(UInt8(ascii: "."))
        if rest % 100 == 0 {
            append(digits: rest / 100)
        } else if rest % 10 == 0 {
            append(digits: rest / 10, atLeast: 2)
        } else {
            append(digits: rest, atLeast: 3)
        }
    }
}
