/// The fourth root of a count and one: even variance at any height, and a far tail that logarithms would ruin.
enum FourthRoot {
    static func apply(_ y: Double) -> Double { (max(y, 0) + 1).squareRoot().squareRoot() }
    static func invert(_ z: Double) -> Double {
        let positive = max(z, 1)
        return positive * positive * positive * positive - 1
    }
}
