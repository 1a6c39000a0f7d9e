/// Stored models: magic, format version, kind, task, payload, and an FNV-1a sum over all before it; little-endian.
enum ModelFormat {
    static let magic: [UInt8] = Array("PWMD".utf8)
    static let version = 3

    enum Kind: UInt8 {
        case seasonalNaive = 1
        case ridge = 2
        case lastValue = 3
        case combined = 4
        case quantileNet = 5
        case histogram = 10
        case intermittent = 11
        case shape = 12
        case linearQuantile = 13
        case eventAware = 14
        case globalRidge = 64
        case sharedRidge = 65
        case borrowed = 66
        case globalNet = 67
        case sharedNet = 68
    }

    /// FNV-1a, 64 bits: a check against accidents, not against malice.
    static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }
}

struct ModelWriter {
    private var bytes: [UInt8]

    init(kind: ModelFormat.Kind, task: ForecastTask) {
        bytes = ModelFormat.magic
        write(ModelFormat.version)
        bytes.append(kind.rawValue)
        write(task.horizon)
        write(task.season)
        write(task.isWeekly ? 1 : 0)
        write(task.levels)
        // 0 for none, as stored numbers are finite.
        write(task.operatingLevel ?? 0)
    }

    mutating func write(_ value: Int) { write(bits: UInt64(bitPattern: Int64(value))) }
    mutating func write(_ value: Double) { write(bits: value.bitPattern) }

    mutating func write(_ values: [Double]) {
        write(values.count)
        for value in values { write(value) }
    }

    mutating func write(_ values: [Float]) {
        write(values.count)
        bytes.reserveCapacity(bytes.count + 4 * values.count + 8)
        for value in values {
            let bits = value.bitPattern
            for shift in stride(from: 0, to: 32, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(shift)))
            }
        }
    }

    /// A model within a model.
    mutating func write(nested model: [UInt8]) {
        write(model.count)
        bytes += model
    }

    private mutating func write(bits: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: bits >> UInt64(shift))) }
    }

    func finished() -> [UInt8] {
        var sealed = self
        sealed.write(bits: ModelFormat.checksum(bytes[...]))
        return sealed.bytes
    }
}

struct ModelReader {
    let kind: ModelFormat.Kind
    let task: ForecastTask
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    /// Checks magic, version and sum before anything is believed.
    init(_ stored: [UInt8]) throws(ForecastError) {
        guard stored.count > 21, Array(stored.prefix(4)) == ModelFormat.magic else {
            throw .corruptModel("it is no Prewarm model")
        }
        var cursor = Cursor(bytes: stored[...], position: 4)
        let version = try cursor.integer()
        guard version == ModelFormat.version else {
            throw .unsupportedModelVersion(found: version, supported: ModelFormat.version)
        }
        var tail = Cursor(bytes: stored[...], position: stored.count - 8)
        guard try tail.bits() == ModelFormat.checksum(stored.dropLast(8)) else {
            throw .corruptModel("its checksum is wrong")
        }
        cursor = Cursor(bytes: stored.dropLast(8), position: cursor.position)
        guard let kind = ModelFormat.Kind(rawValue: try cursor.byte()) else { throw .corruptModel("an unknown kind") }
        let horizon = try cursor.integer(), season = try cursor.integer(), weekly = try cursor.integer()
        let levels = try cursor.doubles(), operating = Double(bitPattern: try cursor.bits())
        guard (1...100_000).contains(horizon), (2...10_000_000).contains(season), !levels.isEmpty,
            zip(levels, levels.dropFirst()).allSatisfy(<), levels.allSatisfy({ $0 > 0 && $0 < 1 }),
            operating >= 0 && operating < 1
        else { throw .corruptModel("its task makes no sense") }
        self.kind = kind
        task = ForecastTask(
            horizon: horizon, levels: levels, season: season, isWeekly: weekly == 1,
            operatingLevel: operating > 0 ? operating : nil)
        (bytes, position) = (cursor.bytes, cursor.position)
    }

    /// Whether all has been read: what later versions of a model add comes last.
    var isAtEnd: Bool { position == bytes.endIndex }

    mutating func integer() throws(ForecastError) -> Int {
        var cursor = Cursor(bytes: bytes, position: position)
        defer { position = cursor.position }
        return try cursor.integer()
    }

    mutating func double() throws(ForecastError) -> Double {
        Double(bitPattern: UInt64(bitPattern: Int64(try integer())))
    }

    mutating func doubles() throws(ForecastError) -> [Double] {
        var cursor = Cursor(bytes: bytes, position: position)
        defer { position = cursor.position }
        return try cursor.doubles()
    }

    mutating func floats() throws(ForecastError) -> [Float] {
        var cursor = Cursor(bytes: bytes, position: position)
        defer { position = cursor.position }
        return try cursor.floats()
    }

    /// The bytes of a model within this one.
    mutating func nested() throws(ForecastError) -> [UInt8] {
        var cursor = Cursor(bytes: bytes, position: position)
        let count = try cursor.length(of: 1)
        position = cursor.position + count
        return Array(bytes[cursor.position..<position])
    }
}

private struct Cursor {
    let bytes: ArraySlice<UInt8>
    var position: Int

    mutating func byte() throws(ForecastError) -> UInt8 {
        guard position < bytes.endIndex else { throw .corruptModel("it ends too soon") }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func bits(bytes count: Int = 8) throws(ForecastError) -> UInt64 {
        guard bytes.endIndex - position >= count else { throw .corruptModel("it ends too soon") }
        defer { position += count }
        return (0..<count).reduce(0) { $0 | UInt64(bytes[position + $1]) << UInt64($1 * 8) }
    }

    /// A count of elements of `size` bytes that are all there.
    mutating func length(of size: Int) throws(ForecastError) -> Int {
        let count = try integer()
        guard count >= 0, count <= (bytes.endIndex - position) / size else { throw .corruptModel("a length is wrong") }
        return count
    }

    mutating func integer() throws(ForecastError) -> Int { Int(Int64(bitPattern: try bits())) }

    mutating func doubles() throws(ForecastError) -> [Double] {
        let count = try length(of: 8)
        var values: [Double] = []
        values.reserveCapacity(count)
        for _ in 0..<count { values.append(Double(bitPattern: try bits())) }
        guard values.allSatisfy(\.isFinite) else { throw .corruptModel("a number is not finite") }
        return values
    }

    mutating func floats() throws(ForecastError) -> [Float] {
        let count = try integer()
        guard count >= 0, count <= (bytes.endIndex - position) / 4 else { throw .corruptModel("a length is wrong") }
        var values: [Float] = []
        values.reserveCapacity(count)
        for _ in 0..<count {
            let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[position + $1]) << UInt32($1 * 8) }
            values.append(Float(bitPattern: bits))
            position += 4
        }
        guard values.allSatisfy(\.isFinite) else { throw .corruptModel("a number is not finite") }
        return values
    }
}
