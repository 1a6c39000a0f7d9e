import Series
import Testing

@Suite struct LabelBlockTests {
    @Test func comesBackAsItWas() throws {
        let long = String(repeating: "é", count: 900)
        for labels in [[], [("job", "web")], [("a", "1"), ("b", long), ("z", "x\"y")]] as [[(String, String)]] {
            let key = try SeriesKey(metric: "up", labels: labels.map { .init(name: $0.0, value: $0.1) })
            #expect(try SeriesKey(labelBlock: key.labelBlock) == key)
        }
    }

    /// `up{job="a"}`, worked by hand.
    @Test func isWhatRemoteWriteSends() throws {
        let key = try SeriesKey(metric: "up", labels: [.init(name: "job", value: "a")])
        let name: [UInt8] = [0x0A, 14, 0x0A, 8] + Array("__name__".utf8) + [0x12, 2] + Array("up".utf8)
        #expect(key.labelBlock == name + [0x0A, 8, 0x0A, 3] + Array("job".utf8) + [0x12, 1] + Array("a".utf8))
    }

    @Test func damageIsRefused() throws {
        let block = try SeriesKey(metric: "up", labels: [.init(name: "job", value: "a")]).labelBlock
        for length in 1..<block.count where length != 16 {
            #expect(throws: SeriesNameError.self, "cut to \(length)") {
                _ = try SeriesKey(labelBlock: block.prefix(length))
            }
        }
        for index in block.indices {
            for value in [UInt8(0), 0x7F, 0x80, 0xFF] {
                var damaged = block
                damaged[index] = value
                _ = try? SeriesKey(labelBlock: damaged)
            }
        }
    }
}
