internal import CSnappy

/// Undoes the snappy block format. `output` holds the result alone, its storage used again; after an error it is empty.
///
/// What the bytes declare is checked against `limit`, and against the most that so many bytes can hold, before anything
/// is allocated. Complexity: linear in the result.
package func snappyDecompress(
    _ bytes: Span<UInt8>, limit: Int, into output: inout [UInt8]
) throws(DecodeError) {
    output.removeAll(keepingCapacity: true)
    let length = try declaredLength(bytes, limit: limit)
    var status = SNAPPY_OK
    output.append(addingCapacity: length) { free in
        unsafe free.withUnsafeMutableBufferPointer { target, count in
            status = unsafe uncompress(bytes, into: UnsafeMutableRawBufferPointer(target), count: length)
            count = status == SNAPPY_OK ? length : 0
        }
    }
    guard status == SNAPPY_OK else { throw DecodeError("the snappy block is damaged or cut", at: 0) }
}

/// The snappy block of `bytes`. Complexity: linear.
package func snappyCompress(_ bytes: [UInt8]) -> [UInt8] {
    let capacity = snappy_max_compressed_length(bytes.count)
    return [UInt8](capacity: capacity) { free in
        unsafe free.withUnsafeMutableBufferPointer { target, count in
            count = unsafe compress(bytes.span, into: UnsafeMutableRawBufferPointer(target))
        }
    }
}

/// The block's length after decompression, 0 to `limit`.
private func declaredLength(_ bytes: Span<UInt8>, limit: Int) throws(DecodeError) -> Int {
    var length = 0
    let status = unsafe bytes.withUnsafeBytes { source in
        unsafe snappy_uncompressed_length(source.baseAddress, source.count, &length)
    }
    guard status == SNAPPY_OK else { throw DecodeError("this is no snappy block", at: 0) }
    guard length <= limit else {
        throw DecodeError("\(length) bytes after decompression; at most \(limit)", at: 0)
    }
    // The densest element is a copy: 64 bytes for 3.
    guard length <= bytes.count * 64 / 3 else {
        throw DecodeError("the snappy block says \(length) bytes, which \(bytes.count) cannot hold", at: 0)
    }
    return length
}

private func uncompress(
    _ bytes: Span<UInt8>, into target: UnsafeMutableRawBufferPointer, count: Int
) -> snappy_status {
    var written = count
    let status = unsafe bytes.withUnsafeBytes { source in
        unsafe snappy_uncompress(source.baseAddress, source.count, target.baseAddress, &written)
    }
    return status == SNAPPY_OK && written != count ? SNAPPY_INVALID_INPUT : status
}

private func compress(_ bytes: Span<UInt8>, into target: UnsafeMutableRawBufferPointer) -> Int {
    var written = target.count
    _ = unsafe bytes.withUnsafeBytes { source in
        unsafe snappy_compress(source.baseAddress, source.count, target.baseAddress, &written)
    }
    return written
}
