import CZlib

enum GzipError: Error, Hashable, CustomStringConvertible {
    case damaged, truncated, tooLarge, outOfMemory

    var description: String {
        switch self {
        case .damaged: "the body is no gzip stream, or damaged"
        case .truncated: "the gzip stream ends before its end"
        case .tooLarge: "the body is too large after decompression; send it in parts"
        case .outOfMemory: "there is no memory to decompress the body"
        }
    }
}

/// The content of a gzip stream of one or more members.
///
/// Stops as soon as there is more than `limit` bytes of it, so that a small body cannot become a large one in memory.
/// Complexity: linear in the content.
func gunzipped(_ bytes: [UInt8], limit: Int) throws(GzipError) -> [UInt8] {
    try Inflater().content(of: bytes, limit: limit)
}

/// zlib's inflate, behind the one function above. Not Sendable: used within one call.
@safe private final class Inflater {
    private static let chunk = 1 << 16

    /// On the heap, because zlib remembers its address.
    private let stream: UnsafeMutablePointer<z_stream>

    init() throws(GzipError) {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // 15 bits of window, and 16 for: gzip and nothing else.
        guard unsafe inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw .outOfMemory
        }
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    func content(of bytes: [UInt8], limit: Int) throws(GzipError) -> [UInt8] {
        var output: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: Self.chunk)
        var consumed = 0
        while true {
            let (status, used, written) = inflated(bytes, from: consumed, into: &chunk)
            consumed += used
            output.append(contentsOf: chunk[..<written])
            guard output.count <= limit else { throw .tooLarge }
            switch status {
            case Z_OK: break
            case Z_STREAM_END where consumed == bytes.count: return output
            case Z_STREAM_END: unsafe inflateReset(stream)
            case Z_BUF_ERROR: throw .truncated
            case Z_MEM_ERROR: throw .outOfMemory
            default: throw .damaged
            }
            // Neither read nor written is no progress, and would go on for ever.
            guard used > 0 || written > 0 else { throw .truncated }
        }
    }

    private func inflated(
        _ bytes: [UInt8], from start: Int, into chunk: inout [UInt8]
    ) -> (status: Int32, used: Int, written: Int) {
        unsafe bytes.withUnsafeBufferPointer { source in
            unsafe chunk.withUnsafeMutableBufferPointer { target in
                // zlib takes its input as mutable, for C's sake, and only reads it.
                unsafe stream.pointee.next_in = UnsafeMutablePointer(
                    mutating: source.baseAddress.map { unsafe $0 + start })
                let offered = min(source.count - start, Int(UInt32.max))
                unsafe stream.pointee.avail_in = UInt32(offered)
                unsafe stream.pointee.next_out = target.baseAddress
                unsafe stream.pointee.avail_out = UInt32(target.count)
                let status = unsafe inflate(stream, Z_NO_FLUSH)
                let used = unsafe offered - Int(stream.pointee.avail_in)
                return unsafe (status, used, target.count - Int(stream.pointee.avail_out))
            }
        }
    }
}
