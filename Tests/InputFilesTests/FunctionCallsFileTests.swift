import Foundation
import InputFiles
import Series
import TestSupport
import Testing

/// Tables of functions, good and bad.
@Suite struct FunctionCallsFileTests {
    private func read(_ text: String) async throws -> [FunctionCalls] {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "f.csv")
            try text.write(to: file, atomically: true, encoding: .utf8)
            do { return try FunctionCallsFile.read(path: file.path) } catch let error as InputError {
                throw InputError(path: "f.csv", line: error.line, error.problem)
            }
        }
    }

    @Test func aFunctionARow() async throws {
        let table = "series,app,mem_mb,t0,t1,t2\na,x,250,1,,2.5\n\n\"b,c\",y,,0,0,0\r\n"
        let expected = [
            FunctionCalls(name: "a", gigabytes: 0.25, counts: [1, 0, 2.5]),
            FunctionCalls(name: "b,c", counts: [0, 0, 0]),
        ]
        #expect(try await read(table) == expected)
        #expect(expected[0].busy == [0, 2] && expected[0].calls == [1, 2.5] && expected[1].minutes == 3)
        #expect(try await read("series,t0\na,4\n") == [FunctionCalls(name: "a", counts: [4])])
    }

    @Test(arguments: [
        ("", "f.csv: the file is empty"),
        ("series,t0\n", "f.csv: a header and no function with a count"),
        (
            "name,t0\na,1\n",
            "f.csv:1: a table of functions needs the column series, and t0, t1, … with the calls a minute"
        ),
        (
            "series,value\na,1\n",
            "f.csv:1: a table of a series a row needs the columns t0, t1, … one after the other"
        ),
        ("series,t0,t1\na,1,2\nb,1,-2\n", "f.csv:3: t1: -2.0 is no count of calls"),
        ("series,t0\na,1\na,1\n", "f.csv:3: series: a was in a row before it"),
        ("series,mem_mb,t0\na,1,1\na,2,1\n", "f.csv:3: series: a was in a row before it"),
        ("series,t0\n,1\n", "f.csv:2: series: a function needs a name"),
        ("series,mem_mb,t0\na,much,1\n", "f.csv:2: mem_mb: much is no number of megabytes above 0"),
        ("series,mem_mb,t0\na,0,1\n", "f.csv:2: mem_mb: 0 is no number of megabytes above 0"),
    ])
    func whatIsWrongIsSaidWithItsLine(table: String, message: String) async throws {
        await #expect {
            _ = try await read(table)
        } throws: {
            "\($0)" == message
        }
    }
}
