import Foundation

/// An entry of a file of accuracy protocols.
package struct ProtocolEntry: Decodable, Sendable {
    package let name: String
    /// The trace, beside the protocol file.
    package let data: String
    /// In rows.
    package let season: Int, horizon: Int, stride: Int
    package let origins: Int
    package let levels: [Double]
    package let weekly: Bool?
    /// `missing` (the default) or `zero`.
    package let gaps: String?

    /// Reads the entries called `names`, in that order, or all of them where there is no name; each with where its trace lies.
    package static func load(
        _ path: String, named names: [String]
    ) throws(InputError) -> [(entry: ProtocolEntry, data: String)] {
        let url = URL(filePath: path)
        guard let bytes = try? Data(contentsOf: url) else { throw InputError(path: path, "cannot be read") }
        let entries: [ProtocolEntry]
        do { entries = try JSONDecoder().decode([ProtocolEntry].self, from: bytes) } catch {
            throw InputError(path: path, "no list of protocols: \(error)")
        }
        guard !entries.isEmpty else { throw InputError(path: path, "a list without entries") }
        var found: [(entry: ProtocolEntry, data: String)] = []
        for name in names.isEmpty ? entries.map(\.name) : names {
            guard let entry = entries.first(where: { $0.name == name }) else {
                throw InputError(
                    path: path, "no entry '\(name)'; there are: \(entries.map(\.name).joined(separator: ", "))")
            }
            guard entry.isSound else { throw InputError(path: path, "entry '\(name)': a number is out of range") }
            found.append((entry, url.deletingLastPathComponent().appending(path: entry.data).path))
        }
        return found
    }

    private var isSound: Bool {
        season >= 2 && horizon >= 1 && stride >= 1 && origins >= 1 && !levels.isEmpty
            && levels.allSatisfy { $0 > 0 && $0 < 1 } && zip(levels, levels.dropFirst()).allSatisfy(<)
    }
}
