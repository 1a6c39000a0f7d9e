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
    let serviceTime: DurationFields?, startup: DurationFields?
    let concurrency: Int?, queueLimit: Int?, failedStarts: Double?

    /// Throws with the name of the field that will not do.
    init(path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw InputError(path: path, "cannot be read")
        }
        do {
            self = try JSONDecoder().decode(ServiceFile.self, from: data)
        } catch DecodingError.keyNotFound(let key, _) {
            throw InputError(path: path, "the field \(key.stringValue) is missing")
        } catch DecodingError.typeMismatch(_, let context) {
            throw InputError(path: path, "\(context.codingPath.map(\.stringValue).joined()): not of the right type")
        } catch {
            throw InputError(path: path, "no service in JSON: \(error)")
        }
    }
}

/// `{"mean": 0.2, "cv": 0.5}` or `{"values": [0.1, 0.4]}`. Without a `cv` exponential, with one lognormal, with 0 always the same.
private struct DurationFields: Decodable {
    let mean: Double?, cv: Double?, values: [Double]?

    /// `usual` is the mean where none is given.
    func distribution(usual: Double) -> DurationDistribution {
        if let values { return .empirical(values) }
        guard let cv else { return .exponential(mean: mean ?? usual) }
        return cv == 0 ? .constant(mean ?? usual) : .lognormal(mean: mean ?? usual, cv: cv)
    }
}

extension ReplayService {
    /// Reads a service; throws with the name of the field that will not do.
    init(path: String) throws {
        let file = try ServiceFile(path: path)
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

extension RequestService {
    /// Reads what single requests need; what is left out follows from `service`.
    init(path: String, service: ReplayService) throws {
        let file = try ServiceFile(path: path)
        let together = file.concurrency ?? 1
        do throws(ReplayError) {
            try self.init(
                service,
                serviceTime: file.serviceTime?.distribution(usual: Double(together) / file.perInstance),
                startup: file.startup?.distribution(usual: file.startupSeconds), concurrency: together,
                queueLimit: file.queueLimit, failedStarts: file.failedStarts ?? 0)
        } catch {
            throw InputError(path: path, error.description)
        }
    }
}
