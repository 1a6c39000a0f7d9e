import Demo
import Kernels
import TestSupport
import Testing

@Suite struct SlotQueueTests {
    @Test func waitersAreServedFirstComeFirstServed() async throws {
        let queue = SlotQueue(slots: 1, bound: 100)
        let order = Shared<[Int]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<20 {
                group.addTask {
                    let endpoint = try await queue.acquire()
                    order.update { $0.append(number) }
                    queue.release(endpoint)
                }
                #expect(await eventually { queue.waiting == number + 1 })
            }
            queue.update(endpoints: ["a"])
            try await group.waitForAll()
        }
        #expect(order.value == Array(0..<20))
        #expect(queue.arrivals == 20)
    }

    @Test func noEndpointHasMoreThanItsSlots() async throws {
        for seed in UInt64(0)..<20 {
            let slots = Int(seed % 3) + 1
            let queue = SlotQueue(slots: slots, bound: 1_000)
            let worst = Shared(0)
            let busy = Shared<[String: Int]>([:])
            queue.update(endpoints: ["a", "b"])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<200 {
                    group.addTask {
                        let endpoint = try await queue.acquire()
                        let count = busy.update { busy in
                            busy[endpoint, default: 0] += 1
                            return busy[endpoint, default: 0]
                        }
                        worst.update { $0 = max($0, count) }
                        await Task.yield()
                        busy.update { $0[endpoint, default: 0] -= 1 }
                        queue.release(endpoint)
                    }
                }
                var rng = SplitMix64(seed: seed)
                for _ in 0..<10 {
                    await Task.yield()
                    queue.update(endpoints: [["a"], ["b"], ["a", "b"], ["c", "a"]][Int(rng.next() % 4)])
                }
                queue.update(endpoints: ["a", "b", "c"])
                try await group.waitForAll()
            }
            #expect(worst.value <= slots, "seed \(seed)")
            #expect(queue.waiting == 0 && queue.arrivals == 200, "seed \(seed)")
        }
    }

    @Test func theLeastBusyEndpointIsTakenAndTheFirstOfEquals() async throws {
        let queue = SlotQueue(slots: 2, bound: 0)
        queue.update(endpoints: ["a", "b"])
        var taken: [String] = []
        for _ in 0..<4 { taken.append(try await queue.acquire()) }
        #expect(taken == ["a", "b", "a", "b"])
        queue.release("b")
        #expect(try await queue.acquire() == "b")
    }

    @Test func beyondTheBoundIsRefused() async throws {
        let queue = SlotQueue(slots: 1, bound: 2)
        await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 { group.addTask { _ = try? await queue.acquire() } }
            #expect(await eventually { queue.waiting == 2 })
            await #expect(throws: SlotQueue.Full()) { try await queue.acquire() }
            #expect(queue.waiting == 2 && queue.arrivals == 3)
            group.cancelAll()
        }
    }

    @Test func aCancelledWaiterLeavesTheQueue() async throws {
        let queue = SlotQueue(slots: 1, bound: 10)
        await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<5 {
                group.addTask {
                    do {
                        _ = try await queue.acquire()
                        return false
                    } catch { return error is CancellationError }
                }
            }
            #expect(await eventually { queue.waiting == 5 })
            group.cancelAll()
            for await wasCancelled in group { #expect(wasCancelled) }
        }
        #expect(queue.waiting == 0)
        queue.update(endpoints: ["a"])
        #expect(try await queue.acquire() == "a", "a slot was given to a waiter that had left")
    }

    @Test func aRetryGoesFirstAndIsNoNewRequest() async throws {
        let queue = SlotQueue(slots: 1, bound: 10)
        let order = Shared<[String]>([])
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (count, name) in ["first", "second", "retry"].enumerated() {
                group.addTask {
                    let endpoint = try await queue.acquire(isRetry: name == "retry")
                    order.update { $0.append(name) }
                    queue.release(endpoint)
                }
                #expect(await eventually { queue.waiting == count + 1 })
            }
            queue.update(endpoints: ["a"])
            try await group.waitForAll()
        }
        #expect(order.value == ["retry", "first", "second"])
        #expect(queue.arrivals == 2)
    }

    @Test func aFailedEndpointIsPassedOverForAWhile() async throws {
        let queue = SlotQueue(slots: 4, bound: 0)
        queue.update(endpoints: ["a", "b"])
        queue.avoid("a")
        #expect(try await queue.acquire() == "b")
        #expect(try await queue.acquire() == "b")
        for _ in 0..<4 { queue.update(endpoints: ["a", "b"]) }
        #expect(try await queue.acquire() == "a")
    }
}
