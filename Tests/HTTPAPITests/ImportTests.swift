import Foundation
import HTTPAPI
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Ports
import TestSupport
import Testing

/// Pushes as text.
@Suite struct ImportTests {
    private static let gzip: HTTPFields = .fields([("Content-Encoding", "gzip")])

    @Test func jsonLinesAreStored() async throws {
        let store = ScriptedStore()
        try await withAPI(store) { client async throws in
            let body = """
                {"metric":{"__name__":"a","l":"1"},"values":[1,null,3],"timestamps":[1000,2000,3000]}\r

                {"metric":{"__name__":"b"},"values":[0.5],"timestamps":[1000]}
                """
            #expect(try await client.post("/api/v1/import", body).status == .noContent)
            #expect(try await client.post("/api/v1/import", "").status == .noContent)
        }
        #expect(try await store.stored() == [#"a{l="1"} 1000 1.0"#, #"a{l="1"} 3000 3.0"#, "b 1000 0.5"])
    }

    @Test func csvIsStored() async throws {
        let store = ScriptedStore()
        try await withAPI(store) { client async throws in
            let plain = "timestamp,value\n1,10\n2,\n3,30\n"
            #expect(try await client.post("/api/v1/import/csv?metric=m", plain).status == .noContent)
            let several = "value,series,timestamp\n1,x,1970-01-01T00:00:05Z\n2,y,5"
            let uri = "/api/v1/import/csv?metric=n&label=job%3Dweb+1&label=zone=a=b"
            #expect(try await client.post(uri, several).status == .noContent)
        }
        let stored = try await store.stored()
        #expect(
            stored == [
                "m 1000 10.0", "m 3000 30.0", #"n{job="web 1",series="x",zone="a=b"} 5000 1.0"#,
                #"n{job="web 1",series="y",zone="a=b"} 5000 2.0"#,
            ])
    }

    @Test func expositionsAreStored() async throws {
        let store = ScriptedStore()
        try await withAPI(store) { client async throws in
            let text = "# TYPE a counter\na{l=\"1\"} 5 2000\na{l=\"2\"} 6\n"
            #expect(try await client.post("/api/v1/import/prometheus", text).status == .noContent)
            let open = HTTPFields.fields([("Content-Type", "application/openmetrics-text; version=1.0.0")])
            let response = try await client.post("/api/v1/import/prometheus", "b 7 3.5\n# EOF\n", open)
            #expect(response.status == .noContent)
            let cut = try await client.post("/api/v1/import/prometheus", "b 8 4\n", open)
            #expect(cut.status == .badRequest && cut.text.contains("line 1: "), "\(cut.text)")
        }
        // Without a time it is of now, which is 1000 s here.
        #expect(
            try await store.stored() == [#"a{l="1"} 2000 5.0"#, #"a{l="2"} 1000000 6.0"#, "b 3500 7.0"])
    }

    @Test func whatTheStoreRefusesIsCounted() async throws {
        try await withAPI(ScriptedStore(.refuse(WriteOutcome(accepted: 1, tooOld: 4)))) { client async throws in
            let line = #"{"metric":{"__name__":"a"},"values":[1],"timestamps":[1000]}"#
            let response = try await client.post("/api/v1/import", line)
            #expect(response.status == .badRequest && response.text.contains("stored 1 samples and refused 4 that are"))
        }
    }

    @Test func badBodiesAreToldWithTheirLineAndLeaveNothing() async throws {
        let store = ScriptedStore()
        let good = #"{"metric":{"__name__":"a"},"values":[1],"timestamps":[1000]}"#
        let cases = [
            ("/api/v1/import", good + "\n\n{oops", "line 3: byte 2"),
            ("/api/v1/import/csv?metric=m", "timestamp,value\n1,1\n2,x", "line 3: 'x' is no finite number"),
            ("/api/v1/import/csv?metric=m", "timestamp,value\n2,1\n1,1", "line 3: "),
            ("/api/v1/import/csv?metric=m", "a,b\n1,2", "line 1: the header must name"),
            ("/api/v1/import/csv", "timestamp,value\n1,1", "give it as ?metric=NAME"),
            ("/api/v1/import/csv?metric=m&label=x", "timestamp,value\n1,1", "NAME=VALUE is wanted"),
            ("/api/v1/import/csv?metric=1m", "timestamp,value\n1,1", "'1m' is no metric name"),
            ("/api/v1/import/csv?metric=%zz", "timestamp,value\n1,1", "'%' that is not followed by"),
        ]
        try await withAPI(store) { client async throws in
            for (path, body, told) in cases {
                let response = try await client.post(path, body)
                #expect(response.status == .badRequest && response.text.contains(told), "\(response.text)")
            }
            let other = try await client.post("/api/v1/import", good, .fields([("Content-Encoding", "br")]))
            #expect(other.status == .unsupportedMediaType && other.text.contains("gzip"))
        }
        #expect(try await store.stored() == [])
    }

    @Test func gzipBodiesAreStored() async throws {
        let store = ScriptedStore()
        let first = try await gzipped(#"{"metric":{"__name__":"a"},"values":[1],"timestamps":[1000]}"# + "\n")
        let second = try await gzipped(#"{"metric":{"__name__":"a"},"values":[2],"timestamps":[2000]}"#)
        try await withAPI(store) { client async throws in
            // Two members, one after the other, are one stream.
            #expect(try await client.post("/api/v1/import", first + second, Self.gzip).status == .noContent)
        }
        #expect(try await store.stored() == ["a 1000 1.0", "a 2000 2.0"])
    }

    @Test func badGzipIsRefused() async throws {
        let body = try await gzipped("timestamp,value\n" + (0..<500).map { "\($0),\($0 * 7 % 13)\n" }.joined())
        try await withAPI(ScriptedStore()) { client async throws in
            for bad in [
                [], Array(body.dropLast(9)), Array(body.dropLast(200)), Array("plain text".utf8), body + [1, 2],
            ] {
                let response = try await client.post("/api/v1/import/csv?metric=m", bad, Self.gzip)
                #expect(response.status == .badRequest && response.text.contains("gzip"), "\(response.text)")
            }
            for index in stride(from: 0, to: body.count, by: 7) {
                var damaged = body
                damaged[index] ^= 0x55
                let response = try await client.post("/api/v1/import/csv?metric=m", damaged, Self.gzip)
                #expect([.badRequest, .noContent].contains(response.status))
            }
        }
    }

    /// Ten megabytes of blanks in ten kilobytes.
    @Test func smallBodiesDoNotBecomeLarge() async throws {
        var limits = APILimits()
        limits.decompressed = 1 << 20
        let bomb = try await gzipped(String(repeating: " ", count: 10 << 20))
        #expect(bomb.count < 20_000)
        try await withAPI(ScriptedStore(), limits: limits) { client async throws in
            let response = try await client.post("/api/v1/import", bomb, Self.gzip)
            #expect(response.status == .contentTooLarge)
        }
    }

    /// By the program everybody has.
    private func gzipped(_ text: String) async throws -> [UInt8] {
        try await withTemporaryDirectory { directory in
            let file = directory.appending(path: "body")
            try text.write(to: file, atomically: true, encoding: .utf8)
            let outcome = try await BuiltBinary.run("gzip", [file.path])
            try #require(outcome.status == 0)
            return Array(try Data(contentsOf: directory.appending(path: "body.gz")))
        }
    }
}
