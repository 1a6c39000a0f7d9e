/// The verdict in plain words, by what was chosen on the first part and came of it on the rest.
extension FrontierAnalysis {
    /// Savings below this are not worth a forecast.
    package static let worthwhile = 0.02
    /// Peers that follow what has been, and forecast nothing.
    private static let reactive: Set = ["hpa", "kpa", "keda", "tortoise-like", "autopilot", "app-engine-like", "lcp"]
    /// Late requests that a target must allow on each part for it to be told from its neighbours.
    private static let fewest = 20.0

    package func verdict(_ choice: FrontierChoice?) -> FrontierVerdict {
        guard let problem = tooShort else { return judged(choice) }
        return FrontierVerdict(
            kind: .tooShort,
            sentences: [problem, "The figures of all settings are shown; none is recommended on them."])
    }

    /// Why nothing can be said; nil where something can.
    private var tooShort: String? {
        if blockCells == nil {
            let hours = decimal(Double(rest.count * cellSeconds) / 3_600, 1)
            return
                "The history is too short for a recommendation: \(hours) hours are left to report on, and 8 are needed."
        }
        guard case .late(let late) = settings.goal else { return nil }
        let fewest = min(sums.requests(in: first), sums.requests(in: rest))
        guard fewest * late < Self.fewest else { return nil }
        return
            "There are too few requests to tell whether \(percent(late)) are late: \(decimal(fewest, 0)) in a part of the "
            + "history, and \(decimal(Self.fewest / late, 0)) are needed."
    }

    private func judged(_ choice: FrontierChoice?) -> FrontierVerdict {
        guard let choice else {
            return FrontierVerdict(kind: .tooShort, sentences: ["Nothing was swept to choose from."])
        }
        let own = best(of: .predictive, on: first) != nil
        switch (own, choice.peer) {
        case (false, nil): return nobody(choice)
        case (false, let peer?):
            return FrontierVerdict(
                kind: .reactiveIsCheaper,
                sentences: [
                    "Stay with \(peer.policy): it meets the goal, and prewarming does at no dial.",
                    "The least that prewarming came to is \(described(choice.recommended)).", onTheRest(peer),
                ])
        case (true, nil): return alone(choice)
        case (true, let peer?): return compared(choice, peer)
        }
    }

    private func nobody(_ choice: FrontierChoice) -> FrontierVerdict {
        let peer = leastLate(.peer, on: first).map { outcomes[$0].policy }
        return FrontierVerdict(
            kind: .nobodyReaches,
            sentences: [
                "No setting meets the goal (\(goalText)): the best reach is \(described(choice.recommended)).",
                peer.map { "Of the others \($0) comes nearest." } ?? "No other policy was swept.",
                "A shorter start-up, more instances at most or a longer acceptable wait would help; more of the dial does not.",
            ])
    }

    private func alone(_ choice: FrontierChoice) -> FrontierVerdict {
        let peers = outcomes.contains { $0.role == .peer }
        return FrontierVerdict(
            kind: .reachesAlone,
            sentences: [
                peers
                    ? "Prewarming reaches what no other policy reaches at any setting (\(goalText)): take "
                        + "\(choice.recommended.policy)."
                    : "Take \(choice.recommended.policy) (\(goalText)); no other policy was swept to compare it with.",
                onTheRest(choice.recommended),
            ])
    }

    private func compared(_ choice: FrontierChoice, _ peer: ChosenSetting) -> FrontierVerdict {
        guard let saved = choice.hoursSavedAtEqualLateness ?? choice.hoursSaved else { return alone(choice) }
        let sameLateness = choice.hoursSavedAtEqualLateness != nil
        let facts = [onTheRest(choice.recommended), onTheRest(peer)]
        let how = sameLateness ? "at equal lateness" : "with \(lateness(choice))"
        if saved.estimate < -Self.worthwhile {
            return FrontierVerdict(
                kind: .reactiveIsCheaper,
                sentences: [
                    "Stay with \(peer.policy): prewarming would take \(share(saved.negated)) more instance-hours \(how)."
                ] + facts)
        }
        if saved.estimate < Self.worthwhile {
            return FrontierVerdict(
                kind: .reactiveIsEnough,
                sentences: [
                    "\(Self.reactive.contains(peer.family) ? "Reactive" : "What others run") is enough here: \(peer.policy) meets the goal at cost \(decimal(peer.cost.estimate, 2)), "
                        + "prewarming would save \(share(saved)), less than \(percent(Self.worthwhile))."
                ] + facts)
        }
        return FrontierVerdict(
            kind: .saves,
            sentences: [
                "Prewarming saves \(share(saved)) of the instance-hours of \(peer.family) \(how): take "
                    + "\(choice.recommended.policy)."
            ] + doubts(saved, choice.recommended, peer) + facts)
    }

    /// What a reader should hold against a saving.
    private func doubts(_ saved: Interval, _ own: ChosenSetting, _ peer: ChosenSetting) -> [String] {
        var doubts: [String] = []
        if saved.low < 0 { doubts.append("The interval holds 0: on other days it might save nothing.") }
        if own.chosenCost > peer.chosenCost {
            doubts.append(
                "It was the other way round on the part they were chosen on, where \(peer.policy) cost "
                    + "\(decimal(peer.chosenCost, 2)) and \(own.policy) \(decimal(own.chosenCost, 2)): look at a longer history "
                    + "before relying on it.")
        }
        return doubts
    }

    // MARK: Words

    private var goalText: String {
        switch settings.goal {
        case .late(let late): "at most \(percent(late)) of requests late"
        case .budget(let most): "at most \(decimal(most, 2)) times the clairvoyant's instance-hours"
        case .prices: "the least money"
        }
    }

    private func described(_ setting: ChosenSetting) -> String {
        "\(percent(setting.chosenLate)) late at cost \(decimal(setting.chosenCost, 2)), by \(setting.policy)"
    }

    private func onTheRest(_ setting: ChosenSetting) -> String {
        "On the part it was not chosen on, \(setting.policy) had \(share(setting.late)) late at cost "
            + "\(decimal(setting.cost.estimate, 2))\(bounds(setting.cost) { decimal($0, 2) })."
    }

    private func lateness(_ choice: FrontierChoice) -> String {
        choice.lateDifference.map {
            "\(percent(abs($0.estimate))) of all requests late \($0.estimate > 0 ? "beyond" : "less than") its own"
        } ?? "its own lateness"
    }

    private func share(_ interval: Interval) -> String { percent(interval.estimate) + bounds(interval, percent) }

    private func bounds(_ interval: Interval, _ text: (Double) -> String) -> String {
        interval.low < interval.high ? " [\(text(interval.low)) to \(text(interval.high))]" : ""
    }
}

extension Interval {
    fileprivate var negated: Interval { Interval(low: -high, estimate: -estimate, high: -low) }
}

/// With as many decimals as tell it from zero, four at most.
func percent(_ share: Double) -> String {
    let value = 100 * share
    let size = abs(value)
    return decimal(
        value, size == 0 || size >= 9.95 ? 0 : size >= 0.995 ? 1 : size >= 0.0995 ? 2 : size >= 0.00995 ? 3 : 4) + "%"
}

/// A number with `places` decimals.
func decimal(_ value: Double, _ places: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    let scale = (0..<places).reduce(1.0) { scale, _ in scale * 10 }
    let whole = Int((abs(value) * scale).rounded()), unit = Int(scale)
    let sign = value < 0 && whole != 0 ? "-" : ""
    guard places > 0 else { return "\(sign)\(whole)" }
    let fraction = "\(whole % unit)"
    return "\(sign)\(whole / unit)." + String(repeating: "0", count: places - fraction.count) + fraction
}
