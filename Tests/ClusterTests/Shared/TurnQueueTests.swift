import Cluster
import Testing

@Suite("Cluster: a queue of which owners take turns")
struct TurnQueueTests {
    @Test("one owner's many elements delay another's by one; those of an owner keep their order")
    func turns() {
        var queue = TurnQueue<String?, Int>()
        for number in 0..<5 { queue.append(number, of: "a") }
        queue.append(100, of: nil)
        queue.append(101, of: nil)
        #expect(queue.popFirst() == 0)
        queue.append(200, of: "b")
        var order: [Int] = []
        while let next = queue.popFirst() { order.append(next) }
        #expect(order == [100, 1, 200, 101, 2, 3, 4])
        #expect(queue.isEmpty && queue.popFirst() == nil)
    }

    @Test("an owner that is throttled is passed over, and has its turn when it is not any more")
    func throttled() {
        var queue = TurnQueue<String, Int>()
        for number in 0..<3 { queue.append(number, of: "a") }
        queue.append(10, of: "b")
        let isThrottled = { (owner: String) in owner == "a" }
        #expect(queue.hasNext(unless: isThrottled) && queue.popFirst(unless: isThrottled) == 10)
        #expect(!queue.hasNext(unless: isThrottled) && queue.popFirst(unless: isThrottled) == nil && !queue.isEmpty)
        queue.append(11, of: "b")
        #expect([queue.popFirst(), queue.popFirst(), queue.popFirst(), queue.popFirst()] == [0, 11, 1, 2])
    }

    @Test("an owner whose last element was taken comes back behind the others")
    func comesBack() {
        var queue = TurnQueue<String, Int>()
        queue.append(1, of: "a")
        queue.append(10, of: "b")
        queue.append(11, of: "b")
        #expect(queue.popFirst() == 1)
        queue.append(2, of: "a")
        #expect([queue.popFirst(), queue.popFirst(), queue.popFirst()] == [10, 2, 11])
    }
}
