import Foundation
import Kernels
import Ports
import Series
import SeriesStoreSQLite
import Units

let always = Timestamp(millisecondsSinceEpoch: .min)..<Timestamp(millisecondsSinceEpoch: .max)
let headStart = Timestamp(secondsSinceEpoch: 1_700_000_000)

func open(
    _ path: String, _ limits: HeadStore.Limits? = nil, now: @escaping @Sendable () -> Timestamp = { headStart }
) async throws -> HeadStore {
    var unlimited = HeadStore.Limits()
    unlimited.lateSeconds = 1_000_000_000_000
    return try await HeadStore(SQLiteStore(path: path, missing: .create), limits: limits ?? unlimited, now: now)
}

/// A head that runs for the length of `body`.
func withHead<Result: Sendable>(
    _ path: String, _ limits: HeadStore.Limits? = nil, now: @escaping @Sendable () -> Timestamp = { headStart },
    _ body: (HeadStore) async throws -> Result
) async throws -> Result {
    let head = try await open(path, limits, now: now)
    async let running: Void = head.run()
    let result: Swift.Result<Result, any Error>
    do { result = .success(try await body(head)) } catch { result = .failure(error) }
    head.stop()
    try await running
    return try result.get()
}

func batch(_ key: SeriesKey, at second: Int, _ value: Double) -> SampleBatch {
    var batch = SampleBatch()
    batch.append(key, headStart.advanced(bySeconds: second), value)
    return batch
}

/// What is found in a copy of a folder: what another process would find if the one that writes there ended now.
func foundInCopy(of directory: URL, _ key: SeriesKey, _ limits: HeadStore.Limits? = nil) async throws -> [Double] {
    let copy = directory.deletingLastPathComponent().appending(path: "copy-\(UUID())")
    try FileManager.default.copyItem(at: directory, to: copy)
    defer { try? FileManager.default.removeItem(at: copy) }
    return try await open(copy.appending(path: "a.db").path, limits).samples(of: key, in: always).values
}

func segments(in directory: URL) throws -> [URL] {
    try FileManager.default.contentsOfDirectory(atPath: directory.path)
        .filter { $0.hasSuffix(".log") }.sorted().map { directory.appending(path: $0) }
}
