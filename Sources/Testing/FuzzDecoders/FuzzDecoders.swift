import Foundation
import Kernels

#if FUZZING

    /// libFuzzer's way in; it brings its own `main`.
    @_cdecl("LLVMFuzzerTestOneInput")
    func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
        FuzzTarget.run(unsafe Array(UnsafeBufferPointer(start: bytes, count: count))[...])
        return 0
    }

#else

    /// `fuzz-decoders corpus DIR` writes the inputs that libFuzzer begins from; `fuzz-decoders run SEED ROUNDS` damages them at
    /// random by itself, the same way for the same seed. `make fuzz` does both.
    @main enum FuzzDecoders {
        static func main() throws {
            let arguments = CommandLine.arguments.dropFirst()
            switch (arguments.first, arguments.count) {
            case ("corpus", 2): try writeCorpus(to: URL(filePath: arguments[2]))
            case ("run", 3):
                guard let seed = UInt64(arguments[2]), let rounds = Int(arguments[3]) else { usage() }
                run(seed: seed, rounds: rounds)
            default: usage()
            }
        }

        private static func usage() -> Never {
            FileHandle.standardError.write(Data("usage: fuzz-decoders corpus DIR | run SEED ROUNDS\n".utf8))
            exit(64)
        }

        private static func writeCorpus(to folder: URL) throws {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for (index, seed) in FuzzTarget.seeds.enumerated() {
                try Data(seed).write(to: folder.appending(path: "seed-\(index)"))
            }
        }

        private static func run(seed: UInt64, rounds: Int) {
            var random = SplitMix64(seed: seed)
            let seeds = FuzzTarget.seeds
            for _ in 0..<rounds {
                for whole in seeds { FuzzTarget.run(whole.prefix(1) + damaged(whole.dropFirst(), &random)) }
            }
            print("\(rounds * seeds.count) inputs from seed \(seed)")
        }

        private static func damaged(_ whole: ArraySlice<UInt8>, _ random: inout SplitMix64) -> [UInt8] {
            var bytes = Array(whole)
            for _ in 0...random.next() % 4 where !bytes.isEmpty {
                let place = Int(random.next() % UInt64(bytes.count))
                switch random.next() % 6 {
                case 0: bytes[place] = UInt8(truncatingIfNeeded: random.next())
                case 1: bytes[place] ^= 1 << UInt8(random.next() % 8)
                case 2: bytes.insert([0, 0x7F, 0x80, 0xFF][Int(random.next() % 4)], at: place)
                case 3: bytes.remove(at: place)
                case 4: bytes.removeLast(bytes.count - place)
                default: bytes.insert(contentsOf: bytes[place...].prefix(32), at: place)
                }
            }
            return bytes
        }
    }

#endif
