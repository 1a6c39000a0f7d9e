import Forecasting
import Kernels
import Series
import Testing
import Units

@Suite struct QuantileNetTests {
    /// A loss that is linear in the outputs, differentiated along a random direction in each layer by itself.
    @Test(arguments: [Float(0), 0.3])
    func gradientsAreThoseOfEveryLayer(dropout: Float) {
        let shape = QuantileNetShape(originFeatures: 5, stepFeatures: 7, levels: 3)
        let blocks = [
            shape.origin, shape.originBias, shape.embedding, shape.embeddingBias, shape.offset, shape.offsetBias,
            shape.step, shape.second, shape.secondBias, shape.output, shape.outputBias,
        ]
        for seed in UInt64(0)..<4 {
            var rng = SplitMix64(seed: seed)
            let probe = GradientProbe(shape: shape, dropout: dropout, rng: &rng)
            let gradient = probe.gradient()
            for (number, block) in blocks.enumerated() {
                var direction = [Float](repeating: 0, count: shape.count)
                for index in block.offset..<block.end { direction[index] = Float(2 * rng.uniform() - 1) }
                let along = zip(gradient, direction).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
                let size = zip(gradient, direction).reduce(0.0) { $0 + abs(Double($1.0) * Double($1.1)) }
                // So short a way that hardly a unit's rectifier turns on it.
                let slope = (probe.loss(moved: direction, by: 5e-4) - probe.loss(moved: direction, by: -5e-4)) / 1e-3
                #expect(abs(slope - along) < 0.02 * size + 1e-3, "layer \(number), seed \(seed)")
            }
        }
    }

    @Test func fewSamplesAreLearntByHeart() {
        var rng = SplitMix64(seed: 1)
        let shape = QuantileNetShape(originFeatures: 4, stepFeatures: 3, levels: 2)
        func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in Float(2 * rng.uniform() - 1) } }
        let lesson = QuantileNetLesson(
            shape: shape, horizon: 2, levels: [0.5, 0.9], originFeatures: numbers(12 * 4),
            stepFeatures: numbers(24 * 3), targets: numbers(24), weights: [Float](repeating: 1, count: 24),
            base: [0, 0, 0, 0], learnt: Array(0..<12), heldOut: Array(0..<12))
        var recipe = QuantileNetRecipe()
        (recipe.epochs, recipe.dropout) = (400, 0)
        var training = QuantileNetTraining(lesson, recipe: recipe, seed: 1)
        let learnt = training.run(lesson)
        let untrained = loss(lesson, [Float](repeating: 0, count: shape.count))
        #expect(loss(lesson, learnt) < 0.15 * untrained)
    }

    private func loss(_ lesson: QuantileNetLesson, _ parameters: [Float]) -> Double {
        var pass = QuantileNetPass(shape: lesson.shape, origins: 12, span: 2)
        pass.origins.load(lesson.originFeatures)
        pass.steps.load(lesson.stepFeatures)
        var random = SplitMix64(seed: 0)
        pass.forward(
            FloatMatrix(rows: 1, columns: parameters.count, elements: parameters), dropout: 0, using: &random)
        return pass.output.setPinballGradient(
            targets: lesson.targets, weights: lesson.weights, levels: lesson.levels)
    }

    /// Each value is a parabola of the one before: no line through it says anything.
    @Test func learnsWhatALineCannot() throws {
        let evaluation = EvaluationProtocol(
            task: ForecastTask(horizon: 1, season: 24, isWeekly: false), origins: 60, stride: 5)
        for seed in UInt64(0)..<2 {
            var rng = SplitMix64(seed: seed), x = 0.3
            let values = (0..<24 * 120).map { _ in
                x = min(max(1 - 2 * x * x + 0.02 * (rng.uniform() - 0.5), -1), 1)
                return 60 + 40 * x
            }
            let series = RegularSeries(start: Timestamp(secondsSinceEpoch: 0), step: 3_600, values: values)
            let once = OnlyOnce(QuantileNet(), rows: 24 * 100)
            let net = Scores(try evaluation.forecasts(of: series, by: once), of: series, under: evaluation)
            let ridge = Scores(try evaluation.forecasts(of: series, by: DirectRidge()), of: series, under: evaluation)
            #expect(net.wql < 0.7 * ridge.wql, "seed \(seed)")
        }
    }

    @Test func manyOriginsAreForecastAsOne() throws {
        let series = days(24 * 30, seed: 3, missing: 0.05), history = KnownDemand(series)
        let task = ForecastTask(horizon: 9, levels: [0.2, 0.5, 0.99], season: 24, isWeekly: true)
        let model = try QuantileNet().fit(history, task: task)
        let origins = [0, 1, 40, 170, 171, 500, 720]
        let single = origins.map { model.forecast(after: history.prefix($0)) }
        #expect(model.forecasts(of: history, at: origins) == single)
    }

    /// Training reads the whole history and a forecast only the newest rows of it: both must see the same.
    @Test func windowsShowWhatTheWholeHistoryDoes() {
        for (season, horizon) in [(24, 48), (48, 48), (96, 12), (288, 24), (1_440, 60), (7, 20)] {
            let task = ForecastTask(horizon: horizon, season: season, isWeekly: true)
            let features = QuantileNetFeatures(task: task, usesWeek: true)
            let rows = days(features.reach + 2 * season + 5, seed: UInt64(season)).values
            let scale = FourthRoot(of: rows), origin = rows.count
            var whole = QuantileNetInputs(), window = QuantileNetInputs()
            features.append(
                QuantileNetRows(rows, scale: scale, season: season), origin: origin, phase: 3, to: &whole)
            let cut = rows.count - features.reach
            features.append(
                QuantileNetRows(Array(rows[cut...]), scale: scale, season: season), origin: features.reach,
                phase: 3 + cut, to: &window)
            #expect(whole.origins.count == features.originCount && whole.steps.count == horizon * features.stepCount)
            #expect(zip(whole.origins, window.origins).allSatisfy { abs($0 - $1) < 1e-4 }, "season \(season)")
            #expect(zip(whole.steps, window.steps).allSatisfy { abs($0 - $1) < 1e-4 }, "season \(season)")
            #expect(zip(whole.ridge, window.ridge).allSatisfy { abs($0 - $1) < 1e-9 }, "season \(season)")
        }
    }

    /// Three blocks of the newer origins, and never by a member that learnt from them: where a step up lies in the newest
    /// block alone, the member that holds it out cannot have expected it.
    @Test func holdsOutWhatItHadNotSeen() throws {
        let history = KnownDemand(days(24 * 60, seed: 5))
        let task = ForecastTask(horizon: 6, season: 24, isWeekly: true)
        let fit = try QuantileNet().fitHoldingOut(history, task: task)
        let origins = fit.heldOut.origins
        #expect(origins.count > 300 && origins.count <= HeldOutForecasts.most)
        #expect(zip(origins, origins.dropFirst()).allSatisfy(<) && origins[0] > 24 * 30)
        #expect((origins.last ?? 0) + 6 <= history.count && origins.last == history.count - 6)
        let start = history.start
        for (origin, forecast) in zip(origins, fit.heldOut.forecasts) {
            #expect(forecast.origin == start.advanced(bySeconds: origin * 3_600) && forecast.horizon == 6)
        }
        #expect(try fit.model.encoded() == QuantileNet().fit(history, task: task).encoded())
    }

    /// Through chains of fits whose history grows and slides by random steps: what a member, or any that it went on from, has
    /// learnt from never overlaps with what it holds out.
    @Test func noMemberGoesOnFromOneThatSawWhatItHoldsOut() {
        var (wentOn, moved, afresh) = (0, 0, 0)
        for seed in UInt64(0)..<60 {
            var rng = SplitMix64(seed: seed)
            let horizon = 1 + Int(rng.next() % 30)
            var (first, end) = (0, 1_000), past: QuantileNetPast?, seen: [Set<Int>] = [[], [], []]
            for _ in 0..<12 {
                let rows = end - first, start = Timestamp(secondsSinceEpoch: 60 * first)
                let history = KnownDemand(
                    RegularSeries(start: start, step: 60, values: [Double](repeating: 1, count: rows)))
                // Some origins are left out, as by gaps and by thinning.
                let origins = (200...rows - horizon).filter { _ in rng.uniform() < 0.7 }
                let cold = QuantileNetPlan(samples: origins.count, members: 3, share: 0.15)
                let warm = past.flatMap {
                    QuantileNetPlan(after: $0, origins: origins, of: history, horizon: horizon, afresh: cold)
                }
                let plan = warm ?? cold, before = seen
                for (number, block) in plan.blocks.enumerated() {
                    func targets(_ origin: Int) -> Range<Int> { first + origin..<first + origin + horizon }
                    let held = Set(block.flatMap { Array(targets(origins[$0])) })
                    let learnt = origins.map(targets).filter { held.isDisjoint(with: $0) }
                    let old = plan.parents.map { before[$0[number]] } ?? []
                    #expect(old.isDisjoint(with: held), "seed \(seed), member \(number)")
                    seen[number] = old.union(learnt.flatMap(Array.init))
                }
                (wentOn, afresh) = (wentOn + (warm == nil ? 0 : 1), afresh + (warm == nil ? 1 : 0))
                moved += plan.parents == [2, 0, 1] ? 1 : 0
                past = plan.past(origins, of: history, horizon: horizon)
                end += Int(rng.next() % UInt64(rows / 3))
                if rng.uniform() < 0.5 { first = max(first, end - 1_400) }
            }
        }
        #expect(wentOn > 100 && moved > 30 && wentOn - moved > 30 && afresh > 80)
    }

    /// A grown history is learnt from where the shorter one's net stood, also by one that was stored; one
    /// that has grown by far more, or was learnt for another task, from nothing.
    @Test func goesOnFromTheLast() throws {
        let task = ForecastTask(horizon: 6, season: 24, isWeekly: true), whole = days(24 * 60, seed: 8)
        let history = KnownDemand(whole), net = QuantileNet()
        let before = try net.fit(KnownDemand(whole, count: 24 * 48), task: task)
        let afresh = try net.fit(history, task: task).encoded()
        let next = try net.fit(history, task: task, from: before)
        #expect(next.encoded() != afresh && next.seed == 0)
        #expect(try net.fit(history, task: task, from: before).encoded() == next.encoded())
        let stored = try ModelCatalogue.decode(before.encoded())
        #expect(try net.fit(history, task: task, from: stored).encoded() == next.encoded())
        let fit = try net.fitHoldingOut(history, task: task, from: before)
        #expect(fit.model.encoded() == next.encoded() && fit.heldOut.origins.last == history.count - 6)

        let other = try net.fit(
            KnownDemand(whole, count: 24 * 48), task: ForecastTask(horizon: 5, season: 24, isWeekly: true))
        let far = try net.fit(KnownDemand(whole, count: 24 * 20), task: task)
        for unlike in [other, far, try DirectRidge().fit(history, task: task)] {
            #expect(try net.fit(history, task: task, from: unlike).encoded() == afresh)
        }
    }

    @Test func saysHowMuchIsNeeded() throws {
        let task = ForecastTask(horizon: 6, season: 24, isWeekly: true)
        let needed = 150 + 100 + 6
        #expect(throws: ForecastError.historyTooShort(rows: needed - 1, needed: needed)) {
            _ = try QuantileNet().fit(KnownDemand(days(needed - 1, seed: 1)), task: task)
        }
        let history = KnownDemand(days(needed, seed: 1))
        #expect(try QuantileNet().fit(history, task: task).forecast(after: history).horizon == 6)
    }

    private func days(_ rows: Int, seed: UInt64, missing: Double = 0) -> RegularSeries {
        var rng = SplitMix64(seed: seed)
        let values = (0..<rows).map { row in
            let value = 60 + 40 * cosineAndSine(turns: Double(row % 24) / 24).sine + 20 * (rng.uniform() - 0.5)
            return rng.uniform() < missing ? .nan : value
        }
        return RegularSeries(start: Timestamp(secondsSinceEpoch: 1_700_006_400), step: 3_600, values: values)
    }
}

/// A net with random inputs and a random linear functional of its outputs.
private struct GradientProbe {
    let shape: QuantileNetShape
    let dropout: Float
    let parameters: [Float], origins: [Float], steps: [Float], functional: [Float]

    init(shape: QuantileNetShape, dropout: Float, rng: inout SplitMix64) {
        (self.shape, self.dropout) = (shape, dropout)
        func numbers(_ count: Int, _ rng: inout SplitMix64) -> [Float] {
            (0..<count).map { _ in Float(2 * rng.uniform() - 1) }
        }
        // Not the initial ones, whose last layer is 0 and so passes no gradient back.
        parameters = numbers(shape.count, &rng).map { 0.3 * $0 }
        origins = numbers(3 * shape.originFeatures, &rng)
        steps = numbers(6 * shape.stepFeatures, &rng)
        functional = numbers(6 * shape.levels, &rng)
    }

    func loss(moved direction: [Float], by size: Float) -> Double {
        var pass = loaded()
        forward(&pass, zip(parameters, direction).map { $0 + size * $1 })
        return zip(pass.output.elements, functional).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }

    func gradient() -> [Float] {
        var pass = loaded(), scratch = QuantileNetScratch(origins: 3, span: 2)
        var gradient = FloatMatrix(zeros: 1, shape.count)
        forward(&pass, parameters)
        pass.output.load(functional)
        pass.backward(
            FloatMatrix(rows: 1, columns: shape.count, elements: parameters), into: &gradient, dropout: dropout,
            scratch: &scratch)
        return gradient.elements
    }

    private func loaded() -> QuantileNetPass {
        var pass = QuantileNetPass(shape: shape, origins: 3, span: 2)
        pass.origins.load(origins)
        pass.steps.load(steps)
        return pass
    }

    private func forward(_ pass: inout QuantileNetPass, _ values: [Float]) {
        // The same seed drops the same units every time.
        var random = SplitMix64(seed: 9)
        pass.forward(FloatMatrix(rows: 1, columns: shape.count, elements: values), dropout: dropout, using: &random)
    }
}

/// Fits on the first rows alone and gives that model ever after: what is tested is learning, not refits.
private struct OnlyOnce: Forecaster {
    let forecaster: any Forecaster
    let rows: Int
    var name: String { forecaster.name }

    init(_ forecaster: any Forecaster, rows: Int) { (self.forecaster, self.rows) = (forecaster, rows) }

    func fit(_ history: KnownDemand, task: ForecastTask) throws(ForecastError) -> any FittedModel {
        try forecaster.fit(history.prefix(rows), task: task)
    }
}
