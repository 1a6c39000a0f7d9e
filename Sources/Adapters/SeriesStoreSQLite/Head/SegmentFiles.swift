internal import Foundation
internal import Glibc
internal import Ports

/// The write-ahead segments beside a database: `FILE-head-00000001.log` and so on.
struct SegmentFiles: Sendable {
    let database: String

    func path(_ number: Int) -> String {
        let digits = String(number)
        return "\(database)-head-\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits).log"
    }

    /// The numbers of the segments there are, ascending.
    func numbers() -> [Int] {
        let url = URL(filePath: database), prefix = url.lastPathComponent + "-head-"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.compactMap { name in
            guard name.hasPrefix(prefix), name.hasSuffix(".log") else { return nil }
            return Int(name.dropFirst(prefix.count).dropLast(4))
        }.sorted()
    }

    func content(_ number: Int) -> [UInt8] {
        FileManager.default.contents(atPath: path(number)).map { Array($0) } ?? []
    }

    func remove(_ number: Int) { try? FileManager.default.removeItem(atPath: path(number)) }

    private var folder: String { URL(filePath: database).deletingLastPathComponent().path }

    /// Opens a segment for appending and makes its name durable.
    func create(_ number: Int) throws(StoreError) -> Int32 {
        let descriptor = unsafe open(path(number), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("cannot be made", number) }
        let parent = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if parent >= 0 {
            fsync(parent)
            close(parent)
        }
        return descriptor
    }

    /// Appends `bytes` and waits until they are on the disk. Where that fails nothing of them stays.
    func append(_ bytes: [UInt8], to descriptor: Int32, _ number: Int) throws(StoreError) {
        let before = lseek(descriptor, 0, SEEK_END)
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe write(descriptor, buffer.baseAddress.map { unsafe $0 + written }, bytes.count - written)
            }
            if count > 0 {
                written += count
            } else if errno != EINTR {
                let error = failure("cannot be written", number)
                ftruncate(descriptor, before)
                throw error
            }
        }
        guard fdatasync(descriptor) == 0 else { throw failure("cannot be made durable", number) }
    }

    private func failure(_ what: String, _ number: Int) -> StoreError {
        let code: StoreError.Code = errno == ENOSPC || errno == EDQUOT ? .full : .unwritable
        return StoreError(code, "\(path(number)): \(what): \(unsafe String(cString: strerror(errno)))")
    }
}
