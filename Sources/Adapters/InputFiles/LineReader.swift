import CZlib
import Foundation

/// Reads a file line by line through zlib, which takes plain and gzip files alike and tells them apart by their magic.
///
/// Holds one buffer and one line, whatever the size of the file. Not Sendable: used by one task at a time.
@safe package final class LineReader {
    /// A longer line is a mistake, and would fill the memory.
    package static let maximumLineBytes = 1 << 20

    /// What the file is called in messages.
    package let path: String
    private let file: gzFile
    private var buffer = [UInt8](repeating: 0, count: 1 << 18)
    private var available = 0..<0
    private var isAtEnd = false
    /// The number of the line returned last, from 1 on.
    package private(set) var lineNumber = 0
    /// Bytes of the file as it lies on the disk, and how far reading has come in them.
    package let totalBytes: Int
    package var bytesRead: Int { max(0, Int(unsafe gzoffset(file))) }

    /// `name` is what the file is called in messages, where that is not its path.
    package init(path: String, name: String? = nil) throws(InputError) {
        let name = name ?? path
        var isDirectory: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
            throw InputError(path: name, "no such file")
        }
        guard !isDirectory.boolValue else { throw InputError(path: name, "a directory; name a file in it") }
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        totalBytes = (attributes?[.size] as? Int) ?? 0
        guard let file = unsafe gzopen(path, "rb") else { throw InputError(path: name, "cannot be opened for reading") }
        unsafe self.file = unsafe file
        unsafe gzbuffer(file, 1 << 18)
        self.path = name
    }

    deinit { unsafe gzclose(file) }

    /// The next line without its end, nil at the end of the file.
    package func next() throws(InputError) -> ArraySlice<UInt8>? {
        var line: [UInt8] = []
        while true {
            if available.isEmpty, try !refill() {
                guard !line.isEmpty else { return nil }
                lineNumber += 1
                return line[...]
            }
            if let end = buffer[available].firstIndex(of: 10) {
                let part = buffer[available.lowerBound..<end]
                available = end + 1..<available.upperBound
                lineNumber += 1
                try check(line.count + part.count, line: lineNumber)
                return Self.withoutCarriageReturn(line.isEmpty ? part : (line + part)[...])
            }
            try check(line.count + available.count, line: lineNumber + 1)
            line += buffer[available]
            available = 0..<0
        }
    }

    private func check(_ bytes: Int, line: Int) throws(InputError) {
        guard bytes <= Self.maximumLineBytes else {
            throw InputError(path: path, line: line, "a line of over 1 MiB; is this a text file with one row a line?")
        }
    }

    private static func withoutCarriageReturn(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        line.last == 13 ? line.dropLast() : line
    }

    /// False at the end of the file.
    private func refill() throws(InputError) -> Bool {
        guard !isAtEnd else { return false }
        let count = unsafe buffer.withUnsafeMutableBytes { bytes in
            unsafe gzread(file, bytes.baseAddress, UInt32(bytes.count))
        }
        var code: Int32 = 0
        let message = unsafe gzerror(file, &code).map { unsafe String(cString: $0) } ?? ""
        guard count >= 0, code == Z_OK || code == Z_STREAM_END else {
            let isTruncated = code == Z_BUF_ERROR
            throw InputError(
                path: path, line: lineNumber + 1,
                isTruncated ? "the gzip file is truncated; fetch it again" : "cannot be decompressed: \(message)")
        }
        isAtEnd = count == 0
        available = 0..<Int(count)
        return count > 0
    }
}
