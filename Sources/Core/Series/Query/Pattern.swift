/// A regular expression that matches whole texts, in a time linear in pattern × text whatever the pattern.
///
/// The syntax is RE2's, as far as label matchers use it: characters, `.`, classes, `\d \w \s` and their opposites, groups,
/// `|`, `* + ? {n,m}`, `^` and `$`, `(?i)` at the start. An engine that backtracks, as the standard library's does, would let
/// one query hold a thread for hours; this one steps through all alternatives at once.
package struct Pattern: Sendable {
    /// Bounds on what a query may ask for: bytes of the text, and steps of the program made from it.
    package static let maximumBytes = 4_096
    static let maximumSteps = 4_096

    private let program: [Step]
    private let ignoresCase: Bool

    /// - Throws: where the text is no regular expression of this kind, or too large.
    package init(_ text: String) throws(PatternError) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw PatternError("the expression is over \(Self.maximumBytes) bytes")
        }
        ignoresCase = text.hasPrefix("(?i)")
        var parser = PatternParser(ignoresCase ? text.dropFirst(4) : text[...])
        var compiler = PatternCompiler()
        try compiler.emit(try parser.whole())
        program = compiler.program + [.match]
    }

    /// Whether the whole of `text` matches. Complexity: O(length × size of the pattern).
    package func matches(_ text: String) -> Bool {
        var current = Threads(program.count), next = Threads(program.count)
        current.add(0, program, isAtStart: true, isAtEnd: text.isEmpty)
        var scalars = text.unicodeScalars.makeIterator()
        var upcoming = scalars.next()
        while let scalar = upcoming {
            upcoming = scalars.next()
            next.removeAll()
            for place in current.places {
                guard case .take(let set) = program[place], set.contains(scalar.value, ignoresCase: ignoresCase) else {
                    continue
                }
                next.add(place + 1, program, isAtStart: false, isAtEnd: upcoming == nil)
            }
            swap(&current, &next)
            if current.places.isEmpty { return false }
        }
        return current.places.contains { program[$0] == .match }
    }
}

/// Why a text is no pattern.
package struct PatternError: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

/// What the matcher does at a place of the program.
private enum Step: Hashable, Sendable {
    case take(ScalarSet)
    case fork(Int, Int)
    case jump(Int)
    case atStart, atEnd, match
}

/// The places of the program that are reached by what has been read; each stands once.
private struct Threads {
    private(set) var places: [Int] = []
    private var isReached: [Bool]
    private var reached: [Int] = []

    init(_ size: Int) { isReached = Array(repeating: false, count: size) }

    mutating func removeAll() {
        for place in reached { isReached[place] = false }
        reached.removeAll(keepingCapacity: true)
        places.removeAll(keepingCapacity: true)
    }

    /// Adds a place and all that is reached from it without reading.
    mutating func add(_ place: Int, _ program: [Step], isAtStart: Bool, isAtEnd: Bool) {
        var open = [place]
        while let place = open.popLast() {
            guard !isReached[place] else { continue }
            isReached[place] = true
            reached.append(place)
            switch program[place] {
            case .take, .match: places.append(place)
            case .jump(let target): open.append(target)
            case .fork(let a, let b):
                open.append(b)
                open.append(a)
            case .atStart: if isAtStart { open.append(place + 1) }
            case .atEnd: if isAtEnd { open.append(place + 1) }
            }
        }
    }
}

/// Characters, by ranges of their code points.
struct ScalarSet: Hashable, Sendable {
    var ranges: [ClosedRange<UInt32>] = []
    var isNegated = false

    static let all = ScalarSet(ranges: [0...0x10FFFF])
    static let digits = ScalarSet(ranges: [0x30...0x39])
    static let wordCharacters = ScalarSet(ranges: [0x30...0x39, 0x41...0x5A, 0x5F...0x5F, 0x61...0x7A])
    static let blanks = ScalarSet(ranges: [0x09...0x0A, 0x0C...0x0D, 0x20...0x20])

    init(ranges: [ClosedRange<UInt32>]) { self.ranges = ranges }
    init(_ scalar: Unicode.Scalar) { ranges = [scalar.value...scalar.value] }

    var inverted: ScalarSet {
        var result = self
        result.isNegated.toggle()
        return result
    }

    /// As plain ranges, for a set within a class.
    var plainRanges: [ClosedRange<UInt32>] {
        guard isNegated else { return ranges }
        var result: [ClosedRange<UInt32>] = []
        var next: UInt32 = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > next { result.append(next...range.lowerBound - 1) }
            next = max(next, range.upperBound + 1)
        }
        if next <= 0x10FFFF { result.append(next...0x10FFFF) }
        return result
    }

    func contains(_ scalar: UInt32, ignoresCase: Bool) -> Bool {
        var isIn = ranges.contains { $0.contains(scalar) }
        if !isIn, ignoresCase, let other = Self.otherCase(scalar) { isIn = ranges.contains { $0.contains(other) } }
        return isIn != isNegated
    }

    /// Of letters a to z only.
    private static func otherCase(_ scalar: UInt32) -> UInt32? {
        let letter = scalar | 0x20
        return (0x61...0x7A).contains(letter) ? scalar ^ 0x20 : nil
    }
}

/// A pattern as a tree.
indirect enum PatternNode {
    case take(ScalarSet)
    case sequence([PatternNode])
    case choice([PatternNode])
    /// `atMost` nil: as often as there is.
    case repetition(PatternNode, atLeast: Int, atMost: Int?)
    case atStart, atEnd
}

private struct PatternCompiler {
    var program: [Step] = []

    mutating func emit(_ node: PatternNode) throws(PatternError) {
        switch node {
        case .take(let set): try append(.take(set))
        case .atStart: try append(.atStart)
        case .atEnd: try append(.atEnd)
        case .sequence(let nodes): for node in nodes { try emit(node) }
        case .choice(let nodes): try emitChoice(nodes)
        case .repetition(let node, let atLeast, let atMost): try emitRepetition(node, atLeast, atMost)
        }
    }

    private mutating func append(_ step: Step) throws(PatternError) {
        // One place is kept for the match at the end.
        guard program.count < Pattern.maximumSteps - 1 else { throw PatternError("the expression is too large") }
        program.append(step)
    }

    private mutating func emitChoice(_ nodes: [PatternNode]) throws(PatternError) {
        var ends: [Int] = []
        for (index, node) in nodes.enumerated() {
            guard index + 1 < nodes.count else {
                try emit(node)
                break
            }
            let fork = program.count
            try append(.fork(fork + 1, 0))
            try emit(node)
            ends.append(program.count)
            try append(.jump(0))
            program[fork] = .fork(fork + 1, program.count)
        }
        for end in ends { program[end] = .jump(program.count) }
    }

    private mutating func emitRepetition(_ node: PatternNode, _ atLeast: Int, _ atMost: Int?) throws(PatternError) {
        for _ in 0..<atLeast { try emit(node) }
        guard let atMost else {
            let fork = program.count
            try append(.fork(fork + 1, 0))
            try emit(node)
            try append(.jump(fork))
            program[fork] = .fork(fork + 1, program.count)
            return
        }
        var forks: [Int] = []
        for _ in atLeast..<atMost {
            forks.append(program.count)
            try append(.fork(program.count + 1, 0))
            try emit(node)
        }
        for fork in forks { program[fork] = .fork(fork + 1, program.count) }
    }
}
