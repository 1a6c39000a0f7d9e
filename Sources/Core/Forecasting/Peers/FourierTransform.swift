import Kernels

package struct Complex: Hashable, Sendable {
    package var real: Double, imaginary: Double

    package init(real: Double, imaginary: Double) { (self.real, self.imaginary) = (real, imaginary) }

    package static func + (a: Self, b: Self) -> Self {
        Self(real: a.real + b.real, imaginary: a.imaginary + b.imaginary)
    }
    package static func * (a: Self, b: Self) -> Self {
        Self(
            real: a.real * b.real - a.imaginary * b.imaginary,
            imaginary: a.real * b.imaginary + a.imaginary * b.real)
    }
    var squared: Double { real * real + imaginary * imaginary }
    var conjugate: Self { Self(real: real, imaginary: -imaginary) }
}

/// The discrete Fourier transform of one length, by its prime factors: O(n × their sum).
package struct FourierTransform: Sendable {
    package let count: Int
    /// The count-th roots of unity, clockwise.
    private let roots: [Complex]

    /// - Precondition: `count` is at least 1.
    package init(count: Int) {
        precondition(count >= 1, "a transform of something")
        self.count = count
        roots = (0..<count).map { row in
            let (cosine, sine) = cosineAndSine(turns: Double(row) / Double(count))
            return Complex(real: cosine, imaginary: -sine)
        }
    }

    package func forward(_ values: [Double]) -> [Complex] { forward(values.map { Complex(real: $0, imaginary: 0) }) }

    /// The real parts of the inverse.
    package func inverseReal(_ spectrum: [Complex]) -> [Double] {
        forward(spectrum.map(\.conjugate)).map { $0.real / Double(count) }
    }

    private func forward(_ values: [Complex]) -> [Complex] {
        precondition(values.count == count, "as many values as the transform is for")
        var output = values
        var terms = [Complex](repeating: Complex(real: 0, imaginary: 0), count: count)
        transform(values, first: 0, stride: 1, into: &output, at: 0, length: count, &terms)
        return output
    }

    private func transform(
        _ input: [Complex], first: Int, stride: Int, into output: inout [Complex], at start: Int, length: Int,
        _ terms: inout [Complex]
    ) {
        guard length > 1 else {
            output[start] = input[first]
            return
        }
        let factor = smallestFactor(length), part = length / factor
        for row in 0..<factor {
            transform(
                input, first: first + row * stride, stride: stride * factor, into: &output, at: start + row * part,
                length: part, &terms)
        }
        let unit = count / length
        for k in 0..<part {
            for row in 0..<factor { terms[row] = output[start + row * part + k] * roots[row * k * unit] }
            for other in 0..<factor {
                var sum = terms[0]
                for row in 1..<factor { sum = sum + terms[row] * roots[row * other % factor * (count / factor)] }
                output[start + other * part + k] = sum
            }
        }
    }
}

private func smallestFactor(_ number: Int) -> Int {
    var factor = 2
    while factor * factor <= number {
        if number % factor == 0 { return factor }
        factor += 1
    }
    return number
}
