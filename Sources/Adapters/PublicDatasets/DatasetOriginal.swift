import Crypto
import Foundation
package import Series
import WireFormats

extension DatasetEntry {
    /// Checks that `original` is the file the entry means, and converts it. `source` names it in errors.
    package func samples(of original: [UInt8], source: String) throws(DatasetError) -> SampleColumns {
        guard original.count == bytes else {
            throw .wrongSize(source: source, found: original.count, expected: bytes)
        }
        let found = hexadecimalSHA256(original)
        guard found == sha256 else { throw .wrongChecksum(source: source, found: found, expected: sha256) }
        guard let converter = TraceConverter(rawValue: converter) else {
            throw .unconvertible(
                source: source, problem: "this program has no converter '\(converter)'; use a newer one")
        }
        do throws(ConversionError) { return try converter.convert(original[...]) } catch {
            throw .unconvertible(source: source, problem: error.description)
        }
    }

    /// Reads a file that was downloaded before; one longer than the original is not read to its end.
    package func read(path: String) throws(DatasetError) -> [UInt8] {
        guard let file = FileHandle(forReadingAtPath: path) else { throw .unreadable(path: path) }
        defer { try? file.close() }
        guard let data = try? file.read(upToCount: bytes + 1) else { throw .unreadable(path: path) }
        return [UInt8](data)
    }
}

/// FIPS 180-4, in lower-case hex.
package func hexadecimalSHA256(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef")
    return SHA256.hash(data: bytes).reduce(into: "") { text, byte in
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
}
