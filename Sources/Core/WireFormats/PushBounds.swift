package import Series

/// What one push may hold, in whatever format: more is refused with a word before it fills the memory.
package enum PushBounds {
    /// A store's head takes fewer still, by its size.
    package static let samples = 4_000_000
    /// Of text and OTLP, where each is built as an object.
    package static let series = 250_000
}

extension SampleBatch {
    /// - Throws: where it holds more than one push may.
    package func checkSize() throws(LineProblem) {
        guard sampleCount <= PushBounds.samples else {
            throw LineProblem("over \(PushBounds.samples) samples in one push; send it in parts")
        }
        guard keys.count <= PushBounds.series else {
            throw LineProblem("over \(PushBounds.series) series in one push; send it in parts")
        }
    }
}
