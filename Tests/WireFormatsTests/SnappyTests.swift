import Kernels
import Testing
import WireFormats

@Suite struct SnappyTests {
    private func decompress(_ bytes: [UInt8], limit: Int = 1 << 20) throws(DecodeError) -> [UInt8] {
        var output: [UInt8] = [9, 9, 9]
        try snappyDecompress(bytes.span, limit: limit, into: &output)
        return output
    }

    /// Worked by hand from the format's description: a length, a literal of 4, a copy of 6 from 4 before.
    @Test func readsLiteralsAndCopies() throws {
        #expect(try decompress([10, 0x0C, 97, 98, 99, 100, 0x09, 4]) == Array("abcdabcdab".utf8))
        #expect(try decompress([0]).isEmpty)
    }

    @Test func whatIsCompressedComesBack() throws {
        for seed in UInt64(0)..<300 {
            var random = SplitMix64(seed: seed)
            let letters = 1 + random.below(255)
            let bytes = (0..<random.below(3_000)).map { _ in UInt8(random.below(letters)) }
            #expect(try decompress(snappyCompress(bytes)) == bytes, "seed \(seed)")
        }
        let long = [UInt8](repeating: 7, count: 1 << 20)
        #expect(try decompress(snappyCompress(long)) == long)
    }

    @Test(
        arguments: [
            ([], "byte 0: this is no snappy block"),
            ([0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], "byte 0: this is no snappy block"),
            ([10, 0x0C, 97, 98, 99, 100, 0x09], "byte 0: the snappy block is damaged or cut"),
            ([10, 0x0C, 97, 98, 99, 100, 0x09, 9], "byte 0: the snappy block is damaged or cut"),
            ([11, 0x0C, 97, 98, 99, 100, 0x09, 4], "byte 0: the snappy block is damaged or cut"),
            ([0xE8, 0x07, 0x0C, 97], "byte 0: the snappy block says 1000 bytes, which 4 cannot hold"),
        ] as [([UInt8], String)])
    func saysWhatIsWrong(bytes: [UInt8], message: String) {
        var output: [UInt8] = [1]
        #expect { try snappyDecompress(bytes.span, limit: 1_000, into: &output) } throws: { "\($0)" == message }
        #expect(output.isEmpty)
    }

    @Test func refusesMoreThanTheLimitBeforeAllocating() {
        let bomb = snappyCompress([UInt8](repeating: 0, count: 100_000))
        #expect { _ = try decompress(bomb, limit: 99_999) } throws: {
            "\($0)" == "byte 0: 100000 bytes after decompression; at most 99999"
        }
        var output: [UInt8] = []
        // Four gigabytes, says the length.
        let claim: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x00, 0x61]
        #expect(throws: DecodeError.self) { try snappyDecompress(claim.span, limit: .max, into: &output) }
        #expect(output.capacity < 1_000)
    }

    @Test func damageNeverTraps() {
        let whole = snappyCompress(Array(String(repeating: "job=\"web\",instance=\"10.0.0.1\"", count: 20).utf8))
        var (read, output) = (0, [UInt8]())
        for seed in UInt64(0)..<5_000 {
            var random = SplitMix64(seed: seed)
            let bytes = random.damaged(whole)
            do { try snappyDecompress(bytes.span, limit: 4_096, into: &output); read += 1 } catch {
                #expect(output.isEmpty, "seed \(seed)")
            }
            #expect(output.count <= 4_096, "seed \(seed)")
        }
        #expect(read > 0 && read < 5_000)
    }
}
