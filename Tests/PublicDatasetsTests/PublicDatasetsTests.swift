import Foundation
import PublicDatasets
import Series
import TestSupport
import Testing
import WireFormats

@Suite struct PublicDatasetsTests {
    @Test func theCatalogueForOtherProgramsIsTheSame() throws {
        let data = try Data(contentsOf: packageRoot.appending(path: "datasets/catalogue.json"))
        #expect(try JSONDecoder().decode([DatasetEntry].self, from: data) == DatasetCatalogue.entries)
    }

    @Test func entriesArePinnedAndComplete() {
        #expect(Set(DatasetCatalogue.entries.map(\.name)).count == DatasetCatalogue.entries.count)
        for entry in DatasetCatalogue.entries {
            #expect(entry.name.wholeMatch(of: /[a-z0-9-]+/) != nil)
            #expect(
                entry.url.firstMatch(of: /^https:\/\/.*\/[0-9a-f]{40}\//) != nil, "\(entry.name) is not at a commit")
            #expect(entry.sha256.wholeMatch(of: /[0-9a-f]{64}/) != nil)
            #expect(TraceConverter(rawValue: entry.converter) != nil)
            #expect(["count", "rate", "gauge"].contains(entry.kind))
            #expect(!entry.licence.isEmpty && !entry.shows.isEmpty && entry.bytes > 0)
        }
    }

    /// The vectors of FIPS 180-4, so that a change of library is noticed.
    @Test func checksumIsSHA256() {
        #expect(
            hexadecimalSHA256(Array("abc".utf8))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(hexadecimalSHA256([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test func onlyTheOriginalIsConverted() throws {
        let original = Array("timestamp,value\n0,1\n60,2\n".utf8)
        let entry = DatasetEntry.fake(original)
        #expect(try entry.samples(of: original, source: "f").values == [1, 2])
        var changed = original
        changed[changed.count - 2] ^= 1
        #expect { _ = try entry.samples(of: changed, source: "f.csv") } throws: {
            "\($0)".hasPrefix("f.csv: its SHA-256 is ") && "\($0)".hasSuffix("nothing is written")
        }
        #expect { _ = try entry.samples(of: original.dropLast(), source: "f.csv") } throws: {
            "\($0)".hasPrefix("f.csv: 24 bytes, and the original has 25")
        }
        #expect { _ = try DatasetEntry.fake(original, converter: "new").samples(of: original, source: "f") } throws: {
            "\($0)".contains("no converter 'new'")
        }
        #expect { _ = try DatasetEntry.fake(Array("x\n".utf8)).samples(of: Array("x\n".utf8), source: "f") } throws: {
            "\($0)".hasPrefix("f: line 1: ")
        }
    }

    @Test func filesAreReadNoFurtherThanNeeded() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.appending(path: "f").path
            try Data(count: 100).write(to: URL(filePath: path))
            #expect(try DatasetEntry.fake(Array("abc".utf8)).read(path: path).count == 4)
            #expect(throws: DatasetError.unreadable(path: directory.path)) {
                _ = try DatasetEntry.fake([]).read(path: directory.path)
            }
            #expect(throws: DatasetError.unreadable(path: "/nowhere")) {
                _ = try DatasetEntry.fake([]).read(path: "/nowhere")
            }
        }
    }

    @Test func unknownNamesListTheKnown() {
        #expect { _ = try DatasetCatalogue.entry(named: "x") } throws: { "\($0)".contains("nyc-taxi, elb-requests") }
    }
}

extension DatasetEntry {
    static func fake(
        _ original: [UInt8], url: String = "https://example.invalid/f", converter: String = "timestamp-value"
    ) -> DatasetEntry {
        DatasetEntry(
            name: "f", title: "", url: url, licence: "", sha256: hexadecimalSHA256(original), bytes: original.count,
            converter: converter, kind: "count", shows: "")
    }
}
