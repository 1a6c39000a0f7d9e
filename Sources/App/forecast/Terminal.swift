import Foundation
import Reports

extension Terminal {
    /// A remark for whoever watches, that is not part of the output.
    static func note(_ words: String...) {
        FileHandle.standardError.write(Data((words.joined(separator: " ") + "\n").utf8))
    }
}
