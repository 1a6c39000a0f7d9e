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

    /// Reads the entry called `name`, and where its trace lies.
    package static func load(
        _ path: String, named name: String
    ) throws(InputError) -> (
        entry: ProtocolEntry, data: String
    ) {
        let url = URL(filePath: path)
        guard let bytes = try? Data(contentsOf: url) else { throw InputError(path: path, "cannot be read") }
        let entries: [ProtocolEntry]
        do { entries = try JSONDecoder().decode([ProtocolEntry].self, from: bytes) } catch {
            throw InputError(path: path, "no list of protocols: \(error)")
        }
        guard let entry = entries.first(where: { $0.name == name }) else {
            throw InputError(
                path: path, "no entry '\(name)'; there are: \(entries.map(\.name).joined(separator: ", "))")
        }
        guard entry.season >= 2, entry.horizon >= 1, entry.stride >= 1, entry.origins >= 1, !entry.levels.isEmpty,
            entry.levels.allSatisfy({ $0 > 0 && $0 < 1 }), zip(entry.levels, entry.levels.dropFirst()).allSatisfy(<)
        else { throw InputError(path: path, "entry '\(name)': a number is out of range") }
        return (entry, url.deletingLastPathComponent().appending(path: entry.data).path)
    }
}
