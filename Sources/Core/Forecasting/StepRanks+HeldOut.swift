import Kernels
package import Series

extension StepRanks {
    /// How the actuals of held-out forecasts came to lie in them; forecasts with a missing actual are left out.
    ///
    /// - Precondition: `history` is what the forecasts were held out of.
    package init(_ heldOut: HeldOutForecasts, of history: KnownDemand, horizon: Int, seed: UInt64 = 1) {
        var random = SplitMix64(seed: seed)
        var positions: [Double] = []
        for (origin, forecast) in zip(heldOut.origins, heldOut.forecasts) where forecast.horizon >= horizon {
            guard origin + horizon <= history.count else { continue }
            for step in 0..<horizon {
                let actual = history[origin + step]
                let place = random.uniform()
                positions.append(
                    actual.isFinite ? forecast.position(of: Demand.bounded(actual), row: step, place) : .nan)
            }
        }
        self.init(positions: positions, horizon: horizon, seed: random.next())
    }
}

extension QuantileForecast {
    /// The level at which `value` lies in row `row`: within the outermost levels linear as `value(row:level:)` is, beyond them
    /// rising towards 0 and 1. Where several levels have that value it is any of theirs, as `place`, within [0, 1), says.
    fileprivate func position(of value: Double, row: Int, _ place: Double) -> Double {
        let own = values[row * levels.count..<(row + 1) * levels.count]
        let atLeast = own.firstIndex { $0 >= value }, atMost = own.lastIndex { $0 <= value }
        guard let atLeast else {
            let top = own[own.endIndex - 1], spread = max(top - own[own.startIndex], 1e-9)
            return 1 - (1 - levels[levels.count - 1]) / (1 + (value - top) / spread)
        }
        guard let atMost else { return levels[0] * (value / max(own[own.startIndex], 1e-300)) }
        let low = min(atLeast, atMost) - own.startIndex, high = max(atLeast, atMost) - own.startIndex
        if atLeast <= atMost {
            let from = low == 0 && high > 0 ? 0 : levels[low]
            return from + place * (levels[high] - from)
        }
        let share = (value - own[atMost]) / (own[atLeast] - own[atMost])
        return levels[low] + share * (levels[high] - levels[low])
    }
}
