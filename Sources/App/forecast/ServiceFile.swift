import Foundation
import InputFiles
import Series
import Simulation

/// The JSON a user writes to describe a service.
private struct ServiceFile: Decodable {
    let perInstance: Double, startupSeconds: Double, sloWaitSeconds: Double
    let minInstances: Int, maxInstances: Int
    let initialInstances: Int?
    let gaps: String?, kind: String?
    let idleCost: Double?, lateCost: Double?
}

extension ReplayService {
    /// Reads a service; throws with the name of the field that will not do.
    init(path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw InputError(path: path, "cannot be read")
        }
        let file: ServiceFile
        do {
            file = try JSONDecoder().decode(ServiceFile.self, from: data)
        } catch DecodingError.keyNotFound(let key, _) {
            throw InputError(path: path, "the field \(key.stringValue) is missing")
        } catch DecodingError.typeMismatch(_, let context) {
            throw InputError(path: path, "\(context.codingPath.map(\.stringValue).joined()): not of the right type")
        } catch {
            throw InputError(path: path, "no service in JSON: \(error)")
        }
        guard let gaps = Gaps(rawValue: file.gaps ?? "missing") else {
            throw InputError(path: path, "gaps must be missing or zero")
        }
        guard let kind = DemandKind(rawValue: file.kind ?? "count"), kind != .counter else {
            throw InputError(path: path, "kind must be count, rate or gauge")
        }
        do throws(ReplayError) {
            try self.init(
                perInstance: file.perInstance, startupSeconds: file.startupSeconds,
                sloWaitSeconds: file.sloWaitSeconds, minInstances: file.minInstances, maxInstances: file.maxInstances,
                initialInstances: file.initialInstances, gaps: gaps, kind: kind, idleCost: file.idleCost,
                lateCost: file.lateCost)
        } catch {
            throw InputError(path: path, error.description)
        }
    }
}
