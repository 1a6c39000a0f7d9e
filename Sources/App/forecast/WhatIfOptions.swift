import ArgumentParser
import Foundation
import InputFiles
import Planning
import Reports
import Series
import Simulation
import Units

/// What a trace is replayed against, and what if it were otherwise.
struct WhatIfOptions: ParsableArguments {
    @Option(help: "The service, a JSON file. Without one a service is derived from the trace, which needs --startup.")
    var service: String?
    @Option(help: "What if an instance took this long to start, a second at least, such as 90s or 5m.")
    var startup: Span?
    @Option(help: "What if an instance served this much demand per second.")
    var perInstance: Double?
    @Option(
        help: ArgumentHelp(
            "What an instance-hour and a late request cost, 0 or more each.", valueName: "idle=PRICE,late=PRICE"))
    var price: PricePair?
    @Option(help: ArgumentHelp("What if demand were a multiple of what it was, above 0.", valueName: "2x"))
    var scaleDemand: Multiple?
    @Option(
        help: ArgumentHelp(
            "What if this happened in the scored part; may be given several times: "
                + DemandChange.forms.joined(separator: ", ")
                + ". Moments are drawn from the seed where at= does not say them.", valueName: "change"))
    var inject: [String] = []
    @Option(help: "How a derived service reads the trace: count, rate or gauge.")
    var kind: DemandKind?

    func validate() throws {
        if service == nil, startup == nil {
            throw ValidationError("Give --service FILE, or --startup to have a service derived from the trace.")
        }
        if service != nil, kind != nil {
            throw ValidationError("--kind is for a derived service; a service file has the field kind.")
        }
        if let perInstance, !(perInstance > 0 && perInstance.isFinite) {
            throw ValidationError("--per-instance must be above 0, such as 25.")
        }
        if kind == .counter { throw ValidationError("--kind must be count, rate or gauge.") }
        do throws(ReplayError) { _ = try changes() } catch { throw ValidationError("--\(error).") }
    }

    private func changes() throws(ReplayError) -> [DemandChange] {
        var changes: [DemandChange] = []
        for text in inject { changes.append(try DemandChange(parsing: text)) }
        return changes
    }

    /// `from` is the start of the scored part; where it is nil and `startsInTheMiddle`, or the service is derived, it is the first row
    /// of the second half before which ten minutes are known.
    func setting(
        _ series: RegularSeries, from: Timestamp?, to: Timestamp?, startsInTheMiddle: Bool
    ) throws -> ReplaySetting {
        var notes: [String] = []
        let middle = series.grid.time(of: series.firstScoredRow)
        let from = from ?? (startsInTheMiddle || service == nil ? middle : series.start)
        let first = series.grid.row(startingAt: from) ?? 0
        var replayed = series
        if let factor = scaleDemand?.factor {
            replayed = replayed.scaled(by: factor)
            notes.append("What if: demand is \(shortText(factor)) times what it was.")
        }
        let service = try service(series, scored: first, &notes)
        notes += service.model.limits.schedules.map(\.words)
        let probe = try ReplayTrace(replayed, service: service, from: from, to: to)
        for (change, text) in zip(try changes(), inject) {
            do throws(ReplayError) { try change.check(text, within: probe) } catch {
                throw ValidationError("--\(error).")
            }
            replayed = change.applied(to: replayed, rows: probe.rows)
            notes.append("What if: \(text) in the scored part.")
        }
        let trace = try ReplayTrace(replayed, service: service, from: from, to: to)
        return ReplaySetting(trace: trace, service: service, notes: notes)
    }

    private func service(
        _ series: RegularSeries, scored first: Int, _ notes: inout [String]
    ) throws -> ReplayService {
        if let path = service {
            var service = try ReplayService(path: path)
            if let startup {
                notes.append("What if: an instance takes \(durationText(seconds: Double(startup.seconds))) to start.")
                service = try service.changed(startupSeconds: Double(startup.seconds))
            }
            return try priced(service, &notes)
        }
        let derived = try ReplayService(
            derivedFrom: series, startupSeconds: Double(startup?.seconds ?? 0), kind: kind ?? .count,
            firstScored: first)
        let each = shortText(derived.model.perInstance.perSecond)
        notes.append(
            "The service is derived from the trace: an instance serves \(each) a second, a fortieth of the 0.999 quantile of "
                + "demand, 1 to \(ReplayService.derivedMost) instances, \(derived.initialInstances) at the start, and a wait "
                + "of 1 s is allowed.")
        let factor = scaleDemand?.factor ?? 1
        let initial = (Double(derived.initialInstances) * factor).rounded(.up)
        return try priced(try derived.changed(initialInstances: Int(min(initial, 1e9))), &notes)
    }

    private func priced(_ service: ReplayService, _ notes: inout [String]) throws -> ReplayService {
        if let perInstance { notes.append("What if: an instance serves \(shortText(perInstance)) a second.") }
        if let price {
            notes.append("Prices: \(price.idle) an instance-hour, \(price.late) a late request.")
        }
        return try service.changed(perInstance: perInstance, prices: price.map { ($0.idle, $0.late) })
    }
}

extension FloorSchedule {
    /// A sentence for whoever reads figures that it has a part in.
    fileprivate var words: String {
        "Under every policy: at least \(floor) instances for \(durationText(seconds: Double(seconds))) from \"\(cron.text)\" "
            + "in \(zone)."
    }
}

/// What is replayed.
struct ReplaySetting {
    let trace: ReplayTrace
    let service: ReplayService
    /// What the reader must know of how it came about.
    let notes: [String]
}

/// `idle=0.2,late=0.001`.
struct PricePair: ExpressibleByArgument {
    let idle: Double, late: Double

    init?(argument: String) {
        var fields: [String: Double] = [:]
        for part in argument.split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2, let value = Double(pair[1]), value >= 0, value.isFinite, fields[pair[0]] == nil
            else {
                return nil
            }
            fields[pair[0]] = value
        }
        guard fields.count == 2, let idle = fields["idle"], let late = fields["late"] else { return nil }
        (self.idle, self.late) = (idle, late)
    }
}

/// `2x`, or `2`.
struct Multiple: ExpressibleByArgument {
    let factor: Double

    init?(argument: String) {
        let number = argument.lowercased().hasSuffix("x") ? String(argument.dropLast()) : argument
        guard let factor = Double(number), factor > 0, factor <= 1e6 else { return nil }
        self.factor = factor
    }
}
