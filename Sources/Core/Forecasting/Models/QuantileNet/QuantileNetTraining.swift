import Kernels

/// What a training run is given: inputs, targets and weights of all samples, and which are learnt from and held out.
package struct QuantileNetLesson {
    package let shape: QuantileNetShape
    package let horizon: Int
    package let levels: [Float]
    package let originFeatures: [Float], stepFeatures: [Float]
    /// Origins × horizon.
    package let targets: [Float], weights: [Float]
    /// Horizon × levels.
    package let base: [Float]
    package let learnt: [Int], heldOut: [Int]

    package init(
        shape: QuantileNetShape, horizon: Int, levels: [Float], originFeatures: [Float], stepFeatures: [Float],
        targets: [Float], weights: [Float], base: [Float], learnt: [Int], heldOut: [Int]
    ) {
        (self.shape, self.horizon, self.levels, self.base) = (shape, horizon, levels, base)
        (self.originFeatures, self.stepFeatures) = (originFeatures, stepFeatures)
        (self.targets, self.weights, self.learnt, self.heldOut) = (targets, weights, learnt, heldOut)
    }
}

/// How a quantile net is trained; chosen on the entries of the protocol file (docs/benchmarks.md).
package struct QuantileNetRecipe: Hashable, Sendable {
    package var epochs = 8
    package var batchOrigins = 64
    /// Random steps of each origin in a batch: neighbouring steps are alike, and this many teach as much as all.
    package var batchSteps = 8
    package var rate = 2e-3
    package var weightDecay: Float = 1e-3
    package var dropout: Float = 0.1

    package init() {}

    /// Where a network goes on from another that had learnt most of the same.
    package static let goingOn: QuantileNetRecipe = {
        var recipe = QuantileNetRecipe()
        (recipe.epochs, recipe.rate) = (2, 1e-3)
        return recipe
    }()
}

/// Trains one network by stochastic gradient descent; after the set-up nothing is allocated but a shuffled list an epoch.
package struct QuantileNetTraining: ~Copyable {
    /// Samples held out that a loss is about the mean of: neighbours are alike.
    private static let heldOutRead = 400

    private let recipe: QuantileNetRecipe
    private var random: SplitMix64
    private var parameters: FloatMatrix, gradient: FloatMatrix, best: FloatMatrix
    private let isGoingOn: Bool
    private var optimiser: AdamW
    private var pass: QuantileNetPass, scratch: QuantileNetScratch
    private var origins: [Int] = [], rows: [Int] = [], steps: [Int] = []
    private var targets: [Float] = [], weights: [Float] = []

    /// Begins with the parameters `start`, or with random ones.
    package init(
        _ lesson: borrowing QuantileNetLesson, recipe: QuantileNetRecipe, seed: UInt64, from start: [Float]? = nil
    ) {
        (self.recipe, isGoingOn) = (recipe, start != nil)
        var random = SplitMix64(seed: seed)
        let count = lesson.shape.count
        let initial = lesson.shape.initialParameters(using: &random)
        parameters = FloatMatrix(rows: 1, columns: count, elements: start ?? initial)
        self.random = random
        gradient = FloatMatrix(zeros: 1, count)
        best = FloatMatrix(zeros: 1, count)
        optimiser = AdamW(count: count, weightDecay: recipe.weightDecay)
        let span = min(recipe.batchSteps, lesson.horizon)
        pass = QuantileNetPass(shape: lesson.shape, origins: recipe.batchOrigins, span: span)
        scratch = QuantileNetScratch(origins: recipe.batchOrigins, span: span)
        origins.reserveCapacity(recipe.batchOrigins)
        rows.reserveCapacity(recipe.batchOrigins * span)
        steps.reserveCapacity(recipe.batchOrigins * span)
        targets.reserveCapacity(recipe.batchOrigins * span)
        weights.reserveCapacity(recipe.batchOrigins * span)
    }

    /// The parameters of the epoch after which the held-out samples were forecast best; those it began with where they had
    /// been learnt and no epoch betters them.
    ///
    /// Complexity: O(epochs × origins × steps × parameters of a step), two thirds of it the way back.
    package mutating func run(_ lesson: borrowing QuantileNetLesson) -> [Float] {
        var order = lesson.learnt
        let size = min(recipe.batchOrigins, order.count), batches = order.count / size
        let cycle = OneCycle(highest: recipe.rate, steps: batches * recipe.epochs + 1)
        var lowest = isGoingOn ? heldOutLoss(lesson) : .infinity
        best.copy(parameters)
        for epoch in 0..<recipe.epochs {
            shuffle(&order)
            for batch in 0..<batches {
                learn(lesson, order[batch * size..<(batch + 1) * size], cycle(epoch * batches + batch))
            }
            let loss = heldOutLoss(lesson)
            if loss < lowest {
                lowest = loss
                best.copy(parameters)
            }
        }
        return best.elements
    }

    private mutating func shuffle(_ order: inout [Int]) {
        for last in stride(from: order.count - 1, to: 0, by: -1) {
            order.swapAt(last, Int(random.next() % UInt64(last + 1)))
        }
    }

    private mutating func learn(
        _ lesson: borrowing QuantileNetLesson, _ numbers: ArraySlice<Int>, _ pace: (rate: Float, momentum: Float)
    ) {
        clear()
        for number in numbers {
            origins.append(number)
            for step in 0..<pass.span {
                let isAll = pass.span == lesson.horizon
                add(lesson, number, step: isAll ? step : Int(random.next() % UInt64(lesson.horizon)))
            }
        }
        load(lesson)
        pass.forward(parameters, dropout: recipe.dropout, using: &random)
        _ = pass.output.setPinballGradient(targets: targets, weights: weights, levels: lesson.levels)
        pass.backward(parameters, into: &gradient, dropout: recipe.dropout, scratch: &scratch)
        optimiser.step(&parameters, gradient: gradient, rate: pace.rate, momentum: pace.momentum)
    }

    /// The mean loss of some of the samples held out, at evenly spread steps of each.
    private mutating func heldOutLoss(_ lesson: borrowing QuantileNetLesson) -> Double {
        var (sum, cells) = (0.0, 0)
        let every = max(1, lesson.heldOut.count / Self.heldOutRead)
        let read = Swift.stride(from: 0, to: lesson.heldOut.count, by: every).map { lesson.heldOut[$0] }
        for start in stride(from: 0, to: read.count, by: recipe.batchOrigins) {
            clear()
            for number in read[start..<min(start + recipe.batchOrigins, read.count)] {
                origins.append(number)
                for place in 0..<pass.span {
                    add(lesson, number, step: (number + place * lesson.horizon / pass.span) % lesson.horizon)
                }
            }
            load(lesson)
            pass.forward(parameters, dropout: 0, using: &random)
            let count = pass.output.count
            sum +=
                pass.output.setPinballGradient(targets: targets, weights: weights, levels: lesson.levels)
                * Double(count)
            cells += count
        }
        return sum / Double(max(1, cells))
    }

    private mutating func clear() {
        origins.removeAll(keepingCapacity: true)
        rows.removeAll(keepingCapacity: true)
        steps.removeAll(keepingCapacity: true)
        targets.removeAll(keepingCapacity: true)
        weights.removeAll(keepingCapacity: true)
    }

    private mutating func add(_ lesson: borrowing QuantileNetLesson, _ number: Int, step: Int) {
        let row = number * lesson.horizon + step
        rows.append(row)
        steps.append(step)
        targets.append(lesson.targets[row])
        weights.append(lesson.weights[row])
    }

    private mutating func load(_ lesson: borrowing QuantileNetLesson) {
        pass.origins.gather(lesson.originFeatures, rows: origins)
        pass.steps.gather(lesson.stepFeatures, rows: rows)
        pass.output.gather(lesson.base, rows: steps)
    }
}
