import Foundation
import InputFiles
import Planning
import Series
import Simulation
import Units

/// The JSON a user writes to describe a service.
private struct ServiceFile: Decodable {
    let perInstance: Double, startupSeconds: Double, sloWaitSeconds: Double
    let minInstances: Int, maxInstances: Int
    let initialInstances: Int?
    let gaps: String?, kind: String?
    let idleCost: Double?, lateCost: Double?
    let serviceTime: DurationFields?, startup: DurationFields?
    let concurrency: Int?, queueLimit: Int?, failedStarts: Double?
    let staffing: String?, arrivalCV: Double?
    let limits: LimitFields?
    let schedules: [ScheduleFields]?

    /// Throws with the name of the field that will not do.
    init(path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw InputError(
                path: path,
                "no such file, or not to be read; docs/formats/service.md tells what it holds, --startup does without")
        }
        let text = ServiceText(data, path: path)
        try text.checkKeys()
        do {
            self = try JSONDecoder().decode(ServiceFile.self, from: data)
        } catch let error as DecodingError {
            throw text.problem(error)
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

/// The limits of a plan beside the least and the most instances; amounts as `"4"` or `"10%"`.
private struct LimitFields: Decodable {
    let stepUp: String?, stepDown: String?, standby: String?
    let budgetHours: Double?, budgetPer: String?
    let stabilisationSeconds: Int?, minimumRunSeconds: Int?, startCostSeconds: Int?

    func limits(path: String) throws -> PlanLimits {
        var limits = PlanLimits()
        limits.stepUp = try amount(stepUp, "stepUp", path)
        limits.stepDown = try amount(stepDown, "stepDown", path)
        limits.standby = try amount(standby, "standby", path)
        limits.stabilisationSeconds = try seconds(stabilisationSeconds, "stabilisationSeconds", path)
        limits.minimumRunSeconds = try seconds(minimumRunSeconds, "minimumRunSeconds", path)
        limits.startCostSeconds = try seconds(startCostSeconds, "startCostSeconds", path)
        if let budgetHours {
            guard let period = Budget.Period(rawValue: budgetPer ?? "day"),
                let budget = Budget(instanceHours: budgetHours, per: period)
            else { throw InputError(path: path, "limits.budgetHours must be above 0 and limits.budgetPer hour or day") }
            limits.budget = budget
        }
        return limits
    }

    private func amount(_ text: String?, _ name: String, _ path: String) throws -> InstanceAmount? {
        guard let text else { return nil }
        guard let amount = InstanceAmount(parsing: text) else {
            throw InputError(path: path, "limits.\(name) = \"\(text)\" must be a text such as \"4\" or \"10%\"")
        }
        return amount
    }

    private func seconds(_ value: Int?, _ name: String, _ path: String) throws -> Int {
        guard (0...86_400).contains(value ?? 0) else {
            throw InputError(path: path, "limits.\(name) must be between 0 and 86400")
        }
        return value ?? 0
    }
}

/// A floor that returns: `{"cron": "0 8 * * 1-5", "zone": "Europe/Berlin", "for": "10h", "floor": 4}`.
private struct ScheduleFields: Decodable {
    let cron: String?, zone: String?, length: String?, floor: Int?

    enum CodingKeys: String, CodingKey {
        case cron, zone, length = "for", floor
    }
}

extension ServiceFile {
    /// What `schedules` say.
    fileprivate func floors(path: String) throws -> [FloorSchedule] {
        let schedules = schedules ?? []
        guard schedules.count <= FloorSchedule.most else {
            throw InputError(path: path, "schedules: \(schedules.count) are too many; at most \(FloorSchedule.most)")
        }
        var zones = KnownZones()
        return try schedules.enumerated().map { place, one in
            do throws(FloorSchedule.Problem) {
                return try FloorSchedule(
                    cron: one.cron, zone: one.zone, length: one.length, floor: one.floor.map { "\($0)" },
                    maxInstances: max(maxInstances, 0), rules: { name throws(NoSuchZone) in try zones.rules(of: name) })
            } catch {
                throw InputError(path: path, "schedules[\(place)].\(error.field): \(error.problem)")
            }
        }
    }

    /// The distributions that a plan needs: how long starts take, and where it is asked for, how requests wait.
    fileprivate func queue(path: String) throws -> QueueModel? {
        guard let staffing else { return nil }
        guard staffing == "queue" else {
            throw InputError(path: path, "staffing must be queue, or left out: perInstance decides then")
        }
        let places = concurrency ?? 1
        let time =
            serviceTime?.distribution(usual: Double(places) / perInstance)
            ?? .exponential(mean: Double(places) / perInstance)
        guard
            let queue = QueueModel(
                serviceSeconds: time.mean, places: places, arrivalCV: arrivalCV ?? 1, serviceCV: time.variation,
                waitSeconds: sloWaitSeconds)
        else {
            throw InputError(
                path: path, "staffing: a queue needs a serviceTime above 0, a concurrency and an arrivalCV of 0 to 100")
        }
        return queue
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
        var limits = try file.limits?.limits(path: path) ?? .none
        limits.schedules = try file.floors(path: path)
        let queue = try file.queue(path: path)
        do throws(ReplayError) {
            try self.init(
                perInstance: file.perInstance, startupSeconds: file.startupSeconds,
                sloWaitSeconds: file.sloWaitSeconds, minInstances: file.minInstances, maxInstances: file.maxInstances,
                initialInstances: file.initialInstances, gaps: gaps, kind: kind, idleCost: file.idleCost,
                lateCost: file.lateCost, startup: file.startup?.distribution(usual: file.startupSeconds), queue: queue,
                limits: limits)
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
