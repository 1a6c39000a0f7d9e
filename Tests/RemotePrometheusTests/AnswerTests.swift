import Foundation
import Kernels
import RemotePrometheus
import Series
import Testing
import Units

/// What servers say, good and bad.
@Suite struct AnswerTests {
    private static let good =
        #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"m","a":"x"},"values":[[1.5,"2"],[3,"-Inf"],[4,"NaN"]]}]},"infos":["x"]}"#

    @Test func readsAMatrix() throws {
        let page = try decodeQueryRange(Array(Self.good.utf8), metric: nil)
        #expect(
            page.batch.keys.map(\.description) == [#"m{a="x"}"#] && page.batch.columns[0].values == [2, -.infinity])
        #expect(page.batch.columns[0].timestamps.map(\.millisecondsSinceEpoch) == [1_500, 3_000])
        #expect(try decodeQueryRange(Array(Self.good.utf8), metric: "n").batch.keys[0].metric == "n")
    }

    @Test(
        arguments: [
            ("", "the answer is not that of query_range"),
            (#"{"status":"success","data":{"resultType":"vector","result":[{"value":[1,"2"]}]}}"#, "gives a vector"),
            (#"{"status":"error","error":"no"}"#, "the server says: no"),
            (#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[]}]}}"#, "--metric"),
            (
                #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"m"},"values":[[1,"x"]]}]}}"#,
                "not that of query_range"
            ),
            (
                #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"m"}},{"metric":{"__name__":"m"}}]}}"#,
                "two series of the result would both be m"
            ),
        ])
    func refusesWhatIsNone(body: String, problem: String) {
        #expect { _ = try decodeQueryRange(Array(body.utf8), metric: nil) } throws: { "\($0)".contains(problem) }
    }

    @Test func warningsSayWhetherSomethingIsMissing() throws {
        func page(_ more: String) throws -> HistoryPage {
            try decodeQueryRange(Array((Self.good.dropLast() + "," + more + "}").utf8), metric: nil)
        }
        #expect(try page(#""warnings":["store down"]"#).isPartial)
        #expect(try page(#""isPartial":true"#).isPartial)
        let remark = try page(#""warnings":["PromQL warning: might not be a counter"]"#)
        #expect(!remark.isPartial && remark.warnings.count == 1)
    }

    /// Whatever bytes come: samples or an error, and the process lives.
    @Test func bytesThatWereChangedDoNoHarm() {
        var read = 0
        for seed in UInt64(0)..<4_000 {
            var random = SplitMix64(seed: seed), body = Array(Self.good.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let place = Int.random(in: body.indices, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: body[place] = UInt8.random(in: 0...255, using: &random)
                case 1: body.remove(at: place)
                default: body.removeSubrange(place...)
                }
                if body.isEmpty { body = [123] }
            }
            if let page = try? decodeQueryRange(body, metric: nil) {
                read += 1
                #expect(page.batch.sampleCount <= 3, "seed \(seed)")
            }
        }
        #expect(read > 0 && read < 4_000)
    }

    @Test func serversAreNamedSafely() throws {
        #expect(
            try Endpoint(url: "https://p.example/prefix/", token: nil, allowsPlain: false).base
                == "https://p.example/prefix")
        for url in ["http://127.0.0.1:9090", "http://localhost:9090", "http://[::1]:9090"] {
            _ = try Endpoint(url: url, token: nil, allowsPlain: false)
        }
        _ = try Endpoint(url: "http://p.example", token: nil, allowsPlain: true)
        let bad = [
            "": "is no URL", "p.example:9090": "is no URL", "ftp://p.example": "is no URL", "https://": "is no URL",
            "http://p.example": "without TLS", "http://127.evil.example": "without TLS",
            "https://me:pw@p.example": "a password has no place", "https://p.example?x=1": "leave out",
        ]
        for (url, problem) in bad {
            #expect { _ = try Endpoint(url: url, token: nil, allowsPlain: false) } throws: { "\($0)".contains(problem) }
        }
    }

    @Test func retryAfterIsSecondsOrADate() {
        let now = Date(timeIntervalSince1970: 784_111_777)
        #expect(
            retryAfter("120", now: now) == 120 && retryAfter("-1", now: now) == nil
                && retryAfter("soon", now: now) == nil)
        #expect(retryAfter("Sun, 06 Nov 1994 08:49:47 GMT", now: now) == 10)
        #expect(retryAfter("Sun, 06 Nov 1994 08:49:00 GMT", now: now) == 0)
    }

    @Test func formsAreEncoded() {
        #expect(formEncoded(#"m{a="b c"}+é~"#) == "m%7Ba%3D%22b%20c%22%7D%2B%C3%A9~")
    }
}
