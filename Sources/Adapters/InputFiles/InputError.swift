/// What is wrong with a file, where, and what to do.
package struct InputError: Error, Hashable, Sendable, CustomStringConvertible {
    package let path: String
    /// From 1 on; nil where the whole file is meant.
    package let line: Int?
    package let problem: String

    package init(path: String, line: Int? = nil, _ problem: String) {
        (self.path, self.line, self.problem) = (path, line, problem)
    }

    package var description: String { "\(path):\(line.map { "\($0):" } ?? "") \(problem)" }
}
