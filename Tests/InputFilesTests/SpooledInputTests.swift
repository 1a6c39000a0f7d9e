import Foundation
import InputFiles
import TestSupport
import Testing

@Suite struct SpooledInputTests {
    @Test func isReadTwiceAndLeavesNothing() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "in"), content = Data((0..<700_000).map { UInt8($0 % 251) })
            try content.write(to: file)
            let handle = try FileHandle(forReadingFrom: file)
            var path = ""
            do {
                let input = try SpooledInput(from: handle.fileDescriptor)
                path = input.path
                #expect(input.bytes == content.count)
                for _ in 0..<2 { #expect(FileManager.default.contents(atPath: input.path) == content) }
            }
            #expect(FileManager.default.contents(atPath: path) != content)
        }
    }

    @Test func isBounded() async throws {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "in")
            try Data(count: 2_000_000).write(to: file)
            let handle = try FileHandle(forReadingFrom: file)
            #expect { _ = try SpooledInput(from: handle.fileDescriptor, limit: 1 << 20) } throws: {
                "\($0)" == "standard input: more than 1 MiB; give it as a file"
            }
        }
    }
}
