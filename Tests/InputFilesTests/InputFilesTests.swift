import Foundation
import InputFiles
import Series
import TestSupport
import Testing

@Suite struct InputFilesTests {
    @Test func readsTracesOfOneAndOfSeveralSeries() async throws {
        let one = try await trace("timestamp,value\n0,1\n60,\n120,3\n")
        #expect(try one.pick(nil).count == 3 && one.pick(nil).missingCount == 1)
        let two = try await trace("value,series,timestamp\r\n1,b,0\r\n2,b,60\r\n3,\"a,c\",0\r\n4,\"a,c\",60\r\n")
        #expect(two.series.map(\.name) == ["a,c", "b"])
        #expect(throws: InputError.self) { _ = try two.pick(nil) }
    }

    @Test(arguments: [
        ("", "t.csv: the file is empty"),
        ("timestamp,value\n", "t.csv: a header and no rows"),
        ("time,load\n", "t.csv:1: the header must name the columns timestamp and value"),
        ("timestamp,value\n60,1\n0,2\n", "t.csv:3: 1970-01-01T00:00:00Z is not after"),
        ("timestamp,value\n0,NaN\n", "t.csv:2: 'NaN' is no finite number"),
        ("timestamp,value\n0,1,2\n", "t.csv:2: 3 columns; the header has 2"),
        ("timestamp,value\nsoon,1\n", "t.csv:2: 'soon' is no time"),
        ("timestamp,value\n0,1\n", "t.csv: 1 sample; at least two"),
    ])
    func badFilesAreNamedWithTheirLine(text: String, message: String) async throws {
        await #expect { _ = try await trace(text) } throws: { "\($0)".contains(message) }
    }

    @Test func longLinesAndMissingFilesAreRefused() async throws {
        await #expect { _ = try await trace(String(repeating: "x", count: 3 << 20)) } throws: {
            "\($0)".contains("t.csv:1: a line of over 1 MiB")
        }
        #expect { _ = try TraceFile(path: "/nowhere/t.csv") } throws: { "\($0)".contains("no such file") }
        #expect { _ = try TraceFile(path: "/") } throws: { "\($0)".contains("a directory") }
    }

    /// A gzip file of one stored block, made by hand, and every cut of it.
    @Test func gzipIsReadAndTruncationIsSeen() async throws {
        let text = Array("timestamp,value\n0,1\n60,2\n".utf8)
        let size = [UInt8(text.count), 0, ~UInt8(text.count), 0xFF]
        let gzip = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1] + size + text + crc32(text) + [UInt8(text.count), 0, 0, 0]
        #expect(try await trace(gzip).pick(nil).values == [1, 2])
        for length in 12..<gzip.count - 8 {
            await #expect(throws: InputError.self, "cut to \(length)") {
                _ = try await trace(Array(gzip.prefix(length)))
            }
        }
    }

    private func trace(_ text: String) async throws -> TraceFile { try await trace(Array(text.utf8)) }

    private func trace(_ bytes: [UInt8]) async throws -> TraceFile {
        try await withTemporaryDirectory { directory in
            let url = directory.appending(path: "t.csv")
            try Data(bytes).write(to: url)
            return try TraceFile(path: url.path)
        }
    }

    private func crc32(_ bytes: [UInt8]) -> [UInt8] {
        var crc: UInt32 = 0xFFFF_FFFF
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        return (0..<4).map { UInt8(truncatingIfNeeded: ~crc >> UInt32($0 * 8)) }
    }
}
