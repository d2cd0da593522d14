import Cluster
import CoordinatorNode
import TestSupport
import Testing
import Transport
import Wire

@Suite("CoordinatorNode: messages that wait because their tenant is behind")
struct HeldMessagesTests {
    private var held = HeldMessages()

    private mutating func add(_ number: UInt64, of tenant: String?, peer: UInt8 = 1, bytes: Int = 10) {
        let peer = Peer([peer], tenant: tenant)
        let envelope = Envelope(generation: number, .whoAreYou)
        let sender = MessageChannel.Sender(routingID: peer.bytes, key: nil)
        held.append(.decoded(envelope, from: peer, sender, arrived: .zero), bytes: bytes, of: tenant)
    }

    private mutating func taken(behind: Set<String?> = []) -> [UInt64] {
        var numbers: [UInt64] = []
        while let tenant = held.next(unless: { behind.contains($0) }),
            case .decoded(let envelope, _, _, _)? = held.popFirst(of: tenant)
        {
            numbers.append(envelope.generation)
        }
        return numbers
    }

    @Test("tenants that are not behind take turns, and keep the order of their messages")
    mutating func turns() {
        for number in 1...3 { add(UInt64(number), of: "a") }
        add(10, of: "b")
        add(20, of: nil)
        #expect(held.next { $0 == "a" } != .none)
        #expect(taken(behind: ["a"]) == [10, 20])
        #expect(held.next { $0 == "a" } == .none)
        add(11, of: "b")
        #expect(taken() == [1, 11, 2, 3])
        #expect(held.next { _ in false } == .none)
    }

    @Test("bytes and peers are known while their messages wait")
    mutating func counts() {
        add(1, of: "a", peer: 1, bytes: 5)
        add(2, of: "a", peer: 1, bytes: 7)
        add(3, of: "b", peer: 2, bytes: 11)
        #expect(held.bytes(of: "a") == 12 && held.bytes(of: "b") == 11 && held.bytes(of: nil) == 0)
        #expect(held.contains(Peer([1], owner: "key", tenant: "a")))
        #expect(!held.contains(Peer([3])))
        _ = held.popFirst(of: "a")
        #expect(held.bytes(of: "a") == 7)
        #expect(held.contains(Peer([1])))
        _ = held.popFirst(of: "a")
        #expect(held.bytes(of: "a") == 0)
        #expect(!held.contains(Peer([1])))
        #expect(held.contains(Peer([2])))
    }
}
