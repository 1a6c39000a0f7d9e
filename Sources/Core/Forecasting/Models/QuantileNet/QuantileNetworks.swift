import Kernels

/// The members of a model with buffers for forecasting.
///
/// Every origin is computed by itself: a product of more rows would cost less, and might round otherwise, so that a replay
/// would not decide what the daemon does.
struct QuantileNetworks: ~Copyable {
    private let members: [QuantileNetMember]
    private let task: ForecastTask
    private let stepCount: Int
    private var pass: QuantileNetPass
    private var parameters: FloatMatrix, ridge: FloatMatrix, known: FloatMatrix, points: FloatMatrix
    /// Never drawn from: nothing is dropped in a forecast.
    private var random = SplitMix64(seed: 0)

    init(_ members: [QuantileNetMember], shape: QuantileNetShape, task: ForecastTask) {
        (self.members, self.task, stepCount) = (members, task, shape.stepFeatures)
        pass = QuantileNetPass(shape: shape, origins: 1, span: task.horizon)
        let inner = (members.first?.ridge.count ?? 0) / task.horizon
        parameters = FloatMatrix(zeros: 1, shape.count)
        ridge = FloatMatrix(zeros: inner, task.horizon)
        known = FloatMatrix(zeros: 1, inner)
        points = FloatMatrix(zeros: 1, task.horizon)
    }

    /// Of each origin that `inputs` has, horizon × levels in the unit of the series: the mean over the members of each one's
    /// ascending quantiles, none above `cap` and one and a half times the highest of the newest rows.
    mutating func quantiles(_ inputs: inout QuantileNetInputs, scale: FourthRoot, cap: Double) -> [[Double]] {
        let levels = task.levels.count, steps = 0..<task.horizon
        var means = [[Double]](
            repeating: [Double](repeating: 0, count: task.horizon * levels), count: inputs.levels.count)
        let ridgeInputs = inputs.ridge.map { Float($0) }
        for member in members {
            ridge.load(member.ridge)
            parameters.load(member.parameters)
            for origin in means.indices {
                known.gather(ridgeInputs, rows: [origin])
                let points = forward(member, &inputs, origin), output = pass.output.elements
                let limit = max(cap, 1.5 * inputs.highest[origin])
                for step in steps {
                    let centre = Double(points[step]) + inputs.levels[origin]
                    var line = (0..<levels).map { level in
                        min(scale.invert(Double(output[step * levels + level]) * member.unit + centre), limit)
                    }
                    line.sort()
                    for level in 0..<levels {
                        means[origin][step * levels + level] += line[level] / Double(members.count)
                    }
                }
            }
        }
        return means
    }

    /// Leaves the member's quantiles in `pass.output` and returns the points of its ridge. What it knows is loaded.
    private mutating func forward(
        _ member: QuantileNetMember, _ inputs: inout QuantileNetInputs, _ origin: Int
    ) -> [Float] {
        points.setProduct(known, ridge, block: ridge.whole)
        let points = points.elements, rows = Array(origin * task.horizon..<(origin + 1) * task.horizon)
        for (row, point) in zip(rows, points) { inputs.steps[(row + 1) * stepCount - 1] = point }
        pass.origins.gather(inputs.origins, rows: [origin])
        pass.steps.gather(inputs.steps, rows: rows)
        pass.output.load(member.base)
        pass.forward(parameters, dropout: 0, using: &random)
        return points
    }
}
