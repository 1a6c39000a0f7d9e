import Foundation
import Glibc

/// Standard input as a file that can be read twice, so that it is checked whole before anything of it is stored.
///
/// The file has no name: nothing is left of it, however the process ends. A class because closing it comes last.
package final class SpooledInput: Sendable {
    /// More is a mistake, and would fill the disk.
    package static let maximumBytes = 8 << 30

    private let descriptor: Int32
    package let bytes: Int
    /// Where it can be opened, as often as needed, while this object lives.
    package var path: String { "/proc/self/fd/\(descriptor)" }
    /// What it is called in messages.
    package static let name = "standard input"

    /// Reads `input` to its end. `onProgress` gets the bytes so far.
    ///
    /// - Throws: where it is longer than `limit` or the temporary directory cannot hold it.
    package init(
        from input: Int32 = STDIN_FILENO, limit: Int = maximumBytes, onProgress: (Int) -> Void = { _ in }
    ) throws(InputError) {
        descriptor = try Self.namelessFile()
        var (total, buffer) = (0, [UInt8](repeating: 0, count: 1 << 18))
        do throws(InputError) {
            while true {
                let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(input, $0.baseAddress, $0.count) }
                if count < 0, errno == EINTR { continue }
                guard count >= 0 else { throw Self.failure("cannot be read") }
                if count == 0 { break }
                total += count
                guard total <= limit else {
                    throw InputError(path: Self.name, "more than \(limit >> 20) MiB; give it as a file")
                }
                try Self.write(buffer[..<count], to: descriptor)
                onProgress(total)
            }
        } catch {
            close(descriptor)
            throw error
        }
        bytes = total
    }

    deinit { close(descriptor) }

    private static func namelessFile() throws(InputError) -> Int32 {
        let template = FileManager.default.temporaryDirectory.appending(path: "prewarm-input-XXXXXX").path
        var name = template.utf8CString
        let descriptor = unsafe name.withUnsafeMutableBufferPointer { characters in
            guard let start = characters.baseAddress else { return Int32(-1) }
            let descriptor = unsafe mkstemp(start)
            if descriptor >= 0 {
                unsafe unlink(start)
                _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            }
            return descriptor
        }
        guard descriptor >= 0 else { throw failure("cannot be kept in \(template)") }
        return descriptor
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) throws(InputError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure("cannot be kept in the temporary directory") }
            rest = rest.dropFirst(count)
        }
    }

    private static func failure(_ problem: String) -> InputError {
        InputError(path: name, "\(problem): \(unsafe String(cString: strerror(errno)))")
    }
}
