/// Reads a regular expression into a tree, by recursive descent of bounded depth.
struct PatternParser {
    private static let maximumDepth = 64
    /// RE2's bound on `{n,m}`.
    private static let maximumRepetition = 1_000

    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0

    init(_ text: Substring) { scalars = Array(text.unicodeScalars) }

    private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        position += 1
        return true
    }

    private mutating func takeAny() -> Unicode.Scalar? {
        guard let next else { return nil }
        position += 1
        return next
    }

    mutating func whole() throws(PatternError) -> PatternNode {
        let node = try choice()
        guard next == nil else { throw PatternError("a ')' without its '('") }
        return node
    }

    private mutating func choice() throws(PatternError) -> PatternNode {
        var branches = [try sequence()]
        while take("|") { branches.append(try sequence()) }
        return branches.count == 1 ? branches[0] : .choice(branches)
    }

    private mutating func sequence() throws(PatternError) -> PatternNode {
        var nodes: [PatternNode] = []
        while let scalar = next, scalar != "|", scalar != ")" { nodes.append(try repeated()) }
        return .sequence(nodes)
    }

    private mutating func repeated() throws(PatternError) -> PatternNode {
        let node = try atom()
        guard let bounds = try repetition() else { return node }
        // How greedy it is makes no difference to whether the whole text matches.
        _ = take("?")
        if try repetition() != nil { throw PatternError("a repetition of a repetition") }
        return .repetition(node, atLeast: bounds.atLeast, atMost: bounds.atMost)
    }

    private mutating func repetition() throws(PatternError) -> (atLeast: Int, atMost: Int?)? {
        if take("*") { return (0, nil) }
        if take("+") { return (1, nil) }
        if take("?") { return (0, 1) }
        guard next == "{" else { return nil }
        return try counted()
    }

    /// `{n}`, `{n,}` or `{n,m}`; nil, with nothing read, where the brace is only a brace.
    private mutating func counted() throws(PatternError) -> (atLeast: Int, atMost: Int?)? {
        let start = position
        position += 1
        guard let atLeast = number() else {
            position = start
            return nil
        }
        var atMost: Int? = atLeast
        if take(",") { atMost = number() }
        guard take("}") else {
            position = start
            return nil
        }
        guard atLeast <= Self.maximumRepetition, (atMost ?? 0) <= Self.maximumRepetition, atLeast <= atMost ?? atLeast
        else { throw PatternError("a repetition must be ascending and at most \(Self.maximumRepetition)") }
        return (atLeast, atMost)
    }

    private mutating func number() -> Int? {
        var text = ""
        while let digit = next, ("0"..."9").contains(digit), text.count < 6 {
            text.unicodeScalars.append(digit)
            position += 1
        }
        return Int(text)
    }

    private mutating func atom() throws(PatternError) -> PatternNode {
        guard let scalar = takeAny() else { return .sequence([]) }
        switch scalar {
        case "(": return try group()
        case "[": return .take(try bracketed())
        case ".": return .take(.all)
        case "^": return .atStart
        case "$": return .atEnd
        case "\\": return .take(try escape())
        case "*", "+", "?": throw PatternError("'\(scalar)' has nothing to repeat")
        case "{":
            position -= 1
            if try counted() != nil { throw PatternError("'{' has nothing to repeat") }
            position += 1
            return .take(ScalarSet(scalar))
        default: return .take(ScalarSet(scalar))
        }
    }

    private mutating func group() throws(PatternError) -> PatternNode {
        depth += 1
        guard depth <= Self.maximumDepth else { throw PatternError("groups are nested too deeply") }
        if take("?") { try groupKind() }
        let node = try choice()
        guard take(")") else { throw PatternError("a '(' without its ')'") }
        depth -= 1
        return node
    }

    /// `(?:…)` and `(?P<name>…)`; what they capture is of no interest.
    private mutating func groupKind() throws(PatternError) {
        if take(":") { return }
        guard take("P") || next == "<", take("<") else {
            throw PatternError("of groups with '(?', only (?:…), (?P<name>…) and a leading (?i) are supported")
        }
        while let scalar = takeAny() { if scalar == ">" { return } }
        throw PatternError("a group's name without its '>'")
    }

    private mutating func bracketed() throws(PatternError) -> ScalarSet {
        let isNegated = take("^")
        var ranges: [ClosedRange<UInt32>] = []
        var isFirst = true
        while isFirst || next != "]" {
            isFirst = false
            if next == "[", position + 1 < scalars.count, scalars[position + 1] == ":" {
                throw PatternError("classes with a name, as [:alpha:], are not supported")
            }
            let low = try member()
            guard next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" else {
                ranges += low.plainRanges
                continue
            }
            position += 1
            ranges.append(try range(from: low, to: try member()))
        }
        position += 1
        return isNegated ? ScalarSet(ranges: ranges).inverted : ScalarSet(ranges: ranges)
    }

    private mutating func member() throws(PatternError) -> ScalarSet {
        guard let scalar = takeAny() else { throw PatternError("a '[' without its ']'") }
        return scalar == "\\" ? try escape() : ScalarSet(scalar)
    }

    private func range(from low: ScalarSet, to high: ScalarSet) throws(PatternError) -> ClosedRange<UInt32> {
        guard !low.isNegated, !high.isNegated, low.ranges.count == 1, high.ranges.count == 1,
            low.ranges[0].count == 1, high.ranges[0].count == 1, low.ranges[0].lowerBound <= high.ranges[0].lowerBound
        else { throw PatternError("a range in [] must go from one character to a later one") }
        return low.ranges[0].lowerBound...high.ranges[0].lowerBound
    }

    private mutating func escape() throws(PatternError) -> ScalarSet {
        guard let scalar = takeAny() else { throw PatternError("a '\\' at the end") }
        switch scalar {
        case "d": return .digits
        case "D": return ScalarSet.digits.inverted
        case "w": return .wordCharacters
        case "W": return ScalarSet.wordCharacters.inverted
        case "s": return .blanks
        case "S": return ScalarSet.blanks.inverted
        case "n": return ScalarSet("\n")
        case "r": return ScalarSet("\r")
        case "t": return ScalarSet("\t")
        case "x": return try hexadecimal()
        case "0"..."9", "a"..."z", "A"..."Z":
            throw PatternError("'\\\(scalar)' is not supported")
        default: return ScalarSet(scalar)
        }
    }

    /// `\x41` or `\x{1F600}`.
    private mutating func hexadecimal() throws(PatternError) -> ScalarSet {
        var digits = ""
        let isBraced = take("{")
        while let scalar = next, scalar.properties.isASCIIHexDigit, digits.count < (isBraced ? 6 : 2) {
            digits.unicodeScalars.append(scalar)
            position += 1
        }
        guard isBraced ? take("}") : digits.count == 2, let value = UInt32(digits, radix: 16),
            let scalar = Unicode.Scalar(value)
        else { throw PatternError("'\\x' must be followed by two digits, or by some in braces") }
        return ScalarSet(scalar)
    }
}
