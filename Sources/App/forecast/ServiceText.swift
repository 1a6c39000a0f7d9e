import Foundation
import InputFiles
import Units

/// A service file as it was written, for words about what is wrong in it.
struct ServiceText {
    private static let keys = [
        "perInstance", "startupSeconds", "sloWaitSeconds", "minInstances", "maxInstances", "initialInstances", "gaps",
        "kind", "idleCost", "lateCost", "serviceTime", "startup", "concurrency", "queueLimit", "failedStarts",
        "staffing", "arrivalCV", "limits", "schedules",
    ]
    private static let within = [
        "limits": [
            "stepUp", "stepDown", "standby", "budgetHours", "budgetPer", "stabilisationSeconds", "minimumRunSeconds",
            "startCostSeconds",
        ],
        "schedules": ["cron", "zone", "for", "floor"], "serviceTime": ["mean", "cv", "values"],
        "startup": ["mean", "cv", "values"],
    ]

    private let data: Data
    private let path: String

    init(_ data: Data, path: String) { (self.data, self.path) = (data, path) }

    /// Fields that are counts or whole seconds.
    private static let whole: Set = [
        "minInstances", "maxInstances", "initialInstances", "concurrency", "queueLimit", "stabilisationSeconds",
        "minimumRunSeconds", "startCostSeconds", "floor",
    ]

    /// Throws where it is no JSON, and where there is a key that no service has: a misspelt one would be passed over in silence.
    func checkKeys() throws {
        let parsed: Any
        do { parsed = try JSONSerialization.jsonObject(with: data) } catch {
            let cause = (error as NSError).userInfo["NSDebugDescription"] as? String ?? "\(error)"
            throw InputError(path: path, "no JSON of a service, such as {\"perInstance\": 25, …}: \(cause)")
        }
        guard let service = parsed as? [String: Any] else { return }
        try check(service, Self.keys, prefix: "")
        for (name, known) in Self.within.sorted(by: { $0.key < $1.key }) {
            if let inner = service[name] as? [String: Any] { try check(inner, known, prefix: name + ".") }
            for (place, inner) in (service[name] as? [[String: Any]] ?? []).enumerated() {
                try check(inner, known, prefix: "\(name)[\(place)].")
            }
        }
    }

    private func check(_ group: [String: Any], _ known: [String], prefix: String) throws {
        // The order of a dictionary is not that of the file.
        for (key, value) in group.sorted(by: { $0.key < $1.key }) where Self.whole.contains(key) {
            guard let number = value as? Double, number != number.rounded() || abs(number) >= 0x1p53 else { continue }
            throw InputError(path: path, line: line(of: key), "\(prefix)\(key) = \(number): a whole number is wanted")
        }
        guard let key = group.keys.filter({ !known.contains($0) }).min() else { return }
        let hint = nearestName(to: key, among: known).map { "; did you mean '\($0)'?" }
        throw InputError(
            path: path, line: line(of: key),
            "unknown key '\(prefix)\(key)'\(hint ?? "; known: \(known.joined(separator: ", "))")")
    }

    func problem(_ error: DecodingError) -> InputError {
        switch error {
        case .keyNotFound(let key, let context):
            let name = name(of: context.codingPath + [key])
            return InputError(path: path, "the field \(name) is missing; docs/formats/service.md tells what it says")
        case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
            guard !context.codingPath.isEmpty else {
                return InputError(path: path, "a group of fields is wanted, such as {\"perInstance\": 25, …}")
            }
            return wrong(context.codingPath, "\(Self.words(type)) is wanted")
        case .dataCorrupted(let context) where !context.codingPath.isEmpty:
            return wrong(context.codingPath, "not of the right type: \(context.debugDescription)")
        default:
            return InputError(path: path, "no service in JSON: \(error)")
        }
    }

    private func wrong(_ codingPath: [any CodingKey], _ what: String) -> InputError {
        let key = codingPath.last { $0.intValue == nil }
        return InputError(
            path: path, line: key.flatMap { line(of: $0.stringValue) }, "\(name(of: codingPath)): \(what)")
    }

    /// `schedules[0].for`.
    private func name(of codingPath: [any CodingKey]) -> String {
        codingPath.reduce(into: "") { name, key in
            name += key.intValue.map { "[\($0)]" } ?? (name.isEmpty ? "" : ".") + key.stringValue
        }
    }

    private static func words(_ type: any Any.Type) -> String {
        switch type {
        case is Int.Type: "a whole number"
        case is Double.Type: "a number"
        case is String.Type: "a text"
        case is [Any].Type: "a list"
        default: "a group of fields"
        }
    }

    /// Where `key` first stands; nil where it is written with escapes.
    private func line(of key: String) -> Int? {
        guard let place = data.range(of: Data("\"\(key)\"".utf8)) else { return nil }
        return 1 + data[..<place.lowerBound].count { $0 == UInt8(ascii: "\n") }
    }
}
