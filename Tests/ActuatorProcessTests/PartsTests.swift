import ActuatorProcess
import ConformanceKit
import Glibc
import Ports
import Testing
import Units

@Suite struct BackOffTests {
    @Test func doublesUpToItsLimitAndStartsAgain() {
        var backOff = BackOff(0.5...3)
        #expect((0..<5).map { _ in backOff.next() } == [0.5, 1, 2, 3, 3])
        backOff.reset()
        #expect(backOff.next() == 0.5)
    }
}

@Suite struct OutputTailTests {
    /// Whatever the pieces, the tail is that of the whole, from the beginning of a line.
    @Test func keepsTheLastLinesOfAnyPieces() {
        let whole = Array((0..<200).map { "line \($0)\n" }.joined().utf8)
        for size in 1...150 {
            var tail = OutputTail(limit: 50)
            for start in stride(from: 0, to: whole.count, by: size) {
                tail.append(whole[start..<min(start + size, whole.count)])
            }
            #expect(tail.text == "line 195\nline 196\nline 197\nline 198\nline 199", "pieces of \(size)")
        }
    }

    @Test func shortOutputIsKeptWhole() {
        var tail = OutputTail(limit: 50)
        #expect(tail.text == "")
        tail.append("first\nsecond\n\n".utf8)
        #expect(tail.text == "first\nsecond")
    }

    @Test func aLineLongerThanTheLimitLosesItsBeginning() {
        var tail = OutputTail(limit: 4)
        tail.append("abcdefgh\n".utf8)
        #expect(tail.text == "fgh")
    }
}

@Suite struct PortPoolTests {
    @Test func givesEachPortOnceAndInTurn() {
        var pool = PortPool()
        let range: ClosedRange<UInt16> = 31880...31883
        #expect((0..<5).map { _ in pool.take(from: range) } == [31880, 31881, 31882, 31883, nil])
        pool.release(31881)
        pool.release(31882)
        #expect((0..<3).map { _ in pool.take(from: range) } == [31881, 31882, nil])
    }

    /// A freed port is not given out at once again.
    @Test func aFreedPortGoesToTheBack() {
        var pool = PortPool(), given: [UInt16] = []
        for _ in 0..<6 {
            guard let port = pool.take(from: 31884...31886) else { break }
            pool.release(port)
            given.append(port)
        }
        #expect(given == [31884, 31885, 31886, 31884, 31885, 31886])
    }
}

/// The kit must be able to find something.
@Suite struct ActuatorConformanceTests {
    /// Takes everything, does nothing.
    private struct IdleActuator: Actuator {
        let name = "idle"
        func observe(_ workload: WorkloadID) async throws(ActuatorError) -> InstanceReport {
            InstanceReport(desired: 7, instances: [], startupSeconds: [])
        }
        func scale(_ workload: WorkloadID, to desired: Int) async throws(ActuatorError) {}
    }

    @Test func findsWhatAnIdleActuatorOwes() async throws {
        let (a, b) = (try #require(WorkloadID("a")), try #require(WorkloadID("b")))
        let kit = ActuatorConformance(IdleActuator(), workload: a, unknown: b, deadline: .milliseconds(1))
        let failed = Set(await kit.findings().compactMap { $0.split(separator: ":").first })
        #expect(
            failed == [
                "starts empty", "refuses an unknown workload", "refuses an impossible count",
                "takes on a count at once",
                "is idempotent", "gets instances ready", "measures start-ups", "cuts the youngest", "grows again",
            ])
    }
}
