internal import Units

/// The samples of one push as flat columns, refilled push after push without allocating anew.
///
/// A series is named by its *label block*: its labels, `__name__` among them, one after the other as remote_write 1.0 encodes
/// them (see `SeriesKey.labelBlock`). A sender repeats a block byte for byte, so a store knows a series again by comparing
/// bytes, and reads a block only when it meets it for the first time.
package struct WriteColumns: Sendable {
    /// Holds the label blocks; may hold more.
    package var bytes: [UInt8] = []
    /// Where in `bytes` the block of each series of the push lies. A series may stand more than once.
    package var blocks: [Range<Int>] = []
    /// For each sample the index of its series in `blocks`, ascending.
    package var series: [UInt32] = []
    /// For each sample, milliseconds since 1970.
    package var times: [Int64] = []
    /// For each sample, finite or infinite and never NaN: a NaN is a gap and gives no sample.
    package var values: [Double] = []
    /// What the push held that is no sample, and was passed over.
    package var skipped = Skipped()

    package struct Skipped: Hashable, Sendable {
        package var histograms = 0, exemplars = 0, staleMarks = 0
        package init() {}
    }

    package init() {}

    package var sampleCount: Int { times.count }

    /// Empties the columns and keeps their storage.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        blocks.removeAll(keepingCapacity: true)
        series.removeAll(keepingCapacity: true)
        times.removeAll(keepingCapacity: true)
        values.removeAll(keepingCapacity: true)
        skipped = Skipped()
    }
}

extension WriteColumns {
    /// The samples of a batch; NaNs are gaps and left out.
    package init(_ batch: SampleBatch) {
        for (index, (key, samples)) in zip(batch.keys, batch.columns).enumerated() {
            let block = key.labelBlock
            blocks.append(bytes.count..<bytes.count + block.count)
            bytes += block
            for (time, value) in zip(samples.timestamps, samples.values) where !value.isNaN {
                series.append(UInt32(index))
                times.append(time.millisecondsSinceEpoch)
                values.append(value)
            }
        }
    }
}

extension SeriesKey {
    /// The labels as remote_write 1.0 encodes them: `__name__` first and then by name, each as field 1 of a time series,
    /// which holds the name as field 1 and the value as field 2.
    package var labelBlock: [UInt8] {
        var block: [UInt8] = []
        Self.append("__name__", metric, to: &block)
        for label in labels { Self.append(label.name, label.value, to: &block) }
        return block
    }

    private static func append(_ name: String, _ value: String, to block: inout [UInt8]) {
        var label: [UInt8] = []
        appendField(1, name, to: &label)
        appendField(2, value, to: &label)
        block.append(0x0A)
        appendVarint(label.count, to: &block)
        block += label
    }

    private static func appendField(_ number: UInt8, _ text: String, to bytes: inout [UInt8]) {
        bytes.append(number << 3 | 2)
        appendVarint(text.utf8.count, to: &bytes)
        bytes += text.utf8
    }

    private static func appendVarint(_ value: Int, to bytes: inout [UInt8]) {
        var rest = UInt(value)
        while rest > 0x7F {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Reads a label block back; labels may stand in any order.
    ///
    /// - Throws: where it is no label block, has no `__name__`, or a name or size will not do.
    package init(labelBlock block: some RandomAccessCollection<UInt8>) throws(SeriesNameError) {
        var reader = LabelBlockReader(Array(block))
        var metric = ""
        var labels: [Label] = []
        while !reader.isAtEnd {
            let (name, value) = try reader.label()
            if name == "__name__" { metric = value } else { labels.append(Label(name: name, value: value)) }
        }
        try self.init(metric: metric, labels: labels)
    }
}

private struct LabelBlockReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func label() throws(SeriesNameError) -> (name: String, value: String) {
        let end = try length(tag: 0x0A)
        var (name, value) = ("", "")
        while position < end {
            let tag = bytes[position]
            guard tag == 0x0A || tag == 0x12 else { throw .badLabelBlock }
            let fieldEnd = try length(tag: tag)
            guard fieldEnd <= end else { throw .badLabelBlock }
            let text = String(decoding: bytes[position..<fieldEnd], as: UTF8.self)
            if tag == 0x0A { name = text } else { value = text }
            position = fieldEnd
        }
        return (name, value)
    }

    /// Reads a tag and a length; returns where what follows ends.
    private mutating func length(tag: UInt8) throws(SeriesNameError) -> Int {
        guard position < bytes.count, bytes[position] == tag else { throw .badLabelBlock }
        position += 1
        var (value, shift) = (0, 0)
        while position < bytes.count, shift < 35 {
            let byte = bytes[position]
            position += 1
            value |= Int(byte & 0x7F) << shift
            if byte < 0x80 {
                guard value <= bytes.count - position else { throw .badLabelBlock }
                return position + value
            }
            shift += 7
        }
        throw .badLabelBlock
    }
}
