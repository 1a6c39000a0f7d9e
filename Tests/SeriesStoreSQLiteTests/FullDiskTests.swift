import Foundation
import Kernels
import Ports
import Series
import SeriesStoreSQLite
import TestSupport
import Testing
import Units

/// A disk that is full: pushes are told to come again, and succeed once there is room.
@Suite(.enabled(if: SmallDisk.isPossible, "mounting a small file system needs root"), .timeLimit(.minutes(2)))
struct FullDiskTests {
    /// The log lies on a large disk, by way of links; the database on a small one.
    @Test func aFlushToAFullDiskKeepsWhatItCouldNotStore() async throws {
        try await withTemporaryDirectory { directory in
            try await SmallDisk.with(kilobytes: 1_024) { small in
                let path = small.appending(path: "a.db").path
                let ballast = small.appending(path: "ballast")
                try Data(count: 512 << 10).write(to: ballast)
                var limits = HeadStore.Limits()
                (limits.headBytes, limits.retrySeconds) = (400_000, 0.01)
                let key = try SeriesKey(metric: "m")
                var rng = SplitMix64(seed: 1)
                try await withHead(path, limits) { head in
                    try linkSegments(of: path, into: directory)
                    var sent: [Double] = []
                    // A push is taken whole or not at all.
                    let isFull = try await eventually {
                        for _ in 0..<20 {
                            let values = (0..<500).map { _ in Double(rng.next() >> 12) * 0x1p-52 }
                            do throws(StoreError) {
                                _ = try await head.append(Self.batch(key, from: sent.count, values))
                            } catch {
                                try #require(error.code == .full)
                                return head.flushFailure?.code == .full
                            }
                            sent += values
                        }
                        return false
                    }
                    #expect(isFull && head.headBytes <= limits.headBytes)
                    #expect(try await head.samples(of: key, in: always).values == sent)
                    try FileManager.default.removeItem(at: ballast)
                    #expect(await eventually { head.flushFailure == nil && head.headBytes < limits.headBytes })
                    #expect(try await head.append(Self.batch(key, from: sent.count, [7])).added == 1)
                    #expect(try await head.samples(of: key, in: always).values == sent + [7])
                }
            }
        }
    }

    /// Lets the segments to come lie in another folder.
    private func linkSegments(of path: String, into folder: URL) throws {
        for number in 1...200 {
            let name = "-head-" + String(repeating: "0", count: 8 - "\(number)".count) + "\(number).log"
            try FileManager.default.createSymbolicLink(
                atPath: path + name, withDestinationPath: folder.appending(path: name).path)
        }
    }

    private static func batch(_ key: SeriesKey, from first: Int, _ values: [Double]) -> SampleBatch {
        var batch = SampleBatch()
        for (index, value) in values.enumerated() {
            batch.append(key, headStart.advanced(bySeconds: first + index), value)
        }
        return batch
    }

    @Test func aReadOnlyDiskIsAClearError() async throws {
        try await SmallDisk.with(kilobytes: 1_024) { small in
            let path = small.appending(path: "a.db").path
            do { _ = try SQLiteStore(path: path, missing: .create) }
            try #require(SmallDisk.makeReadOnly(small))
            let error = #expect(throws: StoreError.self) { _ = try SQLiteStore(path: path, missing: .refuse) }
            #expect(error?.code == .unwritable && error?.detail.contains(path) == true, "\(String(describing: error))")
        }
    }
}
