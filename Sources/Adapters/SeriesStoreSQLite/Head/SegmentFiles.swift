internal import Foundation
internal import Glibc
internal import Ports

/// The write-ahead segments beside a database: `FILE-head-00000001.log` and so on.
struct SegmentFiles: Sendable {
    let database: String

    func path(_ number: Int) -> String {
        "\(database)-head-\(suffix(number))"
    }

    /// No segment has a higher number: they count flushes.
    static let highestNumber = 1_000_000_000

    /// The numbers of the segments there are, ascending. A file whose name is not that of a segment is none.
    func numbers() throws(StoreError) -> [Int] {
        let prefix = URL(filePath: database).lastPathComponent + "-head-"
        let names: [String]
        do { names = try FileManager.default.contentsOfDirectory(atPath: folder) } catch {
            throw StoreError(.unwritable, "\(folder): cannot be listed: \(error)")
        }
        return names.compactMap { name in
            guard name.hasPrefix(prefix), let number = Int(name.dropFirst(prefix.count).prefix { $0 != "." }),
                (1...Self.highestNumber).contains(number), prefix + suffix(number) == name
            else { return nil }
            return number
        }.sorted()
    }

    private func suffix(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 8 - digits.count)) + digits + ".log"
    }

    /// The bytes of a segment; none where it is gone, as a flush leaves it.
    func content(_ number: Int) throws(StoreError) -> [UInt8] {
        do { return Array(try Data(contentsOf: URL(filePath: path(number)))) } catch {
            guard !FileManager.default.fileExists(atPath: path(number)) else {
                throw StoreError(.unwritable, "\(path(number)): cannot be read, and holds samples: \(error)")
            }
            return []
        }
    }

    func remove(_ number: Int) { try? FileManager.default.removeItem(atPath: path(number)) }

    /// Keeps a damaged segment out of the way, for whoever wants to look at it.
    func setAside(_ number: Int) { _ = unsafe rename(path(number), path(number) + ".damaged") }

    private var folder: String { URL(filePath: database).deletingLastPathComponent().path }

    /// Opens a segment for appending and makes its name durable.
    func create(_ number: Int) throws(StoreError) -> Int32 {
        let descriptor = unsafe open(path(number), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("cannot be made", number) }
        let parent = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { if parent >= 0 { close(parent) } }
        guard parent >= 0, fsync(parent) == 0 else {
            let error = failure("cannot be made durable", number)
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// Appends `bytes` and, where `syncing`, waits until they are on the disk. Where that fails nothing of them stays, nor does an
    /// empty file.
    ///
    /// Returns whether the file still has a name.
    func append(
        _ bytes: [UInt8], to descriptor: Int32, _ number: Int, syncing: Bool
    ) throws(StoreError) -> Bool {
        let before = lseek(descriptor, 0, SEEK_END)
        do throws(StoreError) {
            try write(bytes, to: descriptor, number)
            guard !syncing || fdatasync(descriptor) == 0 else { throw failure("cannot be made durable", number) }
        } catch {
            ftruncate(descriptor, before)
            if before == 0 { remove(number) }
            throw error
        }
        var status = stat()
        return unsafe fstat(descriptor, &status) == 0 && status.st_nlink > 0
    }

    private func write(_ bytes: [UInt8], to descriptor: Int32, _ number: Int) throws(StoreError) {
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.write(descriptor, buffer.baseAddress.map { unsafe $0 + written }, bytes.count - written)
            }
            if count > 0 {
                written += count
            } else if count == 0 || errno != EINTR {
                throw failure("cannot be written", number)
            }
        }
    }

    private func failure(_ what: String, _ number: Int) -> StoreError {
        let code: StoreError.Code = errno == ENOSPC || errno == EDQUOT ? .full : .unwritable
        return StoreError(code, "\(path(number)): \(what): \(unsafe String(cString: strerror(errno)))")
    }
}
