/// Why a public trace is not to be had, and what to do.
package enum DatasetError: Error, Hashable, Sendable, CustomStringConvertible {
    case unknown(String, known: [String])
    case unreadable(path: String)
    case unreachable(url: String, problem: String)
    case wrongSize(source: String, found: Int, expected: Int)
    case wrongChecksum(source: String, found: String, expected: String)
    case unconvertible(source: String, problem: String)

    package var description: String {
        switch self {
        case .unknown(let name, let known): "no dataset '\(name)'; there are: \(known.joined(separator: ", "))"
        case .unreadable(let path): "\(path): cannot be read; does it exist, and is it a file?"
        case .unreachable(let url, let problem):
            "\(url): \(problem); check the network, or fetch it elsewhere and name the file with --from"
        case .wrongSize(let source, let found, let expected):
            "\(source): \(found > expected ? "more than \(expected)" : "\(found)") bytes, and the original has "
                + "\(expected); it is not the original, nothing is written"
        case .wrongChecksum(let source, let found, let expected):
            "\(source): its SHA-256 is \(found), and the original's \(expected); it is not the original, nothing is written"
        case .unconvertible(let source, let problem): "\(source): \(problem)"
        }
    }
}
