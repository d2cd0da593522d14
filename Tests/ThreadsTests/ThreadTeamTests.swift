import Foundation
import Synchronization
import Testing
import Threads

@Suite("ThreadTeam: barriers")
struct ThreadTeamTests {
    @Test("no member passes a barrier before all have arrived, round after round", arguments: [1, 2, 5])
    func barriers(count: Int) {
        let rounds = 200
        let sums = Mutex([Int](repeating: 0, count: count))
        ThreadTeam.run(count) { member, team in
            for round in 0..<rounds {
                sums.withLock { $0[member] += 1 }
                guard team.barrier() else { return }
                // Every member has added once, none has added again.
                let seen = sums.withLock { $0 }
                #expect(seen == [Int](repeating: round + 1, count: count))
                guard team.barrier() else { return }
            }
        }
        #expect(sums.withLock { $0 } == [Int](repeating: rounds, count: count))
    }

    @Test("members of a cancelled team do not wait", arguments: [2, 5])
    func cancels(count: Int) {
        let passed = Mutex([Bool?](repeating: nil, count: count))
        ThreadTeam.run(count) { member, team in
            if member == count - 1 { return team.cancel() }
            let isWhole = team.barrier()
            passed.withLock { $0[member] = isWhole }
        }
        #expect(passed.withLock { $0 } == [Bool?](repeating: false, count: count - 1) + [nil])
    }

    @Test("every thread of a team is set up before its part")
    func setUp() {
        let calls = Mutex(0)
        ThreadTeam.run(3, setUp: { calls.withLock { $0 += 1 } }) { _, team in
            guard team.barrier() else { return }
            #expect(calls.withLock { $0 } == 3)
        }
    }

    @Test("each thread that is started has a name, which top shows")
    func names() {
        let names = Mutex<Set<String>>([])
        ThreadTeam.run(3) { member, _ in
            guard member > 0 else { return }
            let name = try? String(contentsOfFile: "/proc/thread-self/comm", encoding: .utf8)
            names.withLock { _ = $0.insert(name?.trimmingCharacters(in: .whitespacesAndNewlines) ?? "none") }
        }
        #expect(names.withLock { $0 } == ["team 1", "team 2"])
    }
}
